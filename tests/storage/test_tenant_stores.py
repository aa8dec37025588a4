"""Tenant stores: one contract for all strategies."""

import bson
import pytest

from auth.identifiers import OrganizationId
from storage.database import Database, Session, new_id
from storage.placements import StoreStrategy, choose
from storage.tenant_stores import StoreOccupiedError, TenantStore, only_id, to_content

_BATCH = 100  # Documents that the slowest machine writes within the deadline of one command.

every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))


def store_of(database: Database, strategy: StoreStrategy, slug: str = "acme", org: str | None = None) -> TenantStore:
    """Return a store that nobody has made yet."""
    placement = choose(strategy, master=database.name, slug=slug, epoch=1)
    return TenantStore(database, OrganizationId(org or new_id()), placement)


def address(store: TenantStore, document_id: object) -> object:
    """Return the `_id` of a document."""
    return {"org": store._organization_id, "id": document_id} if store.is_shared else document_id  # noqa: SLF001


async def fill(store: TenantStore, database: Database, ids: list[object]) -> None:
    """Put documents of many types into a store, as a tenant's own software would."""
    collection = database.client[store.placement.database][store.placement.collection]
    values = [
        1,
        1.5,
        bson.Int64(1),
        bson.Decimal128("1.5"),
        "ö",
        None,
        b"x",
        {"a": [1, {"b": 2}]},
        bson.ObjectId(),
    ]
    documents = [{"_id": address(store, document), "value": values[n % len(values)]} for n, document in enumerate(ids)]
    for start in range(0, len(documents), _BATCH):
        await collection.insert_many(documents[start : start + _BATCH])


async def hold_nothing(tx: Session) -> None:
    """Stand for a worker that holds what it has to."""


@every_strategy
async def test_new_store_is_empty_and_made_twice_is_made(database: Database, strategy: StoreStrategy) -> None:
    """Making a store that is there and empty is no error."""
    store = store_of(database, strategy)
    await store.create()
    await store.create()
    assert await store.count() == 0
    assert (await store.content()).documents == 0


@every_strategy
async def test_store_with_documents_is_not_taken_over(database: Database, strategy: StoreStrategy) -> None:
    """Making a store where documents are is refused."""
    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, [1])
    with pytest.raises(StoreOccupiedError):
        await store.create()


@every_strategy
async def test_dropping_leaves_the_neighbours(database: Database, strategy: StoreStrategy) -> None:
    """A dropped store is empty, its neighbours are whole, and dropping it again does nothing."""
    store = store_of(database, strategy, "acme", "b" * 24)
    neighbours = [store_of(database, strategy, "before", "a" * 24), store_of(database, strategy, "behind", "c" * 24)]
    for each in (store, *neighbours):
        await each.create()
        await fill(each, database, list(range(1050)))
    await store.drop(hold_nothing)
    await store.drop(hold_nothing)
    assert [await each.count() for each in (store, *neighbours)] == [0, 1050, 1050]


@every_strategy
async def test_only_empty_stores_are_dropped_as_empty(database: Database, strategy: StoreStrategy) -> None:
    """A store with documents survives `drop_if_empty`."""
    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, [1])
    await store.drop_if_empty()
    assert await store.count() == 1


@pytest.mark.parametrize("target_strategy", list(StoreStrategy))
@every_strategy
async def test_copy_has_the_same_content(
    database: Database, strategy: StoreStrategy, target_strategy: StoreStrategy
) -> None:
    """A copy between any two strategies holds the same documents, byte for byte."""
    organization = new_id()
    source = store_of(database, strategy, "old", organization)
    target = store_of(database, target_strategy, "new", organization)
    if strategy is target_strategy is StoreStrategy.SHARED:
        assert source.placement.same_place(target.placement)
        return
    await source.create()
    await target.create()
    ids: list[object] = [*range(999), "text", bson.ObjectId(), 2.5, True, {"a": 1, "b": 2}, {"b": 2, "a": 1}, b"x"]
    await fill(source, database, ids)
    async for batch in source.batches():
        await database.transaction(lambda tx, batch=batch: target.insert(tx, batch))  # type: ignore[misc]
    assert await source.content() == await target.content()
    assert (await source.content()).documents == await source.count_exactly() == len(ids)


@every_strategy
async def test_content_notices_every_difference(database: Database, strategy: StoreStrategy) -> None:
    """Another value, another type of the same value, one more or one less document: another hash."""
    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, [1, 2, 3])
    collection = database.client[store.placement.database][store.placement.collection]
    seen = {(await store.content()).digest}
    first = address(store, 1)
    for value in (1.0, bson.Int64(1), "1", [1]):
        await collection.update_one({"_id": first}, {"$set": {"value": value}})
        seen.add((await store.content()).digest)
    await collection.delete_one({"_id": first})
    seen.add((await store.content()).digest)
    assert len(seen) == 6


async def test_indexes_come_along(database: Database) -> None:
    """Unique and partial indexes of a tenant's own are at the new place, too."""
    source, target = (store_of(database, StoreStrategy.COLLECTION, slug, "a" * 24) for slug in ("old", "new"))
    await source.create()
    await target.create()
    collection = database.client[source.placement.database][source.placement.collection]
    await collection.create_index([("value", 1)], name="unique_value", unique=True, partialFilterExpression={"u": True})
    await target.create_indexes(await source.indexes())
    copied = await database.client[target.placement.database][target.placement.collection].index_information()
    assert copied["unique_value"]["unique"] is True
    assert copied["unique_value"]["partialFilterExpression"] == {"u": True}


@every_strategy
async def test_batches_begin_behind_a_document(database: Database, strategy: StoreStrategy) -> None:
    """Reading goes on where it was left, in order of ids of any type; nothing comes twice, nothing is left out."""
    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, [*range(20), *(f"{n:02}" for n in range(20)), True, False])
    everything = [document async for batch in store.batches() for document in batch]
    assert len(everything) == 42
    for position in (0, 19, 20, 39, 40):
        rest = [document async for batch in store.batches(only_id(everything[position])) for document in batch]
        assert rest == everything[position + 1 :]


@every_strategy
async def test_changes_replace_insert_and_delete(database: Database, strategy: StoreStrategy) -> None:
    """What is given is there afterwards as it was given, and what is named and not given is gone."""
    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, ["a", "b", "c"])
    before = await store.content()
    kept, (changed, removed) = await store.read(["a"]), await store.read(["b", "c"])
    fresh = [to_content({"_id": "b", "value": "new"}), to_content({"_id": "d", "value": 4})]
    await database.transaction(lambda tx: store.replace(tx, ["b", "c", "d"], fresh))
    assert [document async for batch in store.batches() for document in batch] == [*kept, *fresh]
    assert await store.content() == before.minus([changed, removed]).plus(fresh)


@every_strategy
async def test_drop_asks_before_it_deletes(database: Database, strategy: StoreStrategy) -> None:
    """A worker that may not write any more deletes nothing."""

    class LostError(Exception):
        pass

    async def hold(_: Session) -> None:
        raise LostError

    store = store_of(database, strategy)
    await store.create()
    await fill(store, database, [1, 2, 3])
    with pytest.raises(LostError):
        await store.drop(hold)
    assert await store.count_exactly() == 3
