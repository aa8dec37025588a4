"""Keyset pagination: a page starts behind the key of the last record seen, at equal cost at any depth."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from storage.database import Collection, Document

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


def stages(conditions: Sequence[Document], field: str, page: PageRequest, *, descending: bool) -> list[Document]:
    """Return the aggregation of what meets all conditions, and of it the page and one record more, in its order.

    MongoDB makes one filter of the stages, and of that one range of an index. The embedded database looks at the first
    one alone: it uses no index for an `$or`, and behind an equality it leaves out what equals the end of a range.
    """
    beyond, within = ("$lt", "$gt") if descending else ("$gt", "$lt")
    keys = [(key, operator) for key, operator in ((page.after, beyond), (page.before, within)) if key is not None]
    ranges = [{field: {f"{operator}e": value}} for (value, _), operator in keys]
    ties = [{"$or": [{field: {operator: value}}, {"_id": {operator: one}}]} for (value, one), operator in keys]
    equality = any(not isinstance(value, Mapping) for condition in conditions for value in condition.values())
    filters = [*_merged(conditions), *ranges] if equality else _merged([*ranges, *conditions])
    order = dict(sort(field, page, descending=descending))
    return [*({"$match": one} for one in [*filters, *ties]), {"$sort": order}, {"$limit": page.limit + 1}]


def sort(field: str, page: PageRequest, *, descending: bool) -> list[tuple[str, int]]:
    """Return the sort order in which the page is to be read."""
    direction = -1 if descending != page.backwards else 1
    return [(field, direction), ("_id", direction)]


async def read(
    collection: Collection, stages: Sequence[Document], page: PageRequest, from_document: Callable[[Document], _T]
) -> Page[_T]:
    """Read a page by its `stages`."""
    found = await collection.aggregate(stages).to_list(page.limit + 1)
    return cut([from_document(document) for document in found], page)


def cut(items: Sequence[_T], page: PageRequest) -> Page[_T]:
    """Make a page of up to `limit + 1` records that were read by `stages`."""
    more = len(items) > page.limit
    items = items[: page.limit]
    if page.backwards:
        return Page(items[::-1], has_next=page.before is not None, has_previous=more)
    return Page(items, has_next=more, has_previous=page.after is not None)


def _merged(conditions: Iterable[Document]) -> list[Document]:
    """Return as few filters as these conditions can stand in, most of them in the first."""
    first: Document = {}
    others = []
    for condition in conditions:
        if first.keys().isdisjoint(condition):
            first |= condition
        else:
            others.append(condition)
    return [first, *others]
