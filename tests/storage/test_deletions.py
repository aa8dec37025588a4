"""Deleting with a retention: what is kept, what brings it back, and what ends it, cut off at every single command."""

import asyncio
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from auth import refresh_tokens
from auth.identifiers import AdminId, OrganizationId, SessionId
from storage import accounts, admins, deletions, purges, recovery, sign_ups, startup
from storage.accounts import PasswordChangedError
from storage.admins import AccountRecord
from storage.conflicts import EmailTakenError, SlugTakenError
from storage.database import Database, new_id, now
from storage.deletions import NotDeletableError, NotRestorableError
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy
from storage.sessions import RefreshState, SessionRecord
from tests.crashes import Crash
from tests.storage import directory, plans
from tests.storage.directory import ACT

DOCUMENTS = 30
RETENTION = timedelta(days=7)
every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))


def when_due() -> time_machine.travel:
    """Go to where every retention that began before is over; time passes there, too."""
    return time_machine.travel(RETENTION + timedelta(minutes=1), tick=True)


async def retain(database: Database, organization: OrganizationRecord) -> None:
    """Delete an organization and keep its data for a week."""
    await deletions.retain(database, organization.id, ACT, RETENTION)


async def read(database: Database, organization: OrganizationRecord) -> OrganizationRecord:
    """Return an organization as it is stored now; it has to be there."""
    found = await directory.read(database, organization.id)
    assert found is not None
    return found


async def owner_of(database: Database, organization: OrganizationRecord) -> AccountRecord:
    """Return the one admin of an organization."""
    document = await database["admins"].find_one({"organization_id": organization.id})
    assert document is not None
    return admins.from_document(document)


async def add_alias(database: Database, organization: OrganizationRecord, slug: str) -> None:
    """Let another slug lead to an organization, as after a rename."""
    until = now() + timedelta(days=30)
    alias = {"_id": slug, "organization_id": organization.id, "kind": "ALIAS", "expires_at": until}
    await database["slugs"].insert_one(alias)


async def sign_up_as(database: Database, slug: str, email: str) -> None:
    """Sign a newcomer up under a slug and an email."""
    newcomer = directory.new_organization(database, slug, StoreStrategy.COLLECTION)
    await sign_ups.sign_up(database, newcomer, directory.new_owner(newcomer, email), None, directory.hash_nothing, ACT)


def new_session(account_id: AdminId, organization_id: OrganizationId) -> SessionRecord:
    """Return a session to be opened."""
    at, session_id, key = now(), SessionId(new_id()), refresh_tokens.create_key()
    state = RefreshState(key, refresh_tokens.fingerprint(refresh_tokens.create(session_id, key)), at)
    end = at + timedelta(days=60)
    return SessionRecord(session_id, account_id, organization_id, at, at, end, end, state)


async def log_in(database: Database, organization: OrganizationRecord) -> None:
    """Log the owner in, as if its password had just been checked."""
    owner = await owner_of(database, organization)
    session = new_session(AdminId(owner.id), organization.id)
    await accounts.log_in(database, owner, session, ACT, at=session.created_at, password_hash=owner.password_hash)


async def succeeds(restoration: Awaitable[object]) -> bool:
    """Tell whether a restoration came about."""
    try:
        await restoration
    except NotRestorableError:
        return False
    return True


async def later(database: Database, turns: int, work: Coroutine[Any, Any, object]) -> object:
    """Do something after so many round trips to the database."""
    for _ in range(turns):
        await database.ping()
    return await work


async def assert_purged(database: Database, organization: OrganizationRecord) -> None:
    """Check that nothing is left of an organization but its record, which says who deleted it."""
    (record,) = await database["organizations"].find({"_id": organization.id}).to_list(None)
    assert (record["status"], record["placement"], record["deleted_by"]["id"]) == ("DELETED", None, ACT.actor.id)
    assert not {"purge_at", "lease"} & set(record)
    own = {"organization_id": organization.id}
    assert await database["slugs"].count_documents(own) == 0
    assert await database["sessions"].count_documents(own) == 0
    assert await database["admins"].count_documents(own | {"email_key": {"$exists": True}}) == 0
    assert await directory.count(database, organization) == 0


async def assert_whole(database: Database, organization: OrganizationRecord) -> None:
    """Check that an organization is what it was before its deletion, with everything that it had."""
    (record,) = await database["organizations"].find({"_id": organization.id}).to_list(None)
    assert record["status"] == organization.status
    assert not {"deleted_at", "deleted_by", "purge_at", "lease", "purged_at"} & set(record)
    assert (await read(database, organization)).placement == organization.placement
    assert await directory.count(database, organization) == DOCUMENTS
    own = {"organization_id": organization.id}
    assert await database["slugs"].count_documents(own | {"_id": organization.slug, "kind": "CURRENT"}) == 1
    assert await database["admins"].count_documents(own | {"email_key": {"$exists": True}}) == 1


