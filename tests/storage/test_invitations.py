"""The collection of invitations: its pages, and its unique index."""

from datetime import UTC, datetime

import pytest
from pymongo.errors import DuplicateKeyError

from auth.identifiers import OrganizationId
from storage import invitations
from storage.admins import AdminRecord
from storage.database import Database
from storage.invitations import InvitationState
from storage.pages import PageRequest
from tests.storage import directory, members, plans


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("states", [None, [InvitationState.PENDING]])
async def test_pages_are_read_in_the_order_of_an_index(
    database: Database, states: list[InvitationState] | None, *, backwards: bool
) -> None:
    """The plan of a page behind a cursor has an index scan and no sort."""
    page = PageRequest(10, after=(datetime(2026, 1, 1, tzinfo=UTC), "0" * 24), backwards=backwards)
    pipeline = invitations.page_stages(OrganizationId("a" * 24), states, page)
    heeded = {"organization_id": "a" * 24, **({} if states is None else {"state": states[0]})}
    found = await plans.stages_of_page(database, invitations.COLLECTION, pipeline, heeded=heeded)
    assert "IXSCAN" in found
    assert not plans.SORTS & set(found)


async def test_due_invitations_are_found_by_an_index(database: Database) -> None:
    """The sweep looks at what is due only."""
    query = {"state": InvitationState.PENDING, "expires_at": {"$lte": datetime(2026, 1, 1, tzinfo=UTC)}}
    assert "IXSCAN" in await plans.stages(database, invitations.COLLECTION, query)


async def test_address_has_one_pending_invitation_to_an_organization(database: Database) -> None:
    """However it is spelled; beside ended ones, and beside pending ones to others."""
    one, other = [await directory.sign_up(database, slug) for slug in ("one", "other")]
    owner, stranger = [await members.owner_of(database, organization.id) for organization in (one, other)]

    async def insert(inviter: AdminRecord, email: str) -> None:
        record = members.new_invitation(inviter, email)
        await database.transaction(lambda tx: invitations.insert(database, tx, record))

    await insert(owner, "ada@example.com")
    await insert(stranger, "ada@example.com")
    with pytest.raises(DuplicateKeyError):
        await insert(owner, "ADA@example.com")
    await database["invitations"].update_one({"organization_id": one.id}, {"$set": {"state": "DECLINED"}})
    await insert(owner, "ADA@example.com")
