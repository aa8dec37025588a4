"""Incidents: counted in memory, within bounds, and recorded at the latest when the process ends."""

import pytest

from resolvers import incidents
from resolvers.incidents import Incidents
from storage import audit_pages
from storage.audit_actions import AuditAction
from storage.audit_pages import AuditEventRecord, AuditFilter
from storage.database import Database, new_id
from storage.organizations import OrganizationRecord
from storage.pages import PageRequest
from storage.placements import StoreStrategy
from tests.storage import directory


async def failures(database: Database, organization: OrganizationRecord) -> list[AuditEventRecord]:
    """Return the failed logins in an organization's trail."""
    narrow = AuditFilter(actions=[AuditAction.SESSION_LOGIN_FAILED])
    page = await audit_pages.find_page(database, organization.id, narrow, PageRequest(limit=100))
    return list(page.items)


async def test_what_was_counted_is_recorded_at_the_end(database: Database) -> None:
    """Closing does not wait for the delay, and loses nothing: one event with all addresses, the first ten of them."""
    organization, counting = await directory.sign_up(database, "acme"), Incidents(database)
    for number in range(30):
        counting.note(incidents.failed_login(organization.id, "a" * 24), f"192.0.2.{number % 15}")
    await counting.close()
    (event,) = await failures(database, organization)
    assert event.details["count"] == 30
    assert event.details["first"] <= event.details["last"]
    assert event.address == ", ".join(f"192.0.2.{number}" for number in range(10))


async def test_an_organization_that_is_gone_keeps_no_other_from_its_trail(database: Database) -> None:
    """What cannot be recorded is left out, the rest is recorded."""
    organization, counting = await directory.sign_up(database, "acme"), Incidents(database)
    gone = directory.new_organization(database, "gone", StoreStrategy.COLLECTION)
    for found in (gone, organization):
        counting.note(incidents.failed_login(found.id, "a" * 24), None)
    await counting.close()
    (event,) = await failures(database, organization)
    assert (event.details["count"], event.address) == (1, None)


async def test_memory_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many kinds at once new ones are not counted; known ones still are."""
    monkeypatch.setattr(incidents, "_MAX_KINDS", 3)
    organization, counting = await directory.sign_up(database, "acme"), Incidents(database)
    admins = [new_id() for _ in range(5)]
    for admin_id in [*admins, *admins]:
        counting.note(incidents.failed_login(organization.id, admin_id), None)
    await counting.close()
    assert {
        event.target.id: event.details["count"] for event in await failures(database, organization)
    } == dict.fromkeys(admins[:3], 2)
