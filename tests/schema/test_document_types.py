"""Declared indexes and schemas of documents, through the interface that clients see."""

import asyncio
from typing import Any

import pytest

from storage import index_builds, recovery
from storage.database import Database
from storage.index_builds import IndexBuild
from storage.placements import StoreStrategy
from tests.api import API, Member
from tests.schema.test_documents import CREATE, CREATE_MANY, PAGE, UPDATE, create, listed, send, told

DECLARE = """
mutation ($input: DeclareIndexInput!) {
  declareIndex(input: $input) {
    documentType { name indexes { fields state } schema schemaVersion }
    errors { code path message }
  }
}
"""
SET_SCHEMA = """
mutation ($input: SetDocumentSchemaInput!) {
  setDocumentSchema(input: $input) {
    documentType { name indexes { fields state } schema schemaVersion }
    errors { code path message }
  }
}
"""
TYPES = "query ($id: ID) { organization(id: $id) { documentTypes { name indexes { fields state } schema } } }"
MOVE = "mutation ($input: MoveTenantStoreInput!) { moveTenantStore(input: $input) { errors { code message } } }"
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code message } } }"
DELETE_ORG = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code message } } }"
ORDER = {"type": "object", "properties": {"total": {"type": "number", "minimum": 0}}, "required": ["total"]}
strategies = pytest.mark.parametrize("changed_settings", [{"tenant_store": strategy} for strategy in StoreStrategy])


async def declare(api: API, member: Member, *fields: str, kind: str = "order") -> dict[str, Any]:
    """Declare an index and return the payload."""
    return await send(api, member, DECLARE, organizationId=member.organization_id, type=kind, fields=list(fields))


async def set_schema(api: API, member: Member, schema: object, kind: str = "order") -> dict[str, Any]:
    """Set a schema and return the payload."""
    return await send(api, member, SET_SCHEMA, organizationId=member.organization_id, type=kind, schema=schema)


async def types(api: API, member: Member) -> list[dict[str, Any]]:
    """Return what has been said about types."""
    data = await api.data(TYPES, {"id": member.organization_id}, token=member.token)
    found: list[dict[str, Any]] = data["organization"]["documentTypes"]
    return found


async def cheap(api: API, member: Member) -> list[int]:
    """Return the numbers of the open orders of up to 20, the dearest first."""
    where = [{"field": "status", "equals": "open"}, {"field": "total", "atMost": 20}]
    narrow, order = {"type": "order", "where": where}, {"field": "total", "direction": "DESC"}
    return [document["data"]["total"] for document in await listed(api, member, filter=narrow, orderBy=order)]


async def fill(api: API, member: Member) -> None:
    """Make thirty orders, each third of them open."""
    documents = [{"type": "order", "data": {"status": "open" if n % 3 == 0 else "done", "total": n}} for n in range(30)]
    payload = await send(api, member, CREATE_MANY, organizationId=member.organization_id, documents=documents)
    assert payload["errors"] == []


@strategies
async def test_declared_index_serves_filters_wherever_the_store_goes(api: API) -> None:
    """Without the index the question is refused with what to declare; with it, it is answered in every place."""
    member = await api.sign_up(name="Acme")
    await fill(api, member)
    variables = {"input": {"organizationId": member.organization_id}}
    where = [{"field": "status", "equals": "open"}, {"field": "total", "atMost": 20}]
    asked = {"id": member.organization_id, "filter": {"type": "order", "where": where}}
    body = await api.execute(PAGE, asked, token=member.token)
    assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "[status, total]" in body["errors"][0]["message"]
    payload = await declare(api, member, "status", "total")
    assert payload["errors"] == []
    assert payload["documentType"]["indexes"] == [{"fields": ["status", "total"], "state": "READY"}]
    assert await cheap(api, member) == [18, 15, 12, 9, 6, 3, 0]
    for goal in ("SHARED", "DATABASE", "COLLECTION"):
        variables["input"]["strategy"] = goal
        moved = await api.data(MOVE, variables, token=member.token)
        assert moved["moveTenantStore"]["errors"] == []
        assert await cheap(api, member) == [18, 15, 12, 9, 6, 3, 0]
    renamed = {"input": {"organizationId": member.organization_id, "name": "Other"}}
    assert (await api.data(RENAME, renamed, token=member.token))["renameOrg"]["errors"] == []
    assert await cheap(api, member) == [18, 15, 12, 9, 6, 3, 0]


