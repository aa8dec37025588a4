"""Connections (Relay's convention) with keyset cursors.

A cursor names the order that it belongs to and the key of the record it stands at, so it stays right when records are
added or removed, costs the same at any depth, and is refused when it is used with another order.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar

import orjson
import strawberry
from strawberry.relay import PageInfo

from auth.errors import BadRequestError
from storage.pages import Key, Page, PageRequest

DEFAULT_SIZE = 20
MAX_SIZE = 100
_MAX_CURSOR_LENGTH = 12_000
_MAX_NUMBER = 2**63 - 1

First = Annotated[int | None, strawberry.argument(description="How many to return from the start: 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Return what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many to return from the end: 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Return what comes before this cursor.")]


@strawberry.enum(description="A direction of order.")
class OrderDirection(Enum):
    """Which end comes first."""

    ASC = strawberry.enum_value("ASC", description="From the least to the greatest.")
    DESC = strawberry.enum_value("DESC", description="From the greatest to the least.")


_R = TypeVar("_R")
_C = TypeVar("_C")


def page_request(
    order: str, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> PageRequest:
    """Return what a connection's arguments ask for; raise `BadRequestError` if they make no sense."""
    if first is not None and last is not None:
        raise BadRequestError("Give first or last, not both.")
    limit = first if last is None else last
    if limit is not None and not 1 <= limit <= MAX_SIZE:
        raise BadRequestError(f"first and last are 1 to {MAX_SIZE}.")
    return PageRequest(
        limit=DEFAULT_SIZE if limit is None else limit,
        after=None if after is None else _decode(order, after),
        before=None if before is None else _decode(order, before),
        backwards=last is not None,
    )


def connect(
    connection: Callable[..., _C],
    edge: Callable[..., object],
    page: Page[_R],
    order: str,
    key: Callable[[_R], Key],
    show: Callable[[_R], object],
) -> _C:
    """Return a page of records as a connection: `key` is a record's place in the order, `show` makes its node."""
    cursors = [_encode(order, key(record)) for record in page.items]
    edges = [edge(cursor=cursor, node=show(record)) for cursor, record in zip(cursors, page.items, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
    return connection(edges=edges, page_info=info)


def _encode(order: str, key: Key) -> str:
    value, record_id = key
    kind, text = (
        ("t", value.isoformat()) if isinstance(value, datetime) else ("s" if isinstance(value, str) else "i", value)
    )
    return base64.urlsafe_b64encode(orjson.dumps([order, kind, text, record_id])).decode().rstrip("=")


_READ: Mapping[str, Callable[[Any], str | int | datetime]] = {
    "t": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "s": str,
    "i": lambda number: max(min(int(number), _MAX_NUMBER), -_MAX_NUMBER),
}


def _decode(order: str, cursor: str) -> Key:
    try:
        encoded = cursor if len(cursor) <= _MAX_CURSOR_LENGTH else ""
        found, kind, text, record_id = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        key = _READ[kind](text), str(record_id)
    except (ValueError, TypeError, KeyError, OverflowError, binascii.Error):
        found = None
    if found != order:
        raise BadRequestError("This is not a cursor of this connection in this order.")
    return key
