"""The door to tenants' documents: writes happen in an organization that allows them, reads see one whole store."""

import asyncio

import pytest

from auth.identifiers import OrganizationId
from storage import move_plans, tenant_access
from storage.database import Database, new_id
from storage.guards import COUNT, GuardsMissingError
from storage.organizations import OrganizationRecord, OrganizationStatus, StoreAccess
from storage.placements import StoreStrategy
from storage.tenant_access import NotReadableError, NotWritableError, TenantTransaction
from storage.tenant_stores import TenantStore, to_content
from tests.storage import directory

every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))


async def write(database: Database, organization_id: OrganizationId, key: str = "a") -> None:
    """Write one document."""

    async def work(transaction: TenantTransaction) -> None:
        transaction.note(key)
        await transaction.store.replace(transaction.session, [key], [to_content({"_id": key})])

    await tenant_access.write(database, organization_id, work)


def store_of(database: Database, organization: OrganizationRecord) -> TenantStore:
    """Return an organization's store."""
    assert organization.placement is not None
    return TenantStore(database, organization.id, organization.placement)


async def change(database: Database, organization: OrganizationRecord, **fields: object) -> None:
    """Change an organization's record, as a move, a deletion or an operator does."""
    await database["organizations"].update_one({"_id": organization.id}, {"$set": fields})


@every_strategy
async def test_first_writers_make_the_guards_together(database: Database, strategy: StoreStrategy) -> None:
    """Many first writes at once end with one set of guards, and all of them are there."""
    organization = await directory.sign_up(database, "acme", strategy)
    await asyncio.gather(*(write(database, organization.id, f"document-{n}") for n in range(12)))
    store = store_of(database, organization)
    assert await store.count_exactly() == 12
    guards = database.client[store.placement.database]["guards"]
    assert await guards.count_documents({}) == COUNT
    taken = sum([guard["taken"] async for guard in guards.find()])
    assert taken == 12


@pytest.mark.parametrize(
    "fields",
    [
        {"status": OrganizationStatus.DELETED},
        {"status": OrganizationStatus.SUSPENDED},
        {"status": OrganizationStatus.PROVISIONING},
        {"access": StoreAccess.FENCED},
        {"access": StoreAccess.RENAMING},
    ],
)
async def test_writes_are_refused_where_they_may_not_happen(database: Database, fields: dict[str, object]) -> None:
    """Whatever the caller has seen before: the record at the instant of the write decides."""
    organization = await directory.sign_up(database, "acme")
    await write(database, organization.id)
    await change(database, organization, **fields)
    with pytest.raises(NotWritableError):
        await write(database, organization.id, "b")
    assert await store_of(database, organization).count_exactly() == 1


async def test_unknown_organization_is_refused(database: Database) -> None:
    """There is nothing to write to."""
    with pytest.raises(NotWritableError):
        await write(database, OrganizationId(new_id()))


async def test_refused_first_write_makes_no_guards(database: Database) -> None:
    """A write that comes when the organization was purged leaves nothing behind."""
    organization = await directory.sign_up(database, "acme")
    await directory.delete(database, organization.id)
    with pytest.raises(NotWritableError):
        await write(database, organization.id)
    assert await database.client[f"{database.name}_tenants"]["guards"].count_documents({}) == 0


async def test_changes_are_logged_only_while_they_have_to_be(database: Database) -> None:
    """Writers log what they change while a copy is under way, in the same transaction."""
    organization = await directory.sign_up(database, "acme")
    store = store_of(database, organization)
    await write(database, organization.id, "before")
    await change(database, organization, access=StoreAccess.LOGGED)
    await write(database, organization.id, "meanwhile")
    assert [entry["document"] for entry in await store.changes.read(10)] == ["meanwhile"]

    async def fail(transaction: TenantTransaction) -> None:
        transaction.note("never")
        await transaction.store.replace(transaction.session, ["never"], [to_content({"_id": "never"})])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tenant_access.write(database, organization.id, fail)
    assert [entry["document"] for entry in await store.changes.read(10)] == ["meanwhile"]
    assert await store.count_exactly() == 2


async def test_touch_waits_for_the_write_under_way(database: Database) -> None:
    """Once all guards are touched, no transaction commits that has not seen the record as it was changed before."""
    organization = await directory.sign_up(database, "acme")
    await write(database, organization.id)
    store, began, proceed = store_of(database, organization), asyncio.Event(), asyncio.Event()

    async def slowly(transaction: TenantTransaction) -> None:
        began.set()
        await proceed.wait()
        transaction.note("slow")
        await transaction.store.replace(transaction.session, ["slow"], [to_content({"_id": "slow"})])

    writing = asyncio.create_task(tenant_access.write(database, organization.id, slowly))
    await began.wait()
    await change(database, organization, access=StoreAccess.FENCED)
    touching = asyncio.create_task(store.guards.touch())
    proceed.set()
    (failure,) = await asyncio.gather(writing, return_exceptions=True)
    await touching
    written = await store.count_exactly() == 2
    assert written is (failure is None)
    with pytest.raises(NotWritableError):
        await write(database, organization.id, "late")


async def test_guards_that_are_missing_are_noticed(database: Database) -> None:
    """A transaction does not go on without a guard."""
    organization = await directory.sign_up(database, "acme")
    with pytest.raises(GuardsMissingError):
        await database.transaction(store_of(database, organization).guards.take)


async def test_read_is_repeated_after_a_move(database: Database) -> None:
    """A read that began in the old place is answered from the new one."""
    organization = await directory.sign_up(database, "start", documents=20)
    places = []

    async def count(store: TenantStore) -> int:
        places.append(store.placement.collection)
        if len(places) == 1:
            await (await move_plans.plan(database, directory.rename_of(database, organization, "goal"))).run()
        return await store.count_exactly()

    assert await tenant_access.read(database, organization, count) == 20
    assert places == ["org_start", "org_goal"]


async def test_read_of_a_purged_organization_is_refused(database: Database) -> None:
    """What was destroyed meanwhile cannot be read any more, and is not shown as empty."""
    organization = await directory.sign_up(database, "start", documents=20)

    async def count(store: TenantStore) -> int:
        await directory.delete(database, organization.id)
        return await store.count_exactly()

    with pytest.raises(NotReadableError):
        await tenant_access.read(database, organization, count)


async def test_organizations_in_one_collection_do_not_meet(database: Database) -> None:
    """The same id in two organizations of the shared collection is two documents."""
    one, other = [await directory.sign_up(database, slug, StoreStrategy.SHARED) for slug in ("one", "other")]
    await write(database, one.id, "same")
    await write(database, other.id, "same")

    async def remove(transaction: TenantTransaction) -> None:
        transaction.note("same")
        await transaction.store.replace(transaction.session, ["same"], [])

    await tenant_access.write(database, one.id, remove)
    assert await store_of(database, one).count_exactly() == 0
    assert await store_of(database, other).count_exactly() == 1
