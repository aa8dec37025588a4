"""The collection of sessions: its pages, its rotation, and ending all of an account's."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auth.identifiers import AdminId, SessionId
from storage import accounts, sessions
from storage.database import Database, new_id, now
from storage.pages import PageRequest
from storage.sessions import SessionRecord
from tests import trails as offline
from tests.crashes import Crash
from tests.storage import directory, members, plans, trails

SIGNER = offline.new_signer()


async def open_session(database: Database, record: SessionRecord) -> SessionRecord:
    """Store a session."""
    await database.transaction(lambda tx: sessions.insert(database, tx, record))
    return record


async def rotate(database: Database, session: SessionRecord, successor: bytes) -> SessionRecord | None:
    """Renew a session that was read before."""
    end = now() + timedelta(days=1)
    return await sessions.rotate(
        database, session, successor=successor, idle_expires_at=end, user_agent="Test", address="192.0.2.7"
    )


@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_are_read_in_the_order_of_an_index(database: Database, *, backwards: bool) -> None:
    """The plan of a page behind a cursor has an index scan and no sort."""
    page = PageRequest(10, after=(datetime(2026, 1, 1, tzinfo=UTC), "0" * 24), backwards=backwards)
    pipeline = sessions.page_stages(AdminId("a" * 24), page)
    heeded = {name: pipeline[0]["$match"][name] for name in ("subject_id", "revoked_at")}
    found = await plans.stages_of_page(database, sessions.COLLECTION, pipeline, heeded=heeded)
    assert "IXSCAN" in found
    assert not plans.SORTS & set(found)


async def test_all_sessions_of_an_account_are_found_by_an_index(database: Database) -> None:
    """Those that were not ended."""
    query = {"subject_id": "a" * 24, "revoked_at": None}
    assert "IXSCAN" in await plans.stages(database, sessions.COLLECTION, query)


async def test_one_of_many_rotations_wins(database: Database) -> None:
    """Whoever comes later is told, and the winner's successor stands with the one before it."""
    organization = await directory.sign_up(database, "acme")
    session = await open_session(database, members.new_session(await members.owner_of(database, organization.id)))
    attempts = [rotate(database, session, b"%d" % number) for number in range(10)]
    (winner,) = [found for found in await asyncio.gather(*attempts) if found is not None]
    assert (await sessions.find_by_ids(database, [session.id]))[session.id] == winner
    assert winner.refresh.previous == session.refresh.current
    assert (winner.user_agent, winner.address) == ("Test", "192.0.2.7")


async def test_ended_session_is_not_rotated(database: Database) -> None:
    """A renewal that was under way when the session ended comes too late."""
    organization = await directory.sign_up(database, "acme")
    session = await open_session(database, members.new_session(await members.owner_of(database, organization.id)))
    await accounts.end_sessions(database, session.subject_id, organization.id, directory.ACT)
    before = await database["sessions"].find_one({"_id": session.id})
    assert await rotate(database, session, b"successor") is None
    assert await database["sessions"].find_one({"_id": session.id}) == before


async def test_all_sessions_end_or_none(database: Database, fragile: Database, crash: Crash) -> None:
    """Wherever it is cut off, all have ended and it is recorded, or nothing has happened; others never end."""
    organization = await directory.sign_up(database, "acme")
    bystander = await open_session(database, members.new_session(await members.owner_of(database, organization.id)))
    seen, number, finished = set(), 0, False
    while not finished:
        number += 1
        admin_id = AdminId(new_id())
        for _ in range(3):
            own = replace(bystander, id=SessionId(new_id()), subject_id=admin_id)
            await open_session(database, own)
        work = accounts.end_sessions(fragile, admin_id, organization.id, directory.ACT, keep=own.id)
        finished = await crash.run(work, at_command=number)
        live = await database["sessions"].count_documents({"subject_id": admin_id, "revoked_at": None})
        events = await database["audit_events"].find({"target.id": admin_id}).to_list(None)
        seen.add((live, *[event["details"]["endedSessions"] for event in events]))
        assert own.id in await sessions.find_by_ids(database, [own.id])
    assert seen <= {(3,), (1, 2)}
    assert (1, 2) in seen
    assert number > 4
    assert bystander.id in await sessions.find_by_ids(database, [bystander.id])
    assert await trails.break_in_store(database, SIGNER, organization.id) is None
