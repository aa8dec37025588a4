"""Memberships: what is decided in their transactions, at the same instant, and wherever they are cut off."""

import asyncio
import itertools
from typing import Any

import pytest

from auth.roles import Role
from storage import memberships
from storage.admins import AdminRecord
from storage.database import Database, Session
from storage.invitations import InvitationState
from storage.memberships import LastOwnerError, NotActiveError, NotManageableError
from storage.organizations import OrganizationRecord, OrganizationStatus
from tests import trails as offline
from tests.crashes import Crash
from tests.storage import directory, members, trails

SIGNER = offline.new_signer()


async def state_of(database: Database, admin: AdminRecord) -> tuple[Any, ...]:
    """Return what tells whether an admin is still what it was, in one line."""
    found = await database["admins"].find_one({"_id": admin.id})
    assert found is not None
    live = await database["sessions"].count_documents({"subject_id": admin.id, "revoked_at": None})
    pending = await database["invitations"].count_documents({"invited_by.id": admin.id, "state": "PENDING"})
    events = await database["audit_events"].count_documents({"target.id": admin.id})
    return found["role"], "email_key" in found, "removed_at" in found, live, pending, events


@pytest.fixture
async def organization(database: Database) -> OrganizationRecord:
    """An organization with one owner."""
    return await directory.sign_up(database, "acme")


async def test_removal_is_whole_or_not_at_all(
    database: Database, fragile: Database, crash: Crash, organization: OrganizationRecord
) -> None:
    """Wherever it is cut off, the admin is a member with all it had, or out with nothing left."""
    owner = await members.owner_of(database, organization.id)
    seen, number, finished = set(), 0, False
    while not finished:
        number += 1
        admin = await members.add(database, organization, Role.ADMIN)
        await members.invite(database, admin, f"friend{number}@example.com")
        work = memberships.remove(fragile, organization.id, admin.id, members.act_of(owner.id))
        finished = await crash.run(work, at_command=number)
        seen.add(await state_of(database, admin))
    assert seen <= {("ADMIN", True, False, 1, 1, 0), ("ADMIN", False, True, 0, 0, 1)}
    assert number > 8
    assert await trails.break_in_store(database, SIGNER, organization.id) is None


async def test_new_role_is_whole_or_not_at_all(
    database: Database, fragile: Database, crash: Crash, organization: OrganizationRecord
) -> None:
    """Wherever it is cut off, the admin is what it was, or is something else with its sessions ended."""
    owner = await members.owner_of(database, organization.id)
    seen, number, finished = set(), 0, False
    while not finished:
        number += 1
        admin = await members.add(database, organization, Role.ADMIN)
        await members.invite(database, admin, f"friend{number}@example.com")
        work = memberships.set_role(fragile, organization.id, admin.id, Role.VIEWER, members.act_of(owner.id))
        finished = await crash.run(work, at_command=number)
        seen.add(await state_of(database, admin))
    assert seen <= {("ADMIN", True, False, 1, 1, 0), ("VIEWER", True, False, 0, 0, 1)}
    assert number > 8


@pytest.mark.timeout(120)
async def test_there_is_an_owner_whatever_many_do_at_once(database: Database, organization: OrganizationRecord) -> None:
    """Four owners who all strike at all others at the same instant leave at least one, in every round."""
    first = await members.owner_of(database, organization.id)
    for _ in range(5):
        owners = [first, *[await members.add(database, organization, Role.OWNER) for _ in range(3)]]
        strikes = []
        for striker, victim in itertools.permutations(owners, 2):
            act = members.act_of(striker.id)
            demotion = memberships.set_role(database, organization.id, victim.id, Role.VIEWER, act)
            strikes += [demotion, memberships.remove(database, organization.id, victim.id, act)]
        leaving = [memberships.leave(database, organization.id, one.id, members.act_of(one.id)) for one in owners]
        refusals = await asyncio.gather(*strikes, *leaving, return_exceptions=True)
        assert {type(one) for one in refusals} <= {AdminRecord, type(None), NotManageableError, LastOwnerError}
        query = {"role": "OWNER", "status": "ACTIVE", "removed_at": None}
        left = await database["admins"].find(query).to_list(None)
        assert left
        (found,) = [owner for owner in owners if owner.id == left[0]["_id"]]
        first = found


