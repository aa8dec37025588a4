"""Idempotency keys: claimed by one, given up for dead after a minute, and completed with the work or not at all."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from auth.identifiers import OrganizationId
from storage import deletions, idempotency, index_builds, move_plans, organizations, recovery, sign_ups
from storage.acts import Act
from storage.database import Database, Document, Session
from storage.idempotency import Claim, Done, KeyBusyError, KeyLostError, KeyReusedError
from storage.organizations import OrganizationRecord
from storage.placements import StoreStrategy
from tests.storage import directory

KEY, ARGUMENTS = "a" * 64, "b" * 64
REFERENCES = {"documents": ["c" * 24]}
AFTER_THE_LEASE = idempotency.LEASE + timedelta(seconds=1)

Work = Callable[[Database, OrganizationRecord, Act], Coroutine[Any, Any, Any]]


async def claim(database: Database) -> Claim:
    """Claim the key, which has to be free."""
    claimed = await idempotency.claim(database, KEY, ARGUMENTS)
    assert isinstance(claimed, Claim)
    return claimed


async def complete(database: Database, claimed: Claim) -> None:
    """Complete the key in a transaction of its own, beside a write."""

    async def work(tx: Session) -> None:
        await database["guards"].insert_one({"owner": claimed.owner}, session=tx)
        await idempotency.complete(database, tx, claimed, REFERENCES)

    await database.transaction(work)


async def stored(database: Database) -> list[Document]:
    """Return all records."""
    found: list[Document] = await database[idempotency.COLLECTION].find().to_list(None)
    return found


async def test_key_is_claimed_by_one(database: Database) -> None:
    """Of many at once one gets it; the others are told that it is in use."""
    attempts = [idempotency.claim(database, KEY, ARGUMENTS) for _ in range(20)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(result) for result in results].count(Claim) == 1
    assert [type(result) for result in results].count(KeyBusyError) == 19


async def test_completed_key_holds_what_was_done(database: Database) -> None:
    """The references come back, for the same arguments only, and no later end or release changes that."""
    claimed = await claim(database)
    await complete(database, claimed)
    await idempotency.finish(database, claimed)
    await idempotency.release(database, claimed)
    assert await idempotency.claim(database, KEY, ARGUMENTS) == Done(REFERENCES)
    assert await idempotency.find_done(database, KEY, ARGUMENTS) == Done(REFERENCES)
    assert await idempotency.find_done(database, KEY, "other") is None
    with pytest.raises(KeyReusedError):
        await idempotency.claim(database, KEY, "other")


async def test_key_is_compared_while_it_is_in_use(database: Database) -> None:
    """Other arguments are refused as such at once, and what is under way is not taken for done."""
    await claim(database)
    with pytest.raises(KeyReusedError):
        await idempotency.claim(database, KEY, "other")
    with pytest.raises(KeyBusyError):
        await idempotency.claim(database, KEY, ARGUMENTS)
    assert await idempotency.find_done(database, KEY, ARGUMENTS) is None


async def test_released_key_can_be_claimed_with_other_arguments(database: Database) -> None:
    """Nothing is left of an attempt without effect."""
    await idempotency.release(database, await claim(database))
    assert await stored(database) == []
    assert isinstance(await idempotency.claim(database, KEY, "other"), Claim)


async def test_slow_worker_takes_no_effect(database: Database) -> None:
    """Once its key is taken over, neither its writes nor its end, nor its release, change anything."""
    slow = await claim(database)
    with time_machine.travel(AFTER_THE_LEASE, tick=True):
        attempts = [idempotency.claim(database, KEY, ARGUMENTS) for _ in range(8)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
    (successor,) = (result for result in results if isinstance(result, Claim))
    before = await stored(database)
    with pytest.raises(KeyLostError):
        await complete(database, slow)
    await idempotency.finish(database, slow)
    await idempotency.release(database, slow)
    assert await stored(database) == before
    await complete(database, successor)
    assert [one["owner"] for one in await database["guards"].find().to_list(None)] == [successor.owner]


async def test_key_whose_day_is_over_is_claimed_by_one(database: Database) -> None:
    """Whatever the record says, and although it is still there; what was done is not shown any more."""
    await complete(database, await claim(database))
    with time_machine.travel(idempotency.LIFETIME + timedelta(seconds=1), tick=True):
        assert await idempotency.find_done(database, KEY, ARGUMENTS) is None
        attempts = [idempotency.claim(database, KEY, "other") for _ in range(8)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(result) for result in results].count(Claim) == 1
    assert len(await stored(database)) == 1


async def _sign_up(database: Database, _: OrganizationRecord, act: Act) -> None:
    organization = directory.new_organization(database, "other", StoreStrategy.COLLECTION)
    owner = directory.new_owner(organization)
    await sign_ups.sign_up(database, organization, owner, None, directory.hash_nothing, act)


async def _rename(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await move_plans.plan(database, replace(directory.rename_of(database, organization, "goal"), act=act))


async def _respell(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await organizations.respell(database, organization.id, "START", act, slug="start")


async def _declare(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await index_builds.declare(database, organization.id, "note", ["total"], act)


async def _mark(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await deletions.mark(database, organization.id, act)


async def _retain(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await deletions.retain(database, organization.id, act, timedelta(days=1))


async def _restore(database: Database, organization: OrganizationRecord, act: Act) -> None:
    await deletions.restore(database, organization.id, act)


@pytest.mark.parametrize("work", [_sign_up, _rename, _respell, _declare, _mark, _retain, _restore])
async def test_work_and_key_are_committed_together(database: Database, work: Work) -> None:
    """Whoever has lost the key leaves nothing; whoever has it completes it with the work."""
    organization = await directory.sign_up(database, "start")
    if work is _restore:
        await _retain(database, organization, directory.ACT)
    claimed = await claim(database)
    lost = replace(directory.ACT, claim=replace(claimed, owner="somebody else"))
    before = await everything(database, organization.id)
    with pytest.raises(KeyLostError):
        await work(database, organization, lost)
    assert await everything(database, organization.id) == before
    assert await recovery.recover(database) == 0
    await work(database, organization, replace(directory.ACT, claim=claimed))
    assert await everything(database, organization.id) != before
    assert isinstance(await idempotency.claim(database, KEY, ARGUMENTS), Done)


async def everything(database: Database, organization_id: OrganizationId) -> list[Any]:
    """Return all that the work could have changed."""
    names = ("organizations", "admins", "slugs", "migrations", "document_types", "audit_events", "events")
    found: list[Any] = [await database[name].find().sort("_id").to_list(None) for name in names]
    return [organization_id, *found, await directory.stores(database)]
