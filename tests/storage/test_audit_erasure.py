"""Erasing what is personal about an admin."""

from dataclasses import replace

import pytest

from auth.identifiers import AdminId, OrganizationId, SessionId
from storage import audit_erasure, audit_events, checkpoints
from storage.acts import SYSTEM, UNKNOWN, Act
from storage.audit_actions import AuditAction
from storage.audit_erasure import NoSuchAdminError
from storage.database import Database, Document
from tests import trails as offline
from tests.storage import directory, trails

SIGNER = offline.new_signer()
OTHER = replace(trails.ACT, actor=replace(trails.ACT.actor, id=AdminId("b" * 24)), address="192.0.2.99")


async def owner_of(database: Database, organization_id: OrganizationId) -> AdminId:
    """Return who owns an organization."""
    owner = await database["admins"].find_one({"organization_id": organization_id})
    assert owner is not None
    return AdminId(owner["_id"])


async def personal(database: Database) -> list[Document]:
    """Return the events that have personal values."""
    events = database[audit_events.COLLECTION].find({"personal": {"$exists": True}})
    return await events.sort("_id", 1).to_list(None)


async def test_personal_values_go_and_the_trail_stays_intact(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of events that the admin did and of those done to it, in the database and in the file, in small parts."""
    monkeypatch.setattr(audit_erasure, "_EVENTS_AT_ONCE", 2)
    organization = await directory.sign_up(database, "acme")
    admin_id = await owner_of(database, organization.id)
    mine = replace(trails.ACT, actor=replace(trails.ACT.actor, id=admin_id), session_id=SessionId("c" * 24))
    stolen = Act(UNKNOWN, mine.session_id, trails.ADDRESS)
    await trails.record(database, organization.id, times=5, checkpoint=True, act=mine)
    await checkpoints.sign(database, SIGNER, organization.id)
    await trails.record(database, organization.id, act=Act(UNKNOWN, address=trails.ADDRESS), admin_id=admin_id)
    await trails.record(database, organization.id, act=stolen, action=AuditAction.SESSION_REFRESH_REUSED)
    before = await trails.download(database, SIGNER, organization.id)
    assert b"canary" in before
    assert trails.ADDRESS.encode() in before
    count = await audit_erasure.erase(database, admin_id, SYSTEM)
    assert count == 8
    assert await personal(database) == []
    after = await trails.download(database, SIGNER, organization.id)
    assert b"canary" not in after
    assert trails.ADDRESS.encode() not in after
    assert offline.verify(after, SIGNER.keys).events == 9
    assert await trails.break_in_store(database, SIGNER, organization.id) is None
    last = await database[audit_events.COLLECTION].find_one({"seq": 9})
    assert last is not None
    assert (last["action"], last["target"]["id"], last["details"]) == ("admin:erased", admin_id, {"events": 8})


async def test_what_others_did_to_others_stays(database: Database) -> None:
    """Only the admin's own events are touched, and only those of its organization."""
    organization, neighbour = [await directory.sign_up(database, slug) for slug in ("acme", "neighbour")]
    admin_id = await owner_of(database, organization.id)
    await trails.record(database, organization.id, act=OTHER)
    await trails.record(database, organization.id, act=OTHER, action=AuditAction.SESSION_REFRESH_REUSED)
    await trails.record(database, neighbour.id)
    before = await personal(database)
    assert await audit_erasure.erase(database, admin_id, SYSTEM) == 1  # The sign-up.
    assert await personal(database) == before[1:]


async def test_unknown_admin_is_refused(database: Database) -> None:
    """Nothing is recorded then."""
    organization = await directory.sign_up(database, "acme")
    await trails.record(database, organization.id)
    with pytest.raises(NoSuchAdminError):
        await audit_erasure.erase(database, AdminId("f" * 24), SYSTEM)
    assert await database[audit_events.COLLECTION].count_documents({}) == 2