@every_strategy
async def test_retention_keeps_everything_but_sessions(database: Database, strategy: StoreStrategy) -> None:
    """Until its time no recovery takes anything away, not even that of a server that starts."""
    organization = await directory.sign_up(database, "acme", strategy, DOCUMENTS)
    await log_in(database, organization)
    before = await directory.take_inventory(database)
    await retain(database, organization)
    assert await database["sessions"].count_documents({}) == 0
    with time_machine.travel(RETENTION - timedelta(minutes=1), tick=True):
        assert await recovery.recover(database) == 0
        await startup.prepare(database, alone=True)
    retained = await read(database, organization)
    assert retained.status is OrganizationStatus.DELETED
    assert retained.deleted_at is not None
    assert retained.purge_at == retained.deleted_at + RETENTION
    assert retained.placement == organization.placement
    assert await directory.count(database, organization) == DOCUMENTS
    after = await directory.take_inventory(database)
    assert (after.slugs, after.stores, after.owners, after.leases) == (before.slugs, before.stores, before.owners, 0)


async def test_retention_reserves_slugs_and_emails(database: Database) -> None:
    """Until the purge is complete nobody else gets the slug, an alias or the email."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await add_alias(database, organization, "before")
    await retain(database, organization)
    owner = await owner_of(database, organization)
    for slug in ("acme", "before"):
        with pytest.raises(SlugTakenError):
            await sign_up_as(database, slug, "new@example.com")
    with pytest.raises(EmailTakenError):
        await sign_up_as(database, "new", owner.email.upper())
    with when_due():
        assert await recovery.recover(database) == 1
        await sign_up_as(database, "acme", owner.email)
        await sign_up_as(database, "before", "new@example.com")


async def test_organization_is_deleted_once(database: Database) -> None:
    """Who deletes it again changes neither who it was nor when the data goes."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await retain(database, organization)
    before = await database["organizations"].find_one({"_id": organization.id})
    for again in (
        deletions.retain(database, organization.id, ACT, timedelta(seconds=1)),
        deletions.mark(database, organization.id, ACT),
    ):
        with pytest.raises(NotDeletableError):
            await again
    assert await database["organizations"].find_one({"_id": organization.id}) == before
    assert await directory.count(database, organization) == DOCUMENTS


async def test_suspended_organization_is_not_deleted(database: Database) -> None:
    """Neither at once nor later: nothing changes."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    suspended = {"$set": {"status": OrganizationStatus.SUSPENDED}}
    await database["organizations"].update_one({"_id": organization.id}, suspended)
    before = await database["organizations"].find_one({"_id": organization.id})
    for deleting in (deletions.mark(database, organization.id, ACT), retain(database, organization)):
        with pytest.raises(NotDeletableError):
            await deleting
    assert await database["organizations"].find_one({"_id": organization.id}) == before


async def test_restored_organization_is_what_it_was(database: Database) -> None:
    """Its state, its documents, its slugs and its emails are there again."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await add_alias(database, organization, "before")
    before = await read(database, organization)
    slugs = await database["slugs"].find().to_list(None)
    await retain(database, organization)
    restored = await deletions.restore(database, organization.id, ACT)
    assert restored == await read(database, organization)
    assert restored.status is OrganizationStatus.ACTIVE
    await assert_whole(database, before)
    assert await database["slugs"].find().to_list(None) == slugs
    with when_due():
        assert await recovery.recover(database) == 0
    await assert_whole(database, before)


@every_strategy
async def test_due_purge_leaves_the_record_only(database: Database, strategy: StoreStrategy) -> None:
    """What a restoration session or a login under way has left goes as well; a neighbour loses nothing."""
    organization = await directory.sign_up(database, "acme", strategy, DOCUMENTS)
    neighbour = await directory.sign_up(database, "neighbour", strategy, DOCUMENTS)
    await add_alias(database, organization, "before")
    await retain(database, organization)
    await log_in(database, organization)
    with when_due():
        assert await recovery.recover(database) == 1
        assert await recovery.recover(database, expired_only=False) == 0
    await assert_purged(database, organization)
    await assert_whole(database, neighbour)
    with pytest.raises(PasswordChangedError):
        await log_in(database, organization)
    assert await database["sessions"].count_documents({}) == 0


async def test_login_during_a_purge_leaves_no_session(database: Database) -> None:
    """A session that is opened between the marking and the end of the purge ends with it."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    worker = await deletions.mark(database, organization.id, ACT)
    await log_in(database, organization)
    assert await database["sessions"].count_documents({}) == 1
    await purges.purge(database, organization.id, worker)
    await assert_purged(database, organization)


async def test_recoverers_at_once_purge_once(database: Database) -> None:
    """Many recoverers share what is due; each organization is purged by one of them."""
    organizations = [await directory.sign_up(database, f"org-{n}", documents=DOCUMENTS) for n in range(4)]
    bystander = await directory.sign_up(database, "bystander", documents=DOCUMENTS)
    for organization in organizations:
        await retain(database, organization)
    with when_due():
        counts = await asyncio.gather(*(recovery.recover(database) for _ in range(4)))
    assert sum(counts) == len(organizations)
    for organization in organizations:
        await assert_purged(database, organization)
    await assert_whole(database, bystander)


async def test_restoring_after_the_purge_began_is_refused(database: Database) -> None:
    """From the moment at which a worker has the purge there is nothing to restore, neither then nor later."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await retain(database, organization)
    worker = "w" * 24
    with when_due():
        assert await purges._begin(database, organization.id, worker)  # noqa: SLF001 - the step in question
        assert not await succeeds(deletions.restore(database, organization.id, ACT))
        assert await directory.count(database, organization) == DOCUMENTS
        await purges.purge(database, organization.id, worker)
        assert not await succeeds(deletions.restore(database, organization.id, ACT))
    await assert_purged(database, organization)


