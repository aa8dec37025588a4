"""Suspending organizations: wherever it comes in between, nothing is left half done."""

import asyncio

import bson
import pytest

from storage import document_types, index_builds, move_plans, recovery, suspensions
from storage.audit_actions import AuditAction
from storage.database import Database
from storage.document_types import IndexState
from storage.migrations import MigrationWay
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.suspensions import NotSuspendableError
from storage.tenant_access import NotWritableError, TenantTransaction, write
from tests import trails as offline
from tests.crashes import Crash
from tests.storage import directory, trails
from tests.storage.directory import ACT

REASON = "The invoice of March is open."
SIGNER = offline.new_signer()


async def status_of(database: Database, organization: OrganizationRecord) -> OrganizationStatus:
    """Return the present status of an organization."""
    found = await directory.read(database, organization.id)
    assert found is not None
    return found.status


async def recorded(database: Database, organization: OrganizationRecord, action: AuditAction) -> int:
    """Count the events of an action in the trail."""
    query = {"organization_id": organization.id, "action": action}
    return len(await database["audit_events"].find(query).to_list(None))


@pytest.mark.parametrize("ending", [False, True])
async def test_change_happens_whole_or_not_at_all(
    database: Database, fragile: Database, crash: Crash, *, ending: bool
) -> None:
    """Wherever it is cut off, the status has changed and it is recorded, or neither."""
    organization = await directory.sign_up(database, "acme")
    change, undo, action = suspensions.suspend, suspensions.reactivate, AuditAction.ORGANIZATION_SUSPENDED
    if ending:
        change, undo, action = undo, change, AuditAction.ORGANIZATION_REACTIVATED
        await undo(database, organization.id, ACT, REASON)
    before = await status_of(database, organization)
    changes, number, finished = 0, 0, False
    while not finished:
        number += 1
        finished = await crash.run(change(fragile, organization.id, ACT, REASON), at_command=number)
        changed = await status_of(database, organization) is not before
        changes += changed
        assert await recorded(database, organization, action) == changes
        if changed:
            await undo(database, organization.id, ACT, REASON)
        assert await status_of(database, organization) is before
    assert number > 4
    assert changes
    assert await trails.break_in_store(database, SIGNER, organization.id) is None


async def test_writes_have_ended_when_it_answers(database: Database) -> None:
    """A write that began before cannot be committed after: it is there already, or it is refused."""
    organization = await directory.sign_up(database, "acme", documents=1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def late(transaction: TenantTransaction) -> None:
        await transaction.store.insert(transaction.session, [bson.encode({"_id": "late"})])
        begun.set()
        await go_on.wait()

    writing = asyncio.create_task(write(database, organization.id, late))
    await begun.wait()

    async def suspend_and_count() -> int:
        await suspensions.suspend(database, organization.id, ACT, REASON)
        return await directory.count(database, organization)

    async def is_suspended() -> bool:
        return await status_of(database, organization) is OrganizationStatus.SUSPENDED

    suspending = asyncio.create_task(suspend_and_count())
    await directory.until_it_is(is_suspended)
    await asyncio.wait([suspending], timeout=0.2)
    go_on.set()
    count, outcome = await asyncio.gather(suspending, writing, return_exceptions=True)
    assert (count, type(outcome)) in {(2, type(None)), (1, NotWritableError)}
    with pytest.raises(NotWritableError):
        await write(database, organization.id, late)
    assert await directory.count(database, organization) == count


@pytest.mark.parametrize("way", list(MigrationWay))
@pytest.mark.parametrize("left", [False, True])
async def test_move_under_way_goes_on(database: Database, way: MigrationWay, *, left: bool) -> None:
    """It is finished under the suspension, by its worker or by another, and nothing of it is left."""
    organization = await directory.sign_up(database, "acme", documents=20)
    mover = await move_plans.plan(database, directory.rename_of(database, organization, "rockets", way))
    await suspensions.suspend(database, organization.id, ACT, REASON)
    if left:
        assert await recovery.recover(database, expired_only=False) == 1
    else:
        await mover.run()
    moved = await directory.read(database, organization.id)
    assert moved is not None
    assert (moved.slug, moved.status, moved.migration_id) == ("rockets", OrganizationStatus.SUSPENDED, None)
    assert moved.suspension is not None
    assert await directory.count(database, moved) == 20
    assert await directory.stores(database) == ["_tenants.org_rockets"]
    with pytest.raises(NotSuspendableError):
        await suspensions.suspend(database, organization.id, ACT, REASON)


async def test_indexes_under_way_are_built(database: Database) -> None:
    """One by the worker that began it, the other by one that takes it over."""
    organization = await directory.sign_up(database, "acme")
    build = await index_builds.declare(database, organization.id, "note", ["total"], ACT)
    await index_builds.declare(database, organization.id, "order", ["total"], ACT)
    await suspensions.suspend(database, organization.id, ACT, REASON)
    assert build is not None
    await build.run()
    assert await recovery.recover(database, expired_only=False) == 1
    found = await document_types.find_all(database, organization.id)
    assert [index.state for one in found for index in one.indexes] == [IndexState.READY] * 2
    record = await database["organizations"].find_one()
    assert record is not None
    assert (record["builds"], record["status"]) == (0, OrganizationStatus.SUSPENDED)
