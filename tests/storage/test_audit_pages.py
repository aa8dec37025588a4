"""Pages of an audit trail: each is a range of an index, and a range of time is exact, equal instants included."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from auth.identifiers import AdminId, OrganizationId
from storage import audit_events, audit_pages
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.audit_pages import AuditFilter
from storage.database import Database
from storage.organizations import OrganizationRecord
from storage.pages import PageRequest
from tests.storage import directory, plans

START = datetime(2030, 1, 1, tzinfo=UTC)
ALL = PageRequest(limit=100)
FILTERS = [
    AuditFilter(),
    AuditFilter(actor_id=AdminId("a" * 24)),
    AuditFilter(actions=[AuditAction.SESSION_OPENED]),
    AuditFilter(target=Target(TargetKind.ADMIN, "b" * 24)),
]


async def record(database: Database, organization: OrganizationRecord, name: str) -> None:
    """Record an event."""
    event = NewEvent(AuditAction.DOCUMENT_TYPE_SCHEMA_SET, Target(TargetKind.DOCUMENT_TYPE, name))
    await database.transaction(
        lambda tx: audit_events.record(database, tx, organization.id, directory.ACT, event),
    )


async def test_ranges_of_time_are_exact(database: Database) -> None:
    """Every boundary between events, and those that were recorded within one millisecond."""
    organization = await directory.sign_up(database, "acme")
    with time_machine.travel(START, tick=False) as clock:
        for step in range(4):
            for number in range(2):
                await record(database, organization, f"type-{step}-{number}")
            clock.shift(timedelta(milliseconds=1))

    async def seqs(first: int | None, end: int | None) -> list[int]:
        narrow = AuditFilter(
            from_time=None if first is None else START + timedelta(milliseconds=first),
            before_time=None if end is None else START + timedelta(milliseconds=end),
        )
        found = await audit_pages.find_page(database, organization.id, narrow, ALL)
        return [event.seq for event in found.items]

    assert await seqs(0, None) == [9, 8, 7, 6, 5, 4, 3, 2]
    assert await seqs(1, 3) == [7, 6, 5, 4]
    assert await seqs(3, None) == [9, 8]
    assert await seqs(4, None) == []
    assert await seqs(None, 0) == [1]
    assert await seqs(2, 2) == []
    assert await seqs(None, 100) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


async def test_time_never_goes_back_along_a_chain(database: Database) -> None:
    """A clock that is put back does not put an event before the one it follows."""
    organization = await directory.sign_up(database, "acme")
    with time_machine.travel(START, tick=False):
        await record(database, organization, "late")
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        await record(database, organization, "early")
    newest, before, _ = (await audit_pages.find_page(database, organization.id, AuditFilter(), ALL)).items
    assert newest.at == before.at == START


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("narrow", FILTERS)
async def test_pages_are_read_in_the_order_of_an_index(
    database: Database, narrow: AuditFilter, *, backwards: bool
) -> None:
    """The plan of a page behind a cursor has an index scan and no sort."""
    page = PageRequest(10, after=(50, ""), backwards=backwards)
    query, sort = audit_pages.page_query(OrganizationId("a" * 24), narrow, page, first=3, end=70)
    assert query["seq"] == {"$gte": 3, "$lt": 50}
    embedded = not (await database.capabilities()).drops_at_once
    if embedded:  # Its planner heeds an equality that stands alone, no more.
        query = {"organization_id": query["organization_id"]}
    found = await plans.stages(database, audit_events.COLLECTION, query, sort)
    assert "IXSCAN" in found
    assert embedded or "SORT" not in found
