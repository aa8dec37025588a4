"""Which documents are executed: whatever is sent, or only what was registered."""

from enum import StrEnum


class TrustedDocuments(StrEnum):
    """What becomes of documents that are not registered: nothing, or it is reported, or they are refused."""

    OFF = "off"
    REPORT = "report"
    ENFORCE = "enforce"
