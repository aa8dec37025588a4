"""Keyset pages: walking them gives every record once, in order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import pages
from storage.database import Database, Document
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


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "condition", [{}, {"owner": "x"}, {"owner": {"$ne": "z"}}, {"owner": {"$in": ["x"]}}, {"k": {"$gte": 0, "$lt": 9}}]
)
async def test_walk_in_the_database_is_complete(
    database: Database, condition: Document, *, descending: bool, backwards: bool
) -> None:
    """Found by walking a journal: behind an equality, the embedded database leaves out what equals a range's end."""
    records = database["records"]
    for index in (["owner", "k", "_id"], ["k", "_id"]):
        await records.create_index([(name, 1) for name in index])
    await records.insert_many(
        {"_id": f"{number:02}", "owner": "zx"[number % 5 > 0], "k": number // 7} for number in range(35)
    )
    expected = [one["_id"] async for one in records.find(condition).sort([("k", 1), ("_id", 1)])]
    walked: list[str] = []
    cursor = None
    for _ in range(len(expected)):
        request = PageRequest(2, before=cursor, backwards=True) if backwards else PageRequest(2, after=cursor)
        found = await records.aggregate(pages.stages([condition], "k", request, descending=descending)).to_list(None)
        page = pages.cut(found, request)
        ids = [one["_id"] for one in page.items]
        walked = [*ids, *walked] if backwards else [*walked, *ids]
        if not (page.has_previous if backwards else page.has_next):
            break
        edge = page.items[0 if backwards else -1]
        cursor = (edge["k"], edge["_id"])
    assert walked == (expected[::-1] if descending else expected)


def test_both_cursors_cut_a_window() -> None:
    """A page may have a cursor on either side."""
    after, before = (datetime(2026, 1, 1, tzinfo=UTC), "a"), (datetime(2026, 1, 2, tzinfo=UTC), "b")
    request = PageRequest(5, after=after, before=before)
    filters = [stage["$match"] for stage in pages.stages([], "k", request, descending=False) if "$match" in stage]
    inside = {"k": datetime(2026, 1, 1, 12, tzinfo=UTC), "_id": "c"}
    edges = [{"k": at, "_id": record_id} for at, record_id in (after, before)]
    assert all(matches(inside, each) for each in filters)
    assert not any(all(matches(edge, each) for each in filters) for edge in edges)
