"""Sign-ups that nobody verifies: a reminder, then the end, unless somebody does at the last moment."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from auth.identifiers import OrganizationId
from auth.one_time_tokens import TokenPurpose
from storage import account_tokens, deletions, email_verifications, lapses, recovery, sign_ups, slugs
from storage.admins import AdminRecord
from storage.database import Database, now
from storage.one_time_tokens import TokenInvalidError
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy
from tests.storage import directory, members

WEEK = timedelta(days=7)


async def sign_up(database: Database, slug: str = "acme", period: timedelta | None = WEEK) -> OrganizationRecord:
    """Sign an organization up that has to be verified."""
    organization = directory.new_organization(database, slug, StoreStrategy.COLLECTION)
    owner = directory.new_owner(organization, f"{slug}@example.com")
    return await sign_ups.sign_up(database, organization, owner, None, directory.hash_nothing, directory.ACT, period)


async def later(database: Database, organization: OrganizationRecord, time: timedelta) -> None:
    """Let time pass for an organization."""
    found = await record(database, organization)
    names = [name for name in ("verify_by", "verify_reminder_at") if name in found]
    earlier = {name: found[name] - time for name in names}
    await database["organizations"].update_one({"_id": organization.id}, {"$set": earlier})


async def to_the_end(database: Database, organization: OrganizationRecord) -> None:
    """Let time pass until the end of the period, with the reminder in between."""
    await later(database, organization, timedelta(days=5))
    await lapses.sweep(database)
    await later(database, organization, timedelta(days=2))


async def record(database: Database, organization: OrganizationRecord) -> dict[str, Any]:
    """Return an organization as it is stored."""
    found = await database["organizations"].find_one({"_id": organization.id})
    assert found is not None
    return found


async def reminders(database: Database) -> list[str]:
    """Return to whom reminders are to be sent."""
    found = await database["outbox"].find({"kind": "SIGN_UP_LAPSING"}).to_list(None)
    return sorted(mail["to"] for mail in found)


async def token_of(database: Database, organization: OrganizationRecord) -> tuple[AdminRecord, str]:
    """Return the owner, and a token to verify its address with."""
    owner = await members.owner_of(database, organization.id)
    purpose = TokenPurpose.EMAIL_VERIFICATION
    token, _ = await database.transaction(lambda tx: account_tokens.issue(database, tx, purpose, owner))
    return owner, token


@pytest.mark.parametrize(
    ("period", "reminder"), [(7, 5.0), (30, 28.0), (4, 2.0), (2, 1.0)], ids=["week", "month", "short", "shorter"]
)
def test_reminder_is_two_days_before(period: int, reminder: float) -> None:
    """Or after half of a short period."""
    at = now()
    found = lapses.deadlines(at, timedelta(days=period))
    assert found == {"verify_by": at + timedelta(days=period), "verify_reminder_at": at + timedelta(days=reminder)}


async def test_nothing_lapses_without_a_period(database: Database) -> None:
    """Where no mails are sent nobody can verify."""
    assert not {"verify_by", "verify_reminder_at"} & set(await record(database, await sign_up(database, period=None)))


async def test_owners_are_reminded_once(database: Database) -> None:
    """Of several sweeps at the same moment one does it, when it is time."""
    organization = await sign_up(database)
    assert await lapses.sweep(database) == 0
    await later(database, organization, timedelta(days=5, seconds=1))
    assert sum(await asyncio.gather(*[lapses.sweep(database) for _ in range(4)])) == 1
    assert await lapses.sweep(database) == 0
    assert await reminders(database) == ["acme@example.com"]
    assert (await record(database, organization))["status"] == OrganizationStatus.ACTIVE


async def test_late_reminder_puts_the_end_off(database: Database) -> None:
    """After an outage nobody loses anything without having heard of it two days before."""
    organization = await sign_up(database)
    await later(database, organization, timedelta(days=30))
    assert await lapses.sweep(database) == 1
    assert await reminders(database) == ["acme@example.com"]
    found = await record(database, organization)
    assert found["status"] == OrganizationStatus.ACTIVE
    assert abs(found["verify_by"] - now() - timedelta(days=2)) < timedelta(minutes=1)
    await later(database, organization, timedelta(days=2))
    assert await lapses.sweep(database) == 1
    assert (await record(database, organization))["status"] == OrganizationStatus.DELETED


async def test_sign_up_lapses(database: Database) -> None:
    """Slug, email and store are free again; the trail says that it lapsed, by nobody's hand."""
    organization = await sign_up(database)
    await to_the_end(database, organization)
    assert sum(await asyncio.gather(*[lapses.sweep(database) for _ in range(4)])) >= 1
    found = await record(database, organization)
    assert (found["status"], found["placement"]) == (OrganizationStatus.DELETED, None)
    assert not {"verify_by", "verify_reminder_at", "lease"} & set(found)
    (event,) = await database["audit_events"].find({"action": "organization:deleted"}).to_list(None)
    assert (event["actor"], event["details"]["lapsed"]) == ({"kind": "SYSTEM", "id": None}, True)
    assert await directory.stores(database) == []
    assert not await slugs.is_taken(database, "acme")
    again = await sign_up(database)
    assert (await record(database, again))["status"] == OrganizationStatus.ACTIVE


