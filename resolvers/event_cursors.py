"""Cursors of subscriptions: a place in the history of an organization's events, opaque to clients."""

import base64
import binascii
import re
from dataclasses import dataclass

import orjson

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from storage.events import EventKind

_MAX_LENGTH = 2000
_TOKEN = re.compile(r"(?:[0-9A-Fa-f]{2}){1,600}")
_ID = re.compile(r"[0-9a-f]{24}")
_MAX_CHANGES = 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind the event of this token, or within it: behind the change of this number, of the event of this id."""

    token: str
    event_id: str | None = None
    change: int = 0


def encode(kind: EventKind, organization_id: OrganizationId, cursor: Cursor) -> str:
    """Return a cursor as clients get it."""
    parts = [kind.value, organization_id, cursor.token]
    within = [] if cursor.event_id is None else [cursor.event_id, cursor.change]
    return base64.urlsafe_b64encode(orjson.dumps([*parts, *within])).decode().rstrip("=")


def decode(kind: EventKind, organization_id: OrganizationId, given: str) -> Cursor:
    """Return what a cursor says; raise `BadRequestError` if it is none of these events of this organization."""
    try:
        encoded = given if len(given) <= _MAX_LENGTH else ""
        found = orjson.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
        found_kind, found_organization, token, *within = found
        event_id, change = within or (None, 0)
    except (ValueError, TypeError, binascii.Error):
        raise _not_a_cursor() from None
    if [found_kind, found_organization] != [kind.value, organization_id] or not _well_formed(token, event_id, change):
        raise _not_a_cursor()
    return Cursor(token, event_id, change)


def _well_formed(token: object, event_id: object, change: object) -> bool:
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        return False
    if type(change) is not int or not 0 <= change < _MAX_CHANGES:
        return False
    return event_id is None or (isinstance(event_id, str) and _ID.fullmatch(event_id) is not None)


def _not_a_cursor() -> BadRequestError:
    return BadRequestError("This is not a cursor of this subscription.")