async def test_right_is_looked_at_in_the_transaction(database: Database, organization: OrganizationRecord) -> None:
    """Who has been demoted, deactivated or removed since it was authorized changes nobody any more."""
    owner = await members.owner_of(database, organization.id)
    victim = await members.add(database, organization)
    former = {
        "demoted": await members.add(database, organization, Role.ADMIN),
        "deactivated": await members.add(database, organization, Role.OWNER),
        "removed": await members.add(database, organization, Role.OWNER),
    }
    await memberships.set_role(database, organization.id, former["demoted"].id, Role.VIEWER, members.act_of(owner.id))
    await database["admins"].update_one({"_id": former["deactivated"].id}, {"$set": {"status": "DEACTIVATED"}})
    await memberships.remove(database, organization.id, former["removed"].id, members.act_of(owner.id))
    before = await state_of(database, victim)
    for one in former.values():
        act = members.act_of(one.id)
        with pytest.raises(NotManageableError):
            await memberships.remove(database, organization.id, victim.id, act)
        with pytest.raises(NotManageableError):
            await memberships.set_role(database, organization.id, victim.id, Role.ADMIN, act)
        with pytest.raises(NotManageableError):
            await members.invite(database, one, "friend@example.com")
    assert await state_of(database, victim) == before


async def test_strangers_are_no_members(database: Database, organization: OrganizationRecord) -> None:
    """An owner changes nobody of another organization, whatever is asked of storage."""
    other = await directory.sign_up(database, "other")
    owner, stranger = [await members.owner_of(database, one.id) for one in (organization, other)]
    before = await state_of(database, stranger)
    for organization_id in (organization.id, other.id):
        with pytest.raises(NotManageableError):
            await memberships.remove(database, organization_id, stranger.id, members.act_of(owner.id))
    assert await state_of(database, stranger) == before


async def test_changes_of_memberships_come_one_after_another(
    database: Database, organization: OrganizationRecord
) -> None:
    """Who begins one while another is under way gets on with it when that is over."""
    begun, over = asyncio.Event(), asyncio.Event()
    seen = []

    async def first(tx: Session) -> None:
        await memberships.touch(database, tx, organization.id)
        begun.set()
        await over.wait()
        seen.append("first")

    async def second(tx: Session) -> None:
        await memberships.touch(database, tx, organization.id)
        seen.append("second")

    one = asyncio.create_task(database.transaction(first))
    await begun.wait()
    other = asyncio.create_task(database.transaction(second))
    await asyncio.wait({other}, timeout=0.2)
    over.set()
    await asyncio.gather(one, other)
    assert seen == ["first", "second"]


async def test_touch_wants_one_of_the_states(database: Database, organization: OrganizationRecord) -> None:
    """An active organization unless others are allowed, too."""
    suspended = {"$set": {"status": OrganizationStatus.SUSPENDED}}
    await database["organizations"].update_one({"_id": organization.id}, suspended)
    with pytest.raises(NotActiveError):
        await database.transaction(lambda tx: memberships.touch(database, tx, organization.id))
    statuses = [OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]
    await database.transaction(lambda tx: memberships.touch(database, tx, organization.id, statuses))


async def test_new_owner_settles_a_sign_up(database: Database, organization: OrganizationRecord) -> None:
    """Once somebody whose address is verified owns it, it does not lapse; for others it may."""
    owner = await members.owner_of(database, organization.id)
    at = owner.created_at
    limits = {"$set": {"verify_by": at, "verify_reminder_at": at}}
    await database["organizations"].update_one({"_id": organization.id}, limits)
    lapsing = {"_id": organization.id, "verify_by": at, "verify_reminder_at": at}
    for verified in (False, True):
        admin = await members.add(database, organization)
        await database["admins"].update_one({"_id": admin.id}, {"$set": {"email_verified": verified}})
        await memberships.set_role(database, organization.id, admin.id, Role.OWNER, members.act_of(owner.id))
        assert await database["organizations"].count_documents(lapsing) == (0 if verified else 1)


async def test_many_invitations_are_revoked_with_one_link_each(
    database: Database, organization: OrganizationRecord
) -> None:
    """The chain stays whole, and names every invitation of the removed admin."""
    owner, admin = (
        await members.owner_of(database, organization.id),
        await members.add(database, organization, Role.ADMIN),
    )
    invited = [await members.invite(database, admin, f"friend{number}@example.com") for number in range(120)]
    await memberships.remove(database, organization.id, admin.id, members.act_of(owner.id))
    revoked = await database["audit_events"].find({"action": "invitation:revoked"}).sort("seq", 1).to_list(None)
    assert {event["target"]["id"] for event in revoked} == {invitation.id for invitation in invited}
    assert await database["invitations"].count_documents({"state": InvitationState.REVOKED}) == 120
    assert await trails.break_in_store(database, SIGNER, organization.id) is None
