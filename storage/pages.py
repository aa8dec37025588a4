"""Keyset pagination: a page starts behind the key of the last record seen, at equal cost at any depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from storage.database import Document

_T = TypeVar("_T")

Key = tuple[str | int | datetime, str]
"""The value of the field that a page is ordered by, and the id that decides between equal ones."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Up to `limit` records after and before the given keys; `backwards` takes them from the far end."""

    limit: int
    after: Key | None = None
    before: Key | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Records in the order asked for, and whether there are more on either side."""

    items: Sequence[_T]
    has_next: bool
    has_previous: bool


def bounds(field: str, page: PageRequest, *, descending: bool) -> list[Document]:
    """Return the conditions that keep a query between the page's keys, each one range of an index."""
    beyond, within = ("$lt", "$gt") if descending else ("$gt", "$lt")
    conditions = []
    if page.after is not None:
        conditions.append(_bound(field, page.after, beyond))
    if page.before is not None:
        conditions.append(_bound(field, page.before, within))
    return conditions


def sort(field: str, page: PageRequest, *, descending: bool) -> list[tuple[str, int]]:
    """Return the sort order in which the page is to be read."""
    direction = -1 if descending != page.backwards else 1
    return [(field, direction), ("_id", direction)]


def cut(items: Sequence[_T], page: PageRequest) -> Page[_T]:
    """Make a page of up to `limit + 1` records that were read in the order of `sort`."""
    more = len(items) > page.limit
    items = items[: page.limit]
    if page.backwards:
        return Page(items[::-1], has_next=page.before is not None, has_previous=more)
    return Page(items, has_next=more, has_previous=page.after is not None)


def _bound(field: str, key: Key, operator: str) -> Document:
    value, record_id = key
    return {
        field: {f"{operator}e": value},
        "$or": [{field: {operator: value}}, {"_id": {operator: record_id}}],
    }