async def test_purge_does_not_begin_after_restoring(database: Database) -> None:
    """A worker that saw the organization among what was due comes too late, and destroys nothing."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await retain(database, organization)
    with when_due():
        await deletions.restore(database, organization.id, ACT)
        assert not await purges._begin(database, organization.id, "w" * 24)  # noqa: SLF001 - the step in question
        await purges.purge(database, organization.id, "w" * 24)
    await assert_whole(database, organization)


async def test_purge_does_not_begin_in_a_later_retention(database: Database) -> None:
    """A worker that saw a retention that was over meets the next one of the same organization, and leaves it alone."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    await retain(database, organization)
    with when_due():
        await deletions.restore(database, organization.id, ACT)
        await retain(database, organization)
        assert not await purges._begin(database, organization.id, "w" * 24)  # noqa: SLF001 - the step in question
        assert await succeeds(deletions.restore(database, organization.id, ACT))
    await assert_whole(database, organization)


async def test_restoring_and_purging_at_once_have_one_winner(database: Database) -> None:
    """However they meet, the organization is whole again or purged, and two owners do not restore it twice."""
    restored = []
    for turns in range(0, 24, 3):
        organization = await directory.sign_up(database, f"org-{turns}", documents=DOCUMENTS)
        await retain(database, organization)
        with when_due():
            *outcomes, _, _ = await asyncio.gather(
                later(database, turns, succeeds(deletions.restore(database, organization.id, ACT))),
                later(database, turns, succeeds(deletions.restore(database, organization.id, ACT))),
                later(database, 21 - turns, purges.purge_due(database)),
                later(database, 21 - turns, purges.purge_due(database)),
            )
        assert outcomes != [True, True]
        restored.append(any(outcomes))
        await (assert_whole if restored[-1] else assert_purged)(database, organization)
    assert set(restored) == {True, False}


async def test_due_purge_is_complete_or_has_not_begun(database: Database, crash: Crash) -> None:
    """Wherever a due purge is cut off, the organization can be restored whole, or the recovery leaves nothing."""
    bystander = await directory.sign_up(database, "bystander", documents=DOCUMENTS)
    finished, number, restored = False, 0, set()
    while not finished:
        number = crash.after(number)
        organization = await directory.sign_up(database, "victim", documents=DOCUMENTS)
        await retain(database, organization)
        with when_due():
            finished = await crash.run(recovery.recover(crash.database), at_command=number)
            restored.add(await succeeds(deletions.restore(database, organization.id, ACT)))
            if (await read(database, organization)).status is OrganizationStatus.ACTIVE:
                await assert_whole(database, organization)
                await purges.purge(database, organization.id, await deletions.mark(database, organization.id, ACT))
            else:
                await recovery.recover(database, expired_only=False)
        await assert_purged(database, organization)
        await assert_whole(database, bystander)
        await database["organizations"].delete_one({"_id": organization.id})
    assert False in restored
    assert number > 6


async def test_retaining_and_restoring_happen_whole_or_not_at_all(database: Database, crash: Crash) -> None:
    """Wherever they are cut off, the organization is what it was, or deleted with the end of its retention noted."""
    organization = await directory.sign_up(database, "acme", documents=DOCUMENTS)
    finished, number = False, 0
    while not finished:
        number += 1
        await log_in(database, organization)
        finished = await crash.run(retain(crash.database, organization), at_command=number)
        retained = await read(database, organization)
        if retained.status is OrganizationStatus.ACTIVE:
            assert not finished
            await assert_whole(database, organization)
            assert await database["sessions"].count_documents({}) > 0
            await retain(database, organization)
        assert await database["sessions"].count_documents({}) == 0
        finished &= await crash.run(deletions.restore(crash.database, organization.id, ACT), at_command=number)
        restored = await read(database, organization)
        if restored.status is OrganizationStatus.DELETED:
            assert restored.purge_at is not None
            await deletions.restore(database, organization.id, ACT)
        await assert_whole(database, organization)
    assert number > 2


async def test_search_for_due_purges_is_a_range_of_an_index(database: Database) -> None:
    """However many organizations there are, a round of recovery reads those whose retention is over."""
    command = {"find": "organizations", "filter": purges._due()}  # noqa: SLF001 - the query in question
    plan = (await database.client[database.name].command("explain", command))["queryPlanner"]["winningPlan"]
    assert plans.stages_of(plan) == ["FETCH", "IXSCAN"]
    assert plan["inputStage"]["indexName"] == "due_purges"
