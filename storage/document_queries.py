"""Queries for pages of documents: each a sequence of commands that read one range of one index, in its order.

The database compares values of one type only, so a page that is ordered by a field is read type by type; within a type
the place of a cursor lies between two ranges: equal values with further ids, and further values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage import document_json
from storage.database import Document
from storage.document_values import ValueClass, class_of, comparable, minimum
from storage.pages import Key, PageRequest
from storage.tenant_stores import TenantStore

_BEFORE_IDS, _BEYOND_IDS = "0", "g"
"""Our ids are between these two; the documents of others need not be."""


class Position(NamedTuple):
    """A place among the values of a field and, among the documents of one value, among their ids."""

    value: Any
    id: str

    @property
    def order(self) -> tuple[Any, str]:
        """What positions of one class are compared by."""
        return comparable(self.value), self.id


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values of one class between two positions; None is no bound."""

    value_class: ValueClass
    low: Position | None = None
    high: Position | None = None


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """Which documents, in which order: `order` is a field, or None for that of creation."""

    type: str | None = None
    equals: Mapping[str, object] = field(default_factory=dict)
    order: str | None = None
    range: ValueRange | None = None
    descending: bool = False


class Segment(NamedTuple):
    """One range of an index: the condition on the field of the order, if there is one, and the ids between two."""

    condition: Any
    low_id: str = _BEFORE_IDS
    high_id: str = _BEYOND_IDS


def before(value: object) -> Position:
    """Return the position before all documents with this value."""
    return Position(value, _BEFORE_IDS)


def behind(value: object) -> Position:
    """Return the position behind all documents with this value."""
    return Position(value, _BEYOND_IDS)


def segments(query: DocumentQuery, page: PageRequest) -> list[Segment]:
    """Return what is to be read, one after the other, for a page. Raises `document_json.UnstorableError`."""
    low, high = (page.before, page.after) if query.descending else (page.after, page.before)
    if query.order is None:
        return [Segment(None, low[1] if low else _BEFORE_IDS, high[1] if high else _BEYOND_IDS)]
    found = list(_ascending(query.range, _position(low), _position(high)))
    return found[::-1] if reads_downwards(query, page) else found


def reads_downwards(query: DocumentQuery, page: PageRequest) -> bool:
    """Tell whether a page is read from the greatest to the least."""
    return query.descending != page.backwards


def criteria(store: TenantStore, query: DocumentQuery, segment: Segment) -> Document:
    """Return the filter that reads a segment."""
    found = store.scope()
    if query.type is not None:
        found["type"] = query.type
    found |= {f"data.{name}": value for name, value in query.equals.items()}
    if query.order is not None:
        found[f"data.{query.order}"] = segment.condition
    return found | {store.id_field: {"$gt": segment.low_id, "$lt": segment.high_id}}


def sort(store: TenantStore, query: DocumentQuery, page: PageRequest) -> list[tuple[str, int]]:
    """Return the order in which every segment is read: that of the index."""
    direction = -1 if reads_downwards(query, page) else 1
    fields = [store.id_field] if query.order is None else [f"data.{query.order}", store.id_field]
    return [(name, direction) for name in fields]


def _position(key: Key | None) -> Position | None:
    if key is None:
        return None
    value = document_json.from_exact_text(str(key[0]))
    if class_of(value) is None:
        raise document_json.UnstorableError("No index holds such a value.")
    return Position(value, key[1])


def _ascending(narrow: ValueRange | None, low: Position | None, high: Position | None) -> Iterator[Segment]:
    """Yield the segments between two cursors, of all classes or of the one that the query narrows to."""
    first = ValueClass.NULL if low is None else class_of(low.value)
    last = ValueClass.DATE if high is None else class_of(high.value)
    for values in [narrow] if narrow else [ValueRange(value_class) for value_class in ValueClass]:
        if first is not None and last is not None and first <= values.value_class <= last:
            lows = [values.low, low if values.value_class is first else None]
            highs = [values.high, high if values.value_class is last else None]
            yield from _of_class(
                values.value_class,
                max((one for one in lows if one), key=lambda one: one.order, default=None),
                min((one for one in highs if one), key=lambda one: one.order, default=None),
            )


def _of_class(value_class: ValueClass, low: Position | None, high: Position | None) -> Iterator[Segment]:
    """Yield the segments between two positions of one class."""
    if value_class is ValueClass.NULL:
        low, high = low or before(None), high or behind(None)
    if low and high and comparable(low.value) == comparable(high.value):
        yield Segment(low.value, low.id, high.id)
        return
    if low and high and low.order > high.order:
        return
    if low and _BEFORE_IDS < low.id < _BEYOND_IDS:
        yield Segment(low.value, low.id)
    yield Segment(_between(value_class, low, high))
    if high and _BEFORE_IDS < high.id < _BEYOND_IDS:
        yield Segment(high.value, high_id=high.id)


def _between(value_class: ValueClass, low: Position | None, high: Position | None) -> Document:
    """Return the condition for the values of which all documents are between the two positions."""
    condition: Document = {} if low or high else {"$gte": minimum(value_class)}
    if low:
        condition["$gte" if low.id <= _BEFORE_IDS else "$gt"] = low.value
    if high:
        condition["$lte" if high.id >= _BEYOND_IDS else "$lt"] = high.value
    return condition