async def test_declared_again_it_is_what_it_is(api: API) -> None:
    """Declaring an index twice is no error and makes no second one; another order of the fields is another index."""
    member = await api.sign_up()
    for _ in range(2):
        assert (await declare(api, member, "a", "b"))["errors"] == []
    assert [index["fields"] for index in (await types(api, member))[0]["indexes"]] == [["a", "b"]]
    assert (await declare(api, member, "b", "a"))["errors"] == []
    assert [index["fields"] for index in (await types(api, member))[0]["indexes"]] == [["a", "b"], ["b", "a"]]


async def test_declared_fields_hold_scalars(api: API) -> None:
    """Documents that are there take a declaration back, with their number; later ones are refused with the path."""
    member = await api.sign_up()
    for tags in ([1], {"a": 1}, "x" * 1001):
        await create(api, member, {"tags": tags}, "order")
    payload = await declare(api, member, "tags")
    assert told(payload) == [("INVALID", ["fields"])]
    assert "3 documents" in payload["errors"][0]["message"]
    assert [found["indexes"] for found in await types(api, member)] == [[]]
    assert (await declare(api, member, "total"))["errors"] == []
    given = {"organizationId": member.organization_id, "type": "order", "data": {"total": [1]}}
    assert told(await send(api, member, CREATE, **given)) == [("INVALID", ["data", "total"])]
    kept = await create(api, member, {"total": {"$date": "2026-01-31T12:00:00Z"}}, "order")
    assert told(await send(api, member, UPDATE, id=kept["id"], data={"total": {"a": 1}})) == [
        ("INVALID", ["data", "total"])
    ]


async def test_writers_write_while_an_index_is_built(api: API) -> None:
    """What is written meanwhile is in the index afterwards."""
    member = await api.sign_up()
    await fill(api, member)
    made = [create(api, member, {"status": "open", "total": 100 + n}, "order") for n in range(20)]
    payload, *_ = await asyncio.gather(declare(api, member, "status", "total"), *made)
    assert payload["errors"] == []
    where = [{"field": "status", "equals": "open"}, {"field": "total", "atLeast": 100}]
    found = await listed(api, member, filter={"type": "order", "where": where})
    assert [document["data"]["total"] for document in found] == list(range(100, 120))


async def test_build_that_was_left_is_gone_on_with(
    api: API, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is ready the store stays where it is, and questions are told so; a recoverer finishes it."""
    member = await api.sign_up(name="Acme")
    await fill(api, member)

    async def die(_: IndexBuild) -> None:
        raise index_builds.BuildLostError

    with monkeypatch.context() as patch:
        patch.setattr(IndexBuild, "run", die)
        payload = await declare(api, member, "status", "total")
    assert payload["documentType"]["indexes"] == [{"fields": ["status", "total"], "state": "BUILDING"}]
    assert told(await declare(api, member, "other")) == [("CONFLICT", None)]
    renamed = {"input": {"organizationId": member.organization_id, "name": "Other"}}
    refused = (await api.data(RENAME, renamed, token=member.token))["renameOrg"]["errors"]
    deleted = {"input": {"organizationId": member.organization_id, "confirmSlug": "acme"}}
    refused += (await api.data(DELETE_ORG, deleted, token=member.token))["deleteOrg"]["errors"]
    assert [error["code"] for error in refused] == ["CONFLICT", "CONFLICT"]
    assert await recovery.recover(database, expired_only=False) == 1
    assert await cheap(api, member) == [18, 15, 12, 9, 6, 3, 0]
    assert (await api.data(RENAME, renamed, token=member.token))["renameOrg"]["errors"] == []


async def test_build_that_never_succeeds_is_taken_back(
    api: API, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some attempts the declaration is gone, the others stay, and the store can be moved again."""
    member = await api.sign_up(name="Acme")
    await declare(api, member, "status")

    async def fail(_: IndexBuild) -> None:
        raise index_builds.BuildLostError

    monkeypatch.setattr(IndexBuild, "run", fail)
    await declare(api, member, "total")
    for _ in range(5):
        await recovery.recover(database, expired_only=False)
        assert [index["state"] for one in await types(api, member) for index in one["indexes"]] == ["READY", "BUILDING"]
    await recovery.recover(database, expired_only=False)
    assert [one["indexes"] for one in await types(api, member)] == [[{"fields": ["status"], "state": "READY"}]]
    renamed = {"input": {"organizationId": member.organization_id, "name": "Other"}}
    assert (await api.data(RENAME, renamed, token=member.token))["renameOrg"]["errors"] == []


async def test_declarations_at_once_stay_within_the_limits(api: API, database: Database) -> None:
    """However many want one at the same instant, a type has ten indexes and its organization thirty."""
    member = await api.sign_up()
    for number in range(9):
        assert (await declare(api, member, f"field{number}"))["errors"] == []
    payloads = await asyncio.gather(*(declare(api, member, f"more{number}") for number in range(4)))
    assert {error["code"] for payload in payloads for error in payload["errors"]} <= {"CONFLICT"}
    assert len((await types(api, member))[0]["indexes"]) == 10
    assert told(await declare(api, member, "last")) == [("CONFLICT", None)]
    record = await database["organizations"].find_one()
    assert record is not None
    assert record["builds"] == 0


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ([], ["fields"]),
        (["a", "b", "c", "d", "e"], ["fields"]),
        (["a", "a"], ["fields"]),
        (["ok", "$where"], ["fields", "1"]),
        (["a..b"], ["fields", "0"]),
        (["a.b.c.d.e"], ["fields", "0"]),
        (["x" * 101], ["fields", "0"]),
    ],
)
async def test_bad_fields_are_told_with_their_path(api: API, fields: list[str], path: list[str]) -> None:
    """Nothing is declared then."""
    member = await api.sign_up()
    assert told(await declare(api, member, *fields)) == [("INVALID", path)]
    assert await types(api, member) == []


