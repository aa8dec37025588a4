"""Inviting and accepting: at the same instant, wherever they are cut off, and when time is up."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from auth.roles import Role
from storage import audit_erasure, deletions, inviting, memberships, recovery
from storage.acts import SYSTEM
from storage.admins import AdminRecord
from storage.conflicts import EmailTakenError
from storage.database import Database
from storage.invitations import LIFETIME, InvitationRecord
from storage.inviting import RenewedTooSoonError, TooManyInvitationsError
from storage.memberships import NotActiveError, NotManageableError
from storage.one_time_tokens import TokenInvalidError
from storage.organizations import OrganizationRecord
from tests import trails as offline
from tests.crashes import Crash
from tests.storage import directory, members, trails

SIGNER = offline.new_signer()
EMAIL = "ada@example.com"


@pytest.fixture
async def organization(database: Database) -> OrganizationRecord:
    """An organization with one owner."""
    return await directory.sign_up(database, "acme")


@pytest.fixture
async def owner(database: Database, organization: OrganizationRecord) -> AdminRecord:
    """Who owns it."""
    return await members.owner_of(database, organization.id)


async def rows(database: Database) -> list[dict[str, Any]]:
    """Return all invitations."""
    return await database["invitations"].find().sort("_id", 1).to_list(None)


async def actions(database: Database) -> Counter[str]:
    """Return how often what was recorded about invitations."""
    events = await database["audit_events"].find({"target.kind": "INVITATION"}).to_list(None)
    return Counter(event["action"].removeprefix("invitation:") for event in events)


async def test_many_who_invite_an_address_make_one_invitation(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """The first at the same instant is sent, the others are told that it was."""
    work = [members.invite(database, owner, email) for email in (EMAIL, EMAIL.upper()) * 4]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert Counter(type(one) for one in results) == {InvitationRecord: 1, RenewedTooSoonError: 7}
    (row,) = await rows(database)
    assert row["state"] == "PENDING"
    assert await actions(database) == {"sent": 1}
    assert await database["outbox"].count_documents({"kind": "INVITATION"}) == 1
    assert await trails.break_in_store(database, SIGNER, organization.id) is None


async def test_many_who_accept_make_one_admin(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """A token is good for one use, whoever is there at the same instant."""
    invitation = await members.invite(database, owner, EMAIL)
    token = await members.token_of(database, invitation)
    work = [members.accept(database, token, organization) for _ in range(8)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert Counter(type(one) for one in results) == {AdminRecord: 1, TokenInvalidError: 7}
    assert await database["admins"].count_documents({"email": EMAIL}) == 1
    assert await database["sessions"].count_documents({}) == 1
    assert await actions(database) == {"sent": 1, "accepted": 1}


async def test_accepting_is_whole_or_not_at_all(
    database: Database,
    fragile: Database,
    crash: Crash,
    organization: OrganizationRecord,
    owner: AdminRecord,
) -> None:
    """Wherever it is cut off, the invitation is pending with its token, or there is an admin with a session."""
    seen, number, finished = set(), 0, False
    while not finished:
        number += 1
        invitation = await members.invite(database, owner, f"friend{number}@example.com")
        token = await members.token_of(database, invitation)
        finished = await crash.run(members.accept(fragile, token, organization), at_command=number)
        row = await database["invitations"].find_one({"_id": invitation.id})
        assert row is not None
        admin = await database["admins"].find_one({"email": invitation.email}) or {}
        live = await database["sessions"].count_documents({"subject_id": admin.get("_id")})
        tokens = await database["one_time_tokens"].count_documents({"subject_id": invitation.id})
        seen.add((row["state"], row.get("admin_id") == admin.get("_id"), bool(admin), live, tokens))
    assert seen <= {("PENDING", True, False, 0, 1), ("ACCEPTED", True, True, 1, 0)}
    assert number > 8
    assert await trails.break_in_store(database, SIGNER, organization.id) is None


@pytest.mark.timeout(120)
async def test_inviter_has_its_right_when_somebody_joins(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """Accepting and removing who has invited, at the same instant, come one after the other, in every round."""
    outcomes = Counter[str]()
    for number in range(12):
        inviter = await members.add(database, organization, Role.ADMIN)
        invitation = await members.invite(database, inviter, f"friend{number}@example.com")
        token = await members.token_of(database, invitation)
        _, joined = await asyncio.gather(
            memberships.remove(database, organization.id, inviter.id, members.act_of(owner.id)),
            members.accept(database, token, organization),
            return_exceptions=True,
        )
        row = await database["invitations"].find_one({"_id": invitation.id})
        assert row is not None
        outcomes[row["state"]] += 1
        assert isinstance(joined, AdminRecord if row["state"] == "ACCEPTED" else TokenInvalidError), joined
        present = await database["admins"].count_documents({"email": invitation.email})
        assert present == (row["state"] == "ACCEPTED")
    assert set(outcomes) <= {"ACCEPTED", "REVOKED"}


async def test_invitation_of_who_is_deactivated_does_not_count(
    database: Database, organization: OrganizationRecord
) -> None:
    """Until its sender is active again; the token is not spent."""
    inviter = await members.add(database, organization, Role.ADMIN)
    token = await members.token_of(database, await members.invite(database, inviter, EMAIL))
    before = await rows(database)
    await database["admins"].update_one({"_id": inviter.id}, {"$set": {"status": "DEACTIVATED"}})
    with pytest.raises(TokenInvalidError):
        await members.accept(database, token, organization)
    assert await rows(database) == before
    assert await database["admins"].count_documents({"email": EMAIL}) == 0
    await database["admins"].update_one({"_id": inviter.id}, {"$set": {"status": "ACTIVE"}})
    assert (await members.accept(database, token, organization)).email == EMAIL


async def test_renewal_has_a_new_end_a_new_mail_and_voids_the_token(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """After a minute an address can be invited again: one row, another role, another inviter."""
    admin = await members.add(database, organization, Role.ADMIN)
    first = await members.invite(database, admin, EMAIL)
    token = await members.token_of(database, first)
    with time_machine.travel(timedelta(seconds=61), tick=True):
        again = await members.invite(database, owner, EMAIL.upper(), Role.ADMIN)
        assert again.expires_at - first.expires_at >= timedelta(seconds=60)
        assert (again.id, again.email, again.role) == (first.id, EMAIL, Role.ADMIN)
        with pytest.raises(TokenInvalidError):
            await members.accept(database, token, organization)
        with pytest.raises(RenewedTooSoonError):
            await members.invite(database, owner, EMAIL)
        await memberships.remove(database, organization.id, admin.id, members.act_of(owner.id))
        joined = await members.accept(database, await members.token_of(database, again), organization)
    assert (joined.email, joined.role) == (EMAIL, Role.ADMIN)
    assert await actions(database) == {"sent": 1, "renewed": 1, "accepted": 1}
    assert await database["outbox"].count_documents({"invitation_id": first.id}) == 2


async def test_renewal_wants_the_right_to_both_roles(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """An admin makes no viewer of whom an owner has invited as more."""
    admin = await members.add(database, organization, Role.ADMIN)
    await members.invite(database, owner, EMAIL, Role.OWNER)
    before = await rows(database)
    with time_machine.travel(timedelta(seconds=61), tick=True), pytest.raises(NotManageableError):
        await members.invite(database, admin, EMAIL)
    with pytest.raises(NotManageableError):
        await members.invite(database, admin, "other@example.com", Role.ADMIN)
    assert await rows(database) == before


async def test_over_is_written_by_recovery(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """After seven days a round ends it, once, and this software is who did it; younger ones stay."""
    await members.invite(database, owner, EMAIL)
    assert await recovery.recover(database) == 0
    with time_machine.travel(LIFETIME + timedelta(seconds=1), tick=True):
        await members.invite(database, owner, "young@example.com")
        rounds = await asyncio.gather(*(recovery.recover(database) for _ in range(4)))
    assert 1 <= sum(rounds) <= 4
    states = {row["email"]: (row["state"], "ended_at" in row) for row in await rows(database)}
    assert states == {EMAIL: ("EXPIRED", True), "young@example.com": ("PENDING", False)}
    (event,) = await database["audit_events"].find({"action": "invitation:expired"}).to_list(None)
    assert event["actor"] == {"kind": "SYSTEM", "id": None}
    assert await trails.break_in_store(database, SIGNER, organization.id) is None


async def test_recovery_ends_a_hundred_a_round(
    database: Database, owner: AdminRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is more waits for the next round."""
    monkeypatch.setattr(inviting, "_EXPIRED_AT_ONCE", 2)
    for number in range(3):
        await members.invite(database, owner, f"friend{number}@example.com")
    with time_machine.travel(LIFETIME, tick=True):
        assert [await inviting.expire_due(database) for _ in range(3)] == [2, 1, 0]


