"""Cursors of subscriptions: read back as given, and refused where they do not belong."""

import base64
import json

import pytest

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from resolvers import event_cursors
from resolvers.event_cursors import Cursor
from storage.events import EventKind

ACME, OTHER = OrganizationId("a" * 24), OrganizationId("b" * 24)
DOCUMENTS = EventKind.DOCUMENTS


@pytest.mark.parametrize("cursor", [Cursor("82ab"), Cursor("82AB" * 300), Cursor("82ab", "c" * 24, 99)])
def test_cursors_are_read_back(cursor: Cursor) -> None:
    """Behind an event, and within one."""
    assert event_cursors.decode(DOCUMENTS, ACME, event_cursors.encode(DOCUMENTS, ACME, cursor)) == cursor


def encoded(*parts: object) -> str:
    """Return a cursor that says this."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "ü",
        "A" * 3000,
        encoded(),
        encoded("ACT", ACME, "82ab"),
        encoded("DOCUMENTS", OTHER, "82ab"),
        encoded("DOCUMENTS", ACME, "82a"),
        encoded("DOCUMENTS", ACME, "xyzt"),
        encoded("DOCUMENTS", ACME, ""),
        encoded("DOCUMENTS", ACME, ["82ab"]),
        encoded("DOCUMENTS", ACME, "82" * 601),
        encoded("DOCUMENTS", ACME, "82ab", "c" * 24),
        encoded("DOCUMENTS", ACME, "82ab", "c" * 24, -1),
        encoded("DOCUMENTS", ACME, "82ab", "c" * 24, 1000),
        encoded("DOCUMENTS", ACME, "82ab", "c" * 24, 1.5),
        encoded("DOCUMENTS", ACME, "82ab", {"$ne": 1}, 0),
        encoded("DOCUMENTS", ACME, "82ab", "c" * 24, 0, 0),
        base64.urlsafe_b64encode(b'{"DOCUMENTS": 1}').decode(),
        base64.urlsafe_b64encode(b"1").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """Of another subscription, of another organization, or of nowhere."""
    with pytest.raises(BadRequestError, match="not a cursor"):
        event_cursors.decode(DOCUMENTS, ACME, cursor)
