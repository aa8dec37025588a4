"""Deleting an organization through the interface that clients see."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from graphql import build_schema

from auth.identifiers import OrganizationId
from schema import assembly
from storage import purges
from storage.database import Database
from storage.placements import StoreStrategy
from tests.api import API, Member
from tests.guarded_fields import guarded_fields
from tests.storage import directory

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
RESTORE = """
mutation ($id: ID!) {
  restoreOrg(input: {organizationId: $id}) {
    organization { status deletedAt deletedBy { id } purgeAt } errors { code path }
  }
}
"""
SHOWN_TO_RESTORERS = """
query ($id: ID!, $slug: String) {
  viewer { admin { id organization { id } } permissions }
  node(id: $id) { id ... on Organization { name status deletedAt purgeAt } }
  organization(slug: $slug) { id }
}
"""
REFRESH = "mutation ($t: String!) { refreshSession(input: {refreshToken: $t}) { errors { code } } }"
RETENTION = timedelta(days=7)
retained = pytest.mark.parametrize("changed_settings", [{"delete_retention": RETENTION}])
SCHEMA = build_schema(assembly.build(explorable=True).as_str())
STILL_HELD = {"session:manage", "organization:read", "organization:restore", "audit:read"}
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
    data = await api.data(REFRESH, {"t": member.refresh_token})
    assert data["refreshSession"]["errors"] == [{"code": "TOKEN_INVALID"}]
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"


async def test_nothing_is_left_behind(api: API, database: Database) -> None:
    """No session, slug or alias remains; the record has no lease, no store and nothing to restore it by."""
    member = await api.sign_up(name="Before")
    rename = 'mutation ($id: ID!) { renameOrg(input: {organizationId: $id, name: "After"}) { errors { code } } }'
    await api.data(rename, {"id": member.organization_id}, token=member.token)
    assert (await delete(api, member, "after"))["errors"] == []
    assert await database["sessions"].count_documents({}) == 0
    assert await database["slugs"].count_documents({}) == 0
    (record,) = await database["organizations"].find().to_list(None)
    assert record["placement"] is None
    assert not {"lease", "purge_at"} & set(record)
    assert await directory.stores(database) == []
    beside = database.client[f"{database.name}_tenants"]
    assert [await beside[name].count_documents({}) for name in ("guards", "changes")] == [0, 0]


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
        expected = [] if record["status"] == "DELETED" else [record["placement"]["collection"]]
        assert await stores_of_round(database, round_number, expected) == expected, results


async def stores_of_round(database: Database, round_number: int, expected: list[str]) -> list[str]:
    """Return the stores of a round as soon as they are those: a move may still be emptying its old one."""
    mine: list[str] = []

    async def found() -> bool:
        stores = [store.rpartition(".")[2] for store in await directory.stores(database)]
        mine[:] = [name for name in stores if name.endswith(f"_{round_number}")]
        return mine == expected

    await directory.until_it_is(found)
    return mine


async def restore(api: API, member: Member, token: str) -> dict[str, Any]:
    """Restore an organization and return the payload."""
    payload: dict[str, Any] = (await api.data(RESTORE, {"id": member.organization_id}, token=token))["restoreOrg"]
    return payload


async def log_in(api: API, member: Member) -> str:
    """Log in, which has to succeed, and return the access token."""
    payload = await api.login(member.email)
    assert payload["errors"] == []
    token: str = payload["session"]["accessToken"]
    return token


async def everything(database: Database, member: Member) -> list[Any]:
    """Return all that an organization has, as it is stored."""
    names = ("organizations", "admins", "slugs", "sessions", "migrations")
    found = [await database[name].find().sort("_id").to_list(None) for name in names]
    (record,) = (one for one in found[0] if one["slug"] == member.slug)
    placement = record["placement"]
    store = database.client[placement["database"]][placement["collection"]]
    return [*found, await store.find().sort("_id").to_list(None)]


@retained
async def test_retention_deletes_for_everybody_at_once(api: API, database: Database, operator_token: str) -> None:
    """Nobody finds it, no token counts, its names are taken; operators see until when its store is there."""
    member, other = await api.sign_up(name="Acme"), await api.sign_up()
    await fill(database, member.slug)
    query = "mutation ($i: DeleteOrgInput!) { deleteOrg(input: $i) { organization { deletedAt purgeAt } } }"
    variables = {"i": {"organizationId": member.organization_id, "confirmSlug": "acme"}}
    shown = (await api.data(query, variables, token=member.token))["deleteOrg"]["organization"]
    deleted_at, purge_at = (datetime.fromisoformat(shown[name]) for name in ("deletedAt", "purgeAt"))
    assert purge_at - deleted_at == RETENTION
    by_slug = "query ($slug: String) { organization(slug: $slug) { name } }"
    for token in (None, other.token):
        assert await api.data(BY_ID, {"id": member.organization_id}, token=token) == {"organization": None}
        assert await api.data(by_slug, {"slug": "acme"}, token=token) == {"organization": None}
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    refreshed = await api.data(REFRESH, {"t": member.refresh_token})
    assert refreshed["refreshSession"]["errors"] == [{"code": "TOKEN_INVALID"}]
    assert (await api.create_org(name="ACME"))["errors"][0]["code"] == "SLUG_TAKEN"
    assert (await api.create_org(email=member.email.upper()))["errors"][0]["code"] == "EMAIL_TAKEN"
    query = "query ($id: ID) { organization(id: $id) { status purgeAt tenantStore { documentCount } } }"
    assert (await api.data(query, {"id": member.organization_id}, token=operator_token))["organization"] == {
        "status": "DELETED",
        "purgeAt": shown["purgeAt"],
        "tenantStore": {"documentCount": 1050},
    }


@retained
@pytest.mark.parametrize("role", ["ADMIN", "VIEWER"])
async def test_only_owners_log_in_to_a_deleted_organization(api: API, database: Database, role: str) -> None:
    """Other roles are answered as with a wrong password, and an owner who is none any more is out at once."""
    member = await api.sign_up(name="Acme")
    await delete(api, member)
    token = await log_in(api, member)
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": role}})
    assert await api.error_code(RESTORE, {"id": member.organization_id}, token=token) == "UNAUTHENTICATED"
    before = await everything(database, member)
    assert await api.login(member.email) == await api.login(member.email, "not the password")
    assert await everything(database, member) == before


@retained
async def test_restoring_session_sees_what_it_restores(api: API) -> None:
    """The owner finds the organization and itself, knows what it may do, can renew the session and end it."""
    member = await api.sign_up(name="Acme")
    await delete(api, member)
    session = (await api.login(member.email))["session"]
    variables = {"id": member.organization_id, "slug": member.slug}
    shown = await api.data(SHOWN_TO_RESTORERS, variables, token=session["accessToken"])
    assert shown["viewer"] == {
        "admin": {"id": member.admin_id, "organization": {"id": member.organization_id}},
        "permissions": sorted(STILL_HELD),
    }
    assert (shown["node"]["name"], shown["node"]["status"]) == ("Acme", "DELETED")
    assert shown["node"]["purgeAt"] > shown["node"]["deletedAt"]
    assert shown["organization"] == {"id": member.organization_id}
    assert (await api.data(REFRESH, {"t": session["refreshToken"]}))["refreshSession"]["errors"] == []
    assert (await api.data("mutation { logout { loggedOut } }", token=session["accessToken"]))["logout"]["loggedOut"]
    assert await api.error_code(RESTORE, {"id": member.organization_id}, token=session["accessToken"]) == (
        "UNAUTHENTICATED"
    )


@retained
async def test_restoring_session_can_do_nothing_else(api: API, database: Database) -> None:
    """Every guarded mutation, query and field is refused, and nothing changes."""
    member = await api.sign_up(name="Acme")
    await fill(database, member.slug)
    await delete(api, member)
    token = await log_in(api, member)
    before = await everything(database, member)
    kinds = (SCHEMA.mutation_type, SCHEMA.query_type, SCHEMA.type_map["Organization"])
    mutations, queries, fields = (list(guarded_fields(kind, member.organization_id, held=STILL_HELD)) for kind in kinds)
    operations = [f"mutation {{ {one} }}" for one in mutations] + [f"{{ {one} }}" for one in queries]
    operations += [f'{{ organization(id: "{member.organization_id}") {{ {one} }} }}' for one in fields]
    for operation in operations:
        assert await api.error_code(operation, token=token) == "FORBIDDEN", operation
    for name in ("updateOrg", "renameOrg", "deleteOrg", "updateAdmin", "organizations", "admins", "migration"):
        assert any(f"{{ {name}" in operation for operation in operations), name
    assert await everything(database, member) == before


@retained
async def test_restoring_brings_everything_back(api: API, database: Database) -> None:
    """Documents, slug and alias are there, the session is an ordinary one, and the tokens of before stay ended."""
    before = await api.sign_up(name="Before")
    rename = 'mutation ($id: ID!) { renameOrg(input: {organizationId: $id, name: "Acme"}) { errors { code } } }'
    await api.data(rename, {"id": before.organization_id}, token=before.token)
    await fill(database, "acme")
    *_, documents = await everything(database, replace(before, slug="acme"))
    await delete(api, before, "acme")
    session = (await api.login(before.email))["session"]
    payload = await restore(api, before, session["accessToken"])
    active = {"status": "ACTIVE", "deletedAt": None, "deletedBy": None, "purgeAt": None}
    assert payload == {"organization": active, "errors": []}
    *_, restored = await everything(database, replace(before, slug="acme"))
    assert restored == documents
    by_slug = "query ($slug: String) { organization(slug: $slug) { id status } }"
    for slug in ("before", "acme"):
        found = (await api.data(by_slug, {"slug": slug}))["organization"]
        assert found == {"id": before.organization_id, "status": "ACTIVE"}
    assert await api.error_code(VIEWER, token=before.token) == "UNAUTHENTICATED"
    for token in (session["accessToken"], await log_in(api, before)):
        viewer = (await api.data("{ viewer { permissions } }", token=token))["viewer"]
        assert "organization:delete" in viewer["permissions"]
    assert (await api.data(REFRESH, {"t": session["refreshToken"]}))["refreshSession"]["errors"] == []
    assert (await delete(api, replace(before, token=session["accessToken"]), "acme"))["errors"] == []


@retained
async def test_restoring_is_for_owners_of_the_organization(api: API, database: Database, operator_token: str) -> None:
    """Strangers, other owners, lesser roles and operators are refused, and it stays deleted."""
    member, other = await api.sign_up(name="Acme"), await api.sign_up()
    variables = {"id": member.organization_id}
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "ADMIN"}})
    assert await api.error_code(RESTORE, variables, token=member.token) == "FORBIDDEN"
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "OWNER"}})
    await delete(api, member)
    before = await everything(database, member)
    assert await api.error_code(RESTORE, variables) == "UNAUTHENTICATED"
    assert await api.error_code(RESTORE, variables, token=member.token) == "UNAUTHENTICATED"
    assert await api.error_code(RESTORE, variables, token=other.token) == "FORBIDDEN"
    assert await api.error_code(RESTORE, variables, token=operator_token) == "FORBIDDEN"
    assert await everything(database, member) == before


@pytest.mark.parametrize("status", ["ACTIVE", "SUSPENDED"])
async def test_what_is_not_deleted_cannot_be_restored(api: API, database: Database, status: str) -> None:
    """The answer is `CONFLICT`, and nothing changes."""
    member = await api.sign_up(name="Acme")
    await database["organizations"].update_one({"slug": "acme"}, {"$set": {"status": status}})
    before = await everything(database, member)
    payload = await restore(api, member, member.token)
    assert payload == {"organization": None, "errors": [{"code": "CONFLICT", "path": None}]}
    assert await everything(database, member) == before


@retained
async def test_nothing_can_be_restored_once_the_purge_has_begun(api: API, database: Database) -> None:
    """The session is told so while it lasts, nobody logs in any more, and afterwards it is ended like all others."""
    member = await api.sign_up(name="Acme")
    await delete(api, member)
    session = (await api.login(member.email))["session"]
    (record,) = await database["organizations"].find().to_list(None)
    begun = {"$set": {"lease": {"owner": "worker", "expires_at": record["purge_at"]}}, "$unset": {"purge_at": ""}}
    await database["organizations"].update_one({"_id": record["_id"]}, begun)
    payload = await restore(api, member, session["accessToken"])
    assert payload == {"organization": None, "errors": [{"code": "ORG_DELETED", "path": None}]}
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    refreshed = await api.data(REFRESH, {"t": session["refreshToken"]})
    assert refreshed["refreshSession"]["errors"] == [{"code": "TOKEN_INVALID"}]
    await purges.purge(database, OrganizationId(record["_id"]), "worker")
    variables = {"id": member.organization_id}
    assert await api.error_code(RESTORE, variables, token=session["accessToken"]) == "UNAUTHENTICATED"
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    await api.sign_up(name="Acme", email=member.email)


@pytest.mark.parametrize("changed_settings", [{"delete_retention": timedelta(milliseconds=1)}])
async def test_server_purges_what_is_due(api: API, database: Database, operator_token: str) -> None:
    """A running server ends a retention by itself; operators see the tombstone, and the names are free."""
    member = await api.sign_up(name="Acme")
    await fill(database, member.slug)
    await delete(api, member)
    query = "query ($id: ID) { organization(id: $id) { status purgeAt tenantStore { database } deletedBy { id } } }"
    async with asyncio.timeout(60):
        while True:
            found = (await api.data(query, {"id": member.organization_id}, token=operator_token))["organization"]
            if found["tenantStore"] is None:
                break
            await asyncio.sleep(0.05)
    assert found == {"status": "DELETED", "purgeAt": None, "tenantStore": None, "deletedBy": {"id": member.admin_id}}
    await api.sign_up(name="Acme", email=member.email)
