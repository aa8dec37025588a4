"""Pages of the admins of many organizations at once: the same whether they are few or many."""

from datetime import UTC, datetime, timedelta

import pytest

from auth.identifiers import AdminId, OrganizationId
from auth.roles import Role
from storage import admins
from storage.admins import AdminRecord, AdminStatus, email_key
from storage.database import Database, new_id
from storage.pages import PageRequest
from tests.commands import Commands
from tests.storage import plans

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


async def hire(database: Database, organization_id: OrganizationId, count: int) -> list[AdminId]:
    """Store admins of an organization, two at each instant; return their ids, oldest first."""
    records = [
        AdminRecord(
            id=AdminId(new_id()),
            organization_id=organization_id,
            email=f"{new_id()}@example.com",
            name=None,
            role=Role.ADMIN,
            status=AdminStatus.ACTIVE,
            email_verified=True,
            password_hash="x",
            created_at=BEGIN + timedelta(minutes=number // 2),
        )
        for number in range(count)
    ]
    await database["admins"].insert_many([admins.to_document(record) for record in records])
    return [record.id for record in records]


@pytest.fixture
async def staff(database: Database) -> dict[OrganizationId, list[AdminId]]:
    """Three organizations with some admins each; of the last one, one is removed."""
    found = {OrganizationId(new_id()): list[AdminId]() for _ in range(3)}
    for number, organization_id in enumerate(found):
        await database["organizations"].insert_one({"_id": organization_id, "status": "ACTIVE"})
        found[organization_id] = await hire(database, organization_id, 2 * number + 1)
    removed = found[organization_id].pop(2)
    await database["admins"].update_one({"_id": removed}, {"$set": {"removed_at": BEGIN}})
    return found


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("limit", "commands"), [(1, ["find", "aggregate"]), (2, ["find"]), (20, ["find"])])
async def test_pages_of_many(
    watched: tuple[Database, Commands],
    staff: dict[OrganizationId, list[AdminId]],
    limit: int,
    commands: list[str],
    *,
    backwards: bool,
) -> None:
    """The first or the last of each; in one command, unless they are too many for that."""
    client, noted = watched
    before = len(noted.names)
    found = await admins.find_pages(client, list(staff), PageRequest(limit, backwards=backwards))
    assert noted.names[before:] == commands
    for organization_id, ids in staff.items():
        page = found[organization_id]
        assert [admin.id for admin in page.items] == (ids[-limit:] if backwards else ids[:limit])
        assert (page.has_previous if backwards else page.has_next) is (len(ids) > limit)


async def test_one_with_very_many(database: Database, staff: dict[OrganizationId, list[AdminId]]) -> None:
    """Takes nothing from the others."""
    crowd = next(iter(staff))
    staff[crowd] += await hire(database, crowd, 90)
    found = await admins.find_pages(database, list(staff), PageRequest(20))
    assert {len(found[organization_id].items) for organization_id in list(staff)[1:]} == {3, 4}
    assert len(found[crowd].items) == 20
    assert found[crowd].has_next
    assert {admin.id for admin in found[crowd].items} <= {*staff[crowd]}


async def test_account_is_found_by_the_index_of_its_address(database: Database) -> None:
    """A login reads one record, however many accounts there are."""
    stages = await plans.stages(database, admins.COLLECTION, {"email_key": email_key("ada@example.com")}, [("_id", 1)])
    assert "IXSCAN" in stages
    assert "COLLSCAN" not in stages
