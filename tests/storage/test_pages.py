"""Keyset pages: walking them gives every record once, in order."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from storage import pages
from storage.database import Document
from storage.pages import PageRequest

RECORDS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 99)), unique_by=lambda record: record[1], max_size=20
)


def matches(document: Document, condition: Document) -> bool:
    """Evaluate the few operators that a bound has."""
    operators = {"$gt": "__gt__", "$gte": "__ge__", "$lt": "__lt__", "$lte": "__le__"}
    for field, wanted in condition.items():
        if field == "$or":
            if not any(matches(document, one) for one in wanted):
                return False
        elif isinstance(wanted, dict):
            if not all(getattr(document[field], operators[name])(value) for name, value in wanted.items()):
                return False
        elif document[field] != wanted:
            return False
    return True


def read(documents: list[Document], request: PageRequest, *, descending: bool) -> pages.Page[Document]:
    """Answer a page request as a database would."""
    *filters, sort, limit = pages.stages([{"here": True}], "k", request, descending=descending)
    found = [one for one in documents if all(matches(one, each["$match"]) for each in filters)]
    assert list(sort["$sort"]) == ["k", "_id"]
    found.sort(key=lambda one: (one["k"], one["_id"]), reverse=sort["$sort"]["k"] < 0)
    return pages.cut(found[: limit["$limit"]], request)


@given(RECORDS, st.integers(1, 6), st.booleans(), st.booleans())
def test_walk_is_complete_and_in_order(
    records: list[tuple[str, int]],
    limit: int,
    descending: bool,  # noqa: FBT001 - drawn by hypothesis
    backwards: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """In either direction, with any page size, with equal keys: each record once, in order."""
    documents = [{"k": key, "_id": f"{number:02}", "here": True} for key, number in records]
    expected = sorted(documents, key=lambda one: (one["k"], one["_id"]), reverse=descending)
    walked: list[Document] = []
    cursor = None
    for _ in range(len(records) + 1):
        request = PageRequest(limit, before=cursor, backwards=True) if backwards else PageRequest(limit, after=cursor)
        page = read(documents, request, descending=descending)
        walked = [*page.items, *walked] if backwards else [*walked, *page.items]
        if not (page.has_previous if backwards else page.has_next):
            break
        edge = page.items[0 if backwards else -1]
        cursor = (edge["k"], edge["_id"])
    assert walked == expected


def test_both_cursors_cut_a_window() -> None:
    """A page may have a cursor on either side."""
    after, before = (datetime(2026, 1, 1, tzinfo=UTC), "a"), (datetime(2026, 1, 2, tzinfo=UTC), "b")
    request = PageRequest(5, after=after, before=before)
    filters = [stage["$match"] for stage in pages.stages([], "k", request, descending=False) if "$match" in stage]
    inside = {"k": datetime(2026, 1, 1, 12, tzinfo=UTC), "_id": "c"}
    edges = [{"k": at, "_id": record_id} for at, record_id in (after, before)]
    assert all(matches(inside, each) for each in filters)
    assert not any(all(matches(edge, each) for each in filters) for edge in edges)
