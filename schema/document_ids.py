"""The id by which a request names its document: `documentId` (GraphQL over HTTP, Appendix A), or Apollo's extension."""

import re
from collections.abc import Mapping
from typing import Any

from schema.problems import ProblemError

_ID = re.compile(r"[!-~]{1,128}")
_SHA256 = "sha256:"
_VERSION = 1


def of(parameters: Mapping[str, Any]) -> str | None:
    """Return the id without the prefix of a hash, None if there is none; raise `ProblemError` for a malformed one."""
    given = parameters.get("documentId")
    extended = _of_extension(parameters.get("extensions"))
    if given is not None and extended is not None:
        raise ProblemError(400, "Give the parameter documentId or the extension persistedQuery, not both.")
    if given is None and extended is None:
        return None
    found = extended if given is None else given
    if not isinstance(found, str) or not is_id(plain(found)):
        raise ProblemError(400, "The id of a document is a string of 1 to 128 characters, without spaces.")
    return plain(found)


def plain(document_id: str) -> str:
    """Return an id without the prefix that says that it is a hash."""
    return document_id.removeprefix(_SHA256)


def is_id(document_id: str) -> bool:
    """Tell whether something has the form of an id."""
    return _ID.fullmatch(document_id) is not None


def _of_extension(extensions: object) -> object:
    """Return the hash of Apollo's protocol, by which it also sends ids of manifests."""
    extension = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if extension is None:
        return None
    if not isinstance(extension, dict) or extension.get("version") != _VERSION or "sha256Hash" not in extension:
        raise ProblemError(400, f"The extension persistedQuery has version {_VERSION} and a sha256Hash.")
    return extension["sha256Hash"]
