"""Deleting an organization through the interface that clients see."""

import asyncio
from typing import Any

import pytest

from storage.database import Database
from storage.placements import StoreStrategy
from tests.api import API, Member

DELETE = """
mutation ($input: DeleteOrgInput!) {
  deleteOrg(input: $input) { organization { name slug status } errors { code path } }
}
"""
TOMBSTONE = """
query ($id: ID) {
  organization(id: $id) { status deletedAt deletedBy { id displayName } tenantStore { database } }
}
"""
BY_ID = "query ($id: ID) { organization(id: $id) { name status } }"
VIEWER = "{ viewer { admin { email } } }"
strategies = pytest.mark.parametrize("changed_settings", [{"tenant_store": strategy} for strategy in StoreStrategy])


async def delete(api: API, member: Member, slug: str | None = None) -> dict[str, Any]:
    """Delete an organization as its owner and return the payload."""
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": slug or member.slug}}
    payload: dict[str, Any] = (await api.data(DELETE, variables, token=member.token))["deleteOrg"]
    return payload


async def fill(database: Database, slug: str) -> tuple[str, str, str]:
    """Put documents into an organization's store; return database, collection and organization."""
    document = await database["organizations"].find_one({"slug": slug})
    assert document is not None
    placement, organization_id = document["placement"], document["_id"]
    shared = placement["strategy"] == StoreStrategy.SHARED
    collection = database.client[placement["database"]][placement["collection"]]
    await collection.insert_many({"_id": {"org": organization_id, "id": n} if shared else n} for n in range(1050))
    return placement["database"], placement["collection"], organization_id


@strategies
async def test_delete_destroys_the_data_and_keeps_the_record(api: API, database: Database, settings: Any) -> None:  # noqa: ANN401 - pydantic's
    """When the answer is there the store is gone, a neighbour's is whole, and the record says deleted."""
    member, neighbour = await api.sign_up(name="Acme"), await api.sign_up(name="Neighbour")
    store = await fill(database, member.slug)
    their_database, their_collection, their_id = await fill(database, neighbour.slug)
    payload = await delete(api, member)
    assert payload == {"organization": {"name": "Acme", "slug": "acme", "status": "DELETED"}, "errors": []}
    if settings.tenant_store is not StoreStrategy.SHARED:
        assert store[1] not in await database.client[store[0]].list_collection_names()
    left = database.client[store[0]][store[1]]
    assert (
        await left.count_documents({"_id.org": store[2]} if store[:2] == (their_database, their_collection) else {})
        == 0
    )
    theirs = database.client[their_database][their_collection]
    query = {"_id.org": their_id} if settings.tenant_store is StoreStrategy.SHARED else {}
    assert await theirs.count_documents(query) == 1050


async def test_token_stops_at_the_next_request(api: API) -> None:
    """No token, refresh token or password of a deleted organization counts any more."""
    member = await api.sign_up(name="Acme")
    await delete(api, member)
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    refresh = "mutation ($t: String!) { refreshSession(input: {refreshToken: $t}) { errors { code } } }"
    data = await api.data(refresh, {"t": member.refresh_token})
    assert data["refreshSession"]["errors"] == [{"code": "TOKEN_INVALID"}]
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"


async def test_nothing_is_left_behind(api: API, database: Database) -> None:
    """No session, slug or alias remains; the record has no lease and no store."""
    member = await api.sign_up(name="Before")
    rename = 'mutation ($id: ID!) { renameOrg(input: {organizationId: $id, name: "After"}) { errors { code } } }'
    await api.data(rename, {"id": member.organization_id}, token=member.token)
    assert (await delete(api, member, "after"))["errors"] == []
    assert await database["sessions"].count_documents({}) == 0
    assert await database["slugs"].count_documents({}) == 0
    (record,) = await database["organizations"].find().to_list(None)
    assert record["placement"] is None
    assert "lease" not in record
    assert await database.client[f"{database.name}_tenants"].list_collection_names() == []


async def test_name_and_email_are_free_again(api: API) -> None:
    """A newcomer can have both, and has nothing to do with the deleted organization."""
    member = await api.sign_up(name="Acme", email="ada@example.com")
    await delete(api, member)
    newcomer = await api.sign_up(name="Acme", email="ada@example.com")
    assert newcomer.organization_id != member.organization_id
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    assert (await api.login("ada@example.com"))["admin"]["id"] == newcomer.admin_id


async def test_operators_see_the_tombstone_and_others_do_not(api: API, operator_token: str) -> None:
    """The record says who deleted the organization and when; for everyone else it is not there."""
    member, other = await api.sign_up(name="Acme"), await api.sign_up()
    await delete(api, member)
    found = (await api.data(TOMBSTONE, {"id": member.organization_id}, token=operator_token))["organization"]
    assert found["status"] == "DELETED"
    assert found["deletedAt"] is not None
    assert found["deletedBy"] == {"id": member.admin_id, "displayName": member.email}
    assert found["tenantStore"] is None
    for token in (None, other.token):
        assert await api.data(BY_ID, {"id": member.organization_id}, token=token) == {"organization": None}


@pytest.mark.parametrize("confirmation", ["", "ACME", "acme ", "other"])
async def test_slug_has_to_be_repeated(api: API, confirmation: str) -> None:
    """Without the exact slug nothing is deleted."""
    member = await api.sign_up(name="Acme")
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": confirmation}}
    payload = (await api.data(DELETE, variables, token=member.token))["deleteOrg"]
    assert payload == {"organization": None, "errors": [{"code": "INVALID", "path": ["confirmSlug"]}]}
    assert (await api.data(BY_ID, {"id": member.organization_id}))["organization"]["status"] == "ACTIVE"


async def test_delete_is_for_owners_of_the_organization(api: API, database: Database, operator_token: str) -> None:
    """Strangers, other owners, lesser roles and operators are refused, and nothing changes."""
    member, other = await api.sign_up(name="Acme"), await api.sign_up()
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": "acme"}}
    assert await api.error_code(DELETE, variables) == "UNAUTHENTICATED"
    assert await api.error_code(DELETE, variables, token=other.token) == "FORBIDDEN"
    assert await api.error_code(DELETE, variables, token=operator_token) == "FORBIDDEN"
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "ADMIN"}})
    assert await api.error_code(DELETE, variables, token=member.token) == "FORBIDDEN"
    assert (await api.data(BY_ID, {"id": member.organization_id}))["organization"]["status"] == "ACTIVE"


async def test_rename_and_delete_at_once_leave_no_store(api: API, database: Database) -> None:
    """Whichever comes first, the organization is renamed or deleted as a whole, and no stray collection remains."""
    for round_number in range(4):
        member = await api.sign_up(name=f"Start {round_number}")
        await fill(database, member.slug)
        rename = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { errors { code } } }"
        variables = {"i": {"organizationId": member.organization_id, "name": f"Goal {round_number}"}}
        results = await asyncio.gather(api.execute(rename, variables, token=member.token), delete(api, member))
        record = await database["organizations"].find_one(
            {"name": {"$in": [f"Start {round_number}", f"Goal {round_number}"]}}
        )
        assert record is not None, results
        stores = await database.client[f"{database.name}_tenants"].list_collection_names()
        expected = [] if record["status"] == "DELETED" else [record["placement"]["collection"]]
        mine = [name for name in stores if name.endswith(f"_{round_number}")]
        assert mine == expected, results