async def test_recovery_sweeps(database: Database) -> None:
    """A server does so by itself."""
    organization = await sign_up(database)
    await to_the_end(database, organization)
    await recovery.recover(database)
    assert (await record(database, organization))["status"] == OrganizationStatus.DELETED


async def test_deletion_by_hand_does_not_say_lapsed(database: Database) -> None:
    """Only what lapsed says so; and nothing is swept that is deleted already."""
    organization = await sign_up(database)
    await to_the_end(database, organization)
    await deletions.retain(database, organization.id, directory.ACT, WEEK)
    assert await lapses.sweep(database) == 0
    (event,) = await database["audit_events"].find({"action": "organization:deleted"}).to_list(None)
    assert "lapsed" not in event["details"]
    assert (await record(database, organization))["purge_at"] > now()


async def test_verification_before_the_end_keeps_it(database: Database) -> None:
    """Nothing is reminded of, and nothing deleted."""
    organization = await sign_up(database)
    owner, token = await token_of(database, organization)
    await email_verifications.verify(database, token, members.act_of(owner.id))
    await to_the_end(database, organization)
    assert await lapses.sweep(database) == 0
    assert (await record(database, organization))["status"] == OrganizationStatus.ACTIVE
    assert await reminders(database) == []


@pytest.mark.parametrize("number", range(3))
async def test_race_of_verification_and_lapse(database: Database, number: int) -> None:
    """At the same moment one of them wins, wholly."""
    organization = await sign_up(database, f"acme-{number}")
    owner, token = await token_of(database, organization)
    await to_the_end(database, organization)
    verifying = email_verifications.verify(database, token, members.act_of(owner.id))
    verified, swept = await asyncio.gather(verifying, lapses.sweep(database), return_exceptions=True)
    found = await record(database, organization)
    account = (await database["admins"].find_one({"_id": owner.id})) or {}
    if isinstance(verified, AdminRecord):
        assert (found["status"], account["email_verified"]) == (OrganizationStatus.ACTIVE, True)
        assert "verify_by" not in found
    else:
        assert isinstance(verified, TokenInvalidError)
        assert swept == 1
        assert (found["status"], account["email_verified"]) == (OrganizationStatus.DELETED, False)
        assert await database["audit_events"].count_documents({"action": "admin:email_verified"}) == 0


async def test_verification_that_is_first_wins(database: Database) -> None:
    """A sweep that has found the organization before, and comes to it late, leaves it alone."""
    organization = await sign_up(database)
    owner, token = await token_of(database, organization)
    await to_the_end(database, organization)
    await email_verifications.verify(database, token, members.act_of(owner.id))
    with pytest.raises(deletions.NotDeletableError):
        await deletions.mark_lapsed(database, organization.id)
    assert (await record(database, organization))["status"] == OrganizationStatus.ACTIVE


async def test_organization_that_is_being_moved_waits(database: Database) -> None:
    """A later round deletes it."""
    organization = await sign_up(database)
    await to_the_end(database, organization)
    key = {"_id": OrganizationId(organization.id)}
    await database["organizations"].update_one(key, {"$set": {"migration_id": "m"}})
    await lapses.sweep(database)
    assert (await record(database, organization))["status"] == OrganizationStatus.ACTIVE
    await database["organizations"].update_one(key, {"$unset": {"migration_id": ""}})
    assert await lapses.sweep(database) == 1
    assert (await record(database, organization))["status"] == OrganizationStatus.DELETED


async def test_suspended_organization_lapses_when_it_is_reactivated(database: Database) -> None:
    """What an operator has suspended stays as it is."""
    organization = await sign_up(database)
    await to_the_end(database, organization)
    suspended = {"$set": {"status": OrganizationStatus.SUSPENDED}}
    await database["organizations"].update_one({"_id": organization.id}, suspended)
    await lapses.sweep(database)
    assert (await record(database, organization))["status"] == OrganizationStatus.SUSPENDED
    active = {"$set": {"status": OrganizationStatus.ACTIVE}}
    await database["organizations"].update_one({"_id": organization.id}, active)
    await lapses.sweep(database)
    assert (await record(database, organization))["status"] == OrganizationStatus.DELETED