async def test_schema_counts_for_what_is_written_from_then_on(api: API) -> None:
    """Violations are told with their paths; what was there stays, and without the schema all is allowed again."""
    member = await api.sign_up()
    before = await create(api, member, {"total": "much"}, "order")
    payload = await set_schema(api, member, ORDER)
    assert payload["errors"] == []
    assert (payload["documentType"]["schema"], payload["documentType"]["schemaVersion"]) == (ORDER, 1)
    given = {"organizationId": member.organization_id, "type": "order"}
    assert told(await send(api, member, CREATE, **given, data={"total": -1})) == [("INVALID", ["data", "total"])]
    assert told(await send(api, member, CREATE, **given, data={})) == [("INVALID", ["data"])]
    documents = [{"type": "order", "data": {"total": 1}}, {"type": "order", "data": {"total": "x"}}]
    batch = await send(api, member, CREATE_MANY, organizationId=member.organization_id, documents=documents)
    assert told(batch) == [("INVALID", ["documents", "1", "data", "total"])]
    assert [document["id"] for document in await listed(api, member)] == [before["id"]]
    assert told(await send(api, member, UPDATE, id=before["id"], data={"total": "more"})) == [
        ("INVALID", ["data", "total"])
    ]
    await create(api, member, {"total": "any"}, "other")
    assert (await set_schema(api, member, None))["documentType"]["schema"] is None
    await create(api, member, {"total": "much"}, "order")


@pytest.mark.parametrize(
    "schema",
    [
        7,
        {"type": "nonsense"},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"properties": {"a": {"pattern": "("}}},
        {"description": "x" * 70_000},
        {"allOf": [{"type": "object"}] * 600},
    ],
)
async def test_bad_schemas_are_refused(api: API, schema: object) -> None:
    """A schema that is none, reaches elsewhere, or could cost without bounds is not set."""
    member = await api.sign_up()
    assert told(await set_schema(api, member, schema)) == [("INVALID", ["schema"])]
    assert await types(api, member) == []


async def test_types_are_for_admins_of_the_organization(api: API, database: Database, operator_token: str) -> None:
    """Others are refused alike, and nothing is declared."""
    member, other = await api.sign_up(), await api.sign_up()
    given = {"organizationId": member.organization_id, "type": "order"}
    for mutation, extra in ((DECLARE, {"fields": ["a"]}), (SET_SCHEMA, {"schema": {}})):
        variables = {"input": {**given, **extra}}
        assert await api.error_code(mutation, variables) == "UNAUTHENTICATED"
        assert await api.error_code(mutation, variables, token=other.token) == "FORBIDDEN"
        assert await api.error_code(mutation, variables, token=operator_token) == "FORBIDDEN"
    for token in (other.token, operator_token):
        assert await api.error_code(TYPES, {"id": member.organization_id}, token=token) == "FORBIDDEN"
    assert await database["document_types"].count_documents({}) == 0
    await database["admins"].update_one(
        {"organization_id": {"$exists": True}, "email": member.email}, {"$set": {"role": "VIEWER"}}
    )
    assert await types(api, member) == []
    assert await api.error_code(DECLARE, {"input": {**given, "fields": ["a"]}}, token=member.token) == "FORBIDDEN"
    assert await database["document_types"].count_documents({}) == 0