async def test_over_is_written_before_the_address_is_invited_anew(database: Database, owner: AdminRecord) -> None:
    """Where recovery has not been yet: one row ends, another begins, by one transaction."""
    first = await members.invite(database, owner, EMAIL)
    with time_machine.travel(LIFETIME, tick=True):
        second = await members.invite(database, owner, EMAIL)
    assert {row["_id"]: row["state"] for row in await rows(database)} == {first.id: "EXPIRED", second.id: "PENDING"}
    assert await actions(database) == {"sent": 2, "expired": 1}


async def test_pending_invitations_are_bounded(
    database: Database, organization: OrganizationRecord, owner: AdminRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for many who invite at the same instant; what has ended makes room."""
    monkeypatch.setattr(inviting, "MAX_PENDING", 2)
    work = [members.invite(database, owner, f"friend{number}@example.com") for number in range(5)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert Counter(type(one) for one in results) == {InvitationRecord: 2, TooManyInvitationsError: 3}
    (first, _) = [one for one in results if isinstance(one, InvitationRecord)]
    await inviting.revoke(database, organization.id, first.id, members.act_of(owner.id))
    await members.invite(database, owner, EMAIL)
    assert await database["invitations"].count_documents({"state": "PENDING"}) == 2


async def test_members_are_not_invited_those_who_left_are(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """An account of this organization is taken, whatever the case; one that was removed is nobody's."""
    viewer = await members.add(database, organization)
    with pytest.raises(EmailTakenError):
        await members.invite(database, owner, viewer.email.upper())
    assert await rows(database) == []
    await memberships.remove(database, organization.id, viewer.id, members.act_of(owner.id))
    invitation = await members.invite(database, owner, viewer.email)
    joined = await members.accept(database, await members.token_of(database, invitation), organization)
    assert joined.id != viewer.id


async def test_address_that_is_taken_meanwhile_spends_no_token(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """The invitation stays pending, and counts when the address is free again."""
    other = await directory.sign_up(database, "other")
    elsewhere = await members.add(database, other)
    invitation = await members.invite(database, owner, elsewhere.email)
    token = await members.token_of(database, invitation)
    before = await rows(database)
    with pytest.raises(EmailTakenError):
        await members.accept(database, token, organization)
    assert await rows(database) == before
    stranger = await members.owner_of(database, other.id)
    await memberships.remove(database, other.id, elsewhere.id, members.act_of(stranger.id))
    assert (await members.accept(database, token, organization)).organization_id == organization.id


async def test_new_owner_settles_a_sign_up(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """Who accepts has shown that the address is its own: with such an owner nothing lapses, with others it may."""
    limits = {"$set": {"verify_by": owner.created_at, "verify_reminder_at": owner.created_at}}
    await database["organizations"].update_one({"_id": organization.id}, limits)
    lapsing = {"_id": organization.id, "verify_by": owner.created_at, "verify_reminder_at": owner.created_at}
    for role, count in ((Role.ADMIN, 1), (Role.OWNER, 0)):
        invitation = await members.invite(database, owner, f"{role}@example.com", role)
        await members.accept(database, await members.token_of(database, invitation), organization)
        assert await database["organizations"].count_documents(lapsing) == count


async def test_deletion_revokes_for_good(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """A restored organization has nobody invited, and the tokens of before count no more."""
    token = await members.token_of(database, await members.invite(database, owner, EMAIL))
    act = members.act_of(owner.id)
    await deletions.retain(database, organization.id, act, timedelta(days=1))
    (row,) = await rows(database)
    assert (row["state"], await actions(database)) == ("REVOKED", {"sent": 1, "revoked": 1})
    with pytest.raises((TokenInvalidError, NotActiveError)):
        await members.accept(database, token, organization)
    await deletions.restore(database, organization.id, act)
    with pytest.raises(TokenInvalidError):
        await members.accept(database, token, organization)
    assert await rows(database) == [row]


async def test_purge_removes_addresses(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """Of people who never answered nothing is kept, and the other organization's invitations stay."""
    other = await directory.sign_up(database, "other")
    await members.invite(database, owner, EMAIL)
    kept = await members.invite(database, await members.owner_of(database, other.id), EMAIL)
    await directory.delete(database, organization.id)
    assert [row["_id"] for row in await rows(database)] == [kept.id]


async def test_erasure_covers_the_invitation_of_the_admin(
    database: Database, organization: OrganizationRecord, owner: AdminRecord
) -> None:
    """The address is gone from what others did to the invitation, and the trail stays intact."""
    invitation = await members.invite(database, owner, EMAIL)
    await members.invite(database, owner, "other@example.com")
    joined = await members.accept(database, await members.token_of(database, invitation), organization)
    await audit_erasure.erase(database, joined.id, SYSTEM)
    file = await trails.download(database, SIGNER, organization.id)
    assert EMAIL.encode() not in file
    assert b"other@example.com" in file
    assert await trails.break_in_store(database, SIGNER, organization.id) is None
