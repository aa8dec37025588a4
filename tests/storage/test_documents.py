"""Documents in tenant stores: one contract for all strategies, pages in the order of an index, others' left alone."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128, Int64

from auth.identifiers import DocumentId
from storage import document_queries, documents, store_indexes, tenant_access
from storage.database import Database, new_id, now
from storage.document_queries import DocumentQuery, ValueRange
from storage.document_values import ValueClass
from storage.documents import DocumentRecord, NewDocument
from storage.organizations import OrganizationRecord
from storage.pages import Page, PageRequest
from storage.placements import StoreStrategy
from storage.tenant_access import TenantTransaction
from storage.tenant_stores import TenantStore
from tests.storage import directory, plans

every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))
MISSING = object()
ASCENDING: list[object] = [
    None, MISSING, None, float("-inf"), -2.5, Decimal128("-2.4"), 0, 1, 1.0, Int64(1), Decimal128("1"), 2**53,
    2**53 + 1, float("inf"), "", "A", "a", "a", "ab", "ä", "\U0001f680", False, False, True,
    datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
]  # fmt: skip
"""Values in the order of the database; what is equal is in the order of creation."""


def store_of(database: Database, organization: OrganizationRecord) -> TenantStore:
    """Return an organization's store."""
    assert organization.placement is not None
    return TenantStore(database, organization.id, organization.placement)


async def insert(database: Database, organization: OrganizationRecord, records: list[DocumentRecord]) -> None:
    """Store documents."""

    async def work(transaction: TenantTransaction) -> None:
        await documents.insert(transaction, records)

    await tenant_access.write(database, organization.id, work)


async def fill(database: Database, organization: OrganizationRecord) -> list[DocumentRecord]:
    """Store documents with values of every class, in no order, with indexes; return them in the values' order."""
    records = []
    for value in ASCENDING:
        data = {"group": "x"} if value is MISSING else {"group": "x", "value": value}
        record = documents.new_record(organization.id, NewDocument("note", data))
        records.append(replace(record, id=DocumentId(new_id())))
    await insert(database, organization, random.Random(7).sample(records, len(records)))
    shared = store_of(database, organization).is_shared
    indexes = [store_indexes.on_fields(fields, shared=shared) for fields in (["value"], ["group", "value"])]
    await store_of(database, organization).create_indexes(indexes)
    return sorted(records, key=lambda record: (ASCENDING_RANKS[records.index(record)], record.id))


def rank(value: object) -> object:
    """Return what is the same for values that the database takes for equal."""
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return (type(value).__name__, value) if isinstance(value, bool | str | datetime) else value


ASCENDING_RANKS = [next(at for at, other in enumerate(ASCENDING) if rank(other) == rank(value)) for value in ASCENDING]


async def walk(store: TenantStore, query: DocumentQuery, *, backwards: bool, limit: int = 3) -> list[str]:
    """Return the ids on all pages, walked from one end to the other."""
    found: list[str] = []
    page: Page[DocumentRecord] | None = None
    while page is None or (page.has_previous if backwards else page.has_next):
        request = PageRequest(limit, backwards=backwards)
        if page is not None and backwards:
            request = replace(request, before=page.items[0].key(query.order))
        elif page is not None:
            request = replace(request, after=page.items[-1].key(query.order))
        page = await documents.find_page(store, query, request)
        ids = [str(record.id) for record in page.items]
        found = ids + found if backwards else found + ids
    return found


@every_strategy
async def test_pages_over_values_of_all_types_are_the_sorted_whole(database: Database, strategy: StoreStrategy) -> None:
    """Walked either way, up or down, with a condition beside it or none, every document comes once, in order."""
    organization = await directory.sign_up(database, "acme", strategy)
    bystander = await directory.sign_up(database, "other", strategy)
    await fill(database, bystander)
    expected = [str(record.id) for record in await fill(database, organization)]
    store = store_of(database, organization)
    for equals in ({}, {"group": "x"}):
        for descending in (False, True):
            query = DocumentQuery("note", equals, "value", descending=descending)
            wanted = expected[::-1] if descending else expected
            assert await walk(store, query, backwards=False) == wanted
            assert await walk(store, query, backwards=True) == wanted
    assert await walk(store, DocumentQuery("note", {"group": "y"}, "value"), backwards=False) == []


@pytest.mark.parametrize(
    ("narrow", "values"),
    [
        (ValueRange(ValueClass.NUMBER, low=document_queries.before(1)), ASCENDING[7:14]),
        (ValueRange(ValueClass.NUMBER, low=document_queries.behind(1)), ASCENDING[11:14]),
        (ValueRange(ValueClass.NUMBER, high=document_queries.before(Decimal128("1.0"))), ASCENDING[3:7]),
        (ValueRange(ValueClass.NUMBER, high=document_queries.behind(1.0)), ASCENDING[3:11]),
        (ValueRange(ValueClass.NUMBER, document_queries.before(1), document_queries.behind(1)), ASCENDING[7:11]),
        (ValueRange(ValueClass.NUMBER, document_queries.behind(1), document_queries.before(1)), []),
        (ValueRange(ValueClass.NUMBER, document_queries.before(5), document_queries.behind(1)), []),
        (ValueRange(ValueClass.STRING, low=document_queries.before("a")), ASCENDING[16:21]),
        (ValueRange(ValueClass.STRING, high=document_queries.before("a")), ASCENDING[14:16]),
        (ValueRange(ValueClass.BOOLEAN, low=document_queries.behind(False)), ASCENDING[23:24]),  # noqa: FBT003 - a value
        (ValueRange(ValueClass.DATE, high=document_queries.before(datetime(2026, 1, 1, tzinfo=UTC))), ASCENDING[24:26]),
    ],
)
async def test_ranges_hold_values_of_their_class(database: Database, narrow: ValueRange, values: list[Any]) -> None:
    """Bounds take in or leave out what is equal to them, and nothing of another type."""
    organization = await directory.sign_up(database, "acme")
    ordered = await fill(database, organization)
    store = store_of(database, organization)
    wanted = [rank(value) for value in values]
    for descending in (False, True):
        query = DocumentQuery("note", {}, "value", narrow, descending=descending)
        for backwards in (False, True):
            ids = await walk(store, query, backwards=backwards, limit=2)
            found = [rank(one.values["value"]) for one in ordered if str(one.id) in ids]
            assert found == wanted
            order = [str(one.id) for one in ordered if str(one.id) in ids]
            assert ids == (order[::-1] if descending else order)


@every_strategy
async def test_documents_of_others_are_not_there(database: Database, strategy: StoreStrategy) -> None:
    """What a tenant's own software has put into the store is neither listed nor found, and pages stay full."""
    organization = await directory.sign_up(database, "acme", strategy)
    store = store_of(database, organization)
    at, data = now(), {"value": 1}
    ours = {"type": "note", "data": data, "version": 1, "created_at": at, "updated_at": at}
    ids = [1, None, "0", "b" * 23 + "x", "a uuid", "zebra", {"n": 1}]
    foreign = [{"_id": store.address(one), **ours} for one in ids]
    foreign += [{"_id": store.address(new_id()), **ours, **change} for change in ({"data": 1}, {"version": "1"})]
    foreign += [{"_id": store.address(f"{n:024x}"), "type": "note"} for n in range(20)]
    await store.collection.insert_many(foreign)
    records = await fill(database, organization)
    expected = sorted(str(record.id) for record in records)
    for query in (DocumentQuery(), DocumentQuery("note")):
        assert await walk(store, query, backwards=False) == await walk(store, query, backwards=True) == expected
    assert await walk(store, DocumentQuery("note", {}, "value"), backwards=False) == [str(one.id) for one in records]
    asked = [DocumentId("0" * 24), records[0].id]
    assert list(await documents.find_by_ids(store, asked)) == [records[0].id]


@every_strategy
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("descending", [False, True])
async def test_every_segment_is_read_in_the_order_of_an_index(
    database: Database, strategy: StoreStrategy, *, backwards: bool, descending: bool
) -> None:
    """The plan of each command of a page behind a cursor has an index scan and no sort."""
    organization = await directory.sign_up(database, "acme", strategy)
    middle = (await fill(database, organization))[17]
    store = store_of(database, organization)
    keys = [[name for name, _ in one["key"]] for one in (await store.collection.index_information()).values()]
    for query in (DocumentQuery(), DocumentQuery("note"), DocumentQuery("note", {"group": "x"}, "value")):
        asked = replace(query, descending=descending)
        page = PageRequest(3, after=middle.key(query.order), backwards=backwards)
        for segment in document_queries.segments(asked, page):
            criteria, sort = document_queries.criteria(store, asked, segment), document_queries.sort(store, asked, page)
            if (await database.capabilities()).drops_at_once:
                plan = await plan_of(database, store, criteria, sort)
                assert "IXSCAN" in plan
                assert not {"SORT", "COLLSCAN"} & set(plan)
            else:  # The embedded one, whose planner heeds a range that stands alone, no more.
                assert any(serves(key, criteria, [name for name, _ in sort]) for key in keys)


def serves(key: list[str], criteria: dict[str, Any], order: list[str]) -> bool:
    """Tell whether an index is the fields that equal something, then those of the order, which alone have ranges."""
    equal = {name for name, condition in criteria.items() if not isinstance(condition, dict)} - set(order)
    ranged = set(criteria) - equal
    return set(key[: len(equal)]) == equal and key[len(equal) :] == order and ranged <= set(order)


async def plan_of(
    database: Database, store: TenantStore, criteria: dict[str, Any], sort: list[tuple[str, int]]
) -> list[str]:
    """Return the stages of a query's winning plan, from the top."""
    command = {"find": store.placement.collection, "filter": criteria, "sort": dict(sort), "limit": 4}
    explained = await database.client[store.placement.database].command("explain", command)
    return plans.stages_of(explained["queryPlanner"]["winningPlan"])


def test_a_page_between_two_cursors_is_what_lies_between_them() -> None:
    """Segments between two places of one value, of one class and of two classes touch nothing outside."""
    low, high = ('{"$numberInt":"1"}', "1" * 24), ('{"$numberInt":"1"}', "5" * 24)
    query = DocumentQuery("note", order="value")
    page = PageRequest(3, after=low, before=high)
    assert document_queries.segments(query, page) == [(1, low[1], high[1])]
    assert document_queries.segments(query, replace(page, before=('"b"', "5" * 24))) == [
        (1, low[1], "g"),
        ({"$gt": 1}, "0", "g"),
        ({"$lt": "b"}, "0", "g"),
        ("b", "0", "5" * 24),
    ]
    assert document_queries.segments(query, replace(page, after=('"b"', "1" * 24))) == []
