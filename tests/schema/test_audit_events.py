"""The audit trail: what people do is in it, once, with who did it, and without secrets."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from bson import json_util

from auth.identifiers import OrganizationId
from resolvers import incidents
from schema import ids
from storage.audit_actions import AuditAction
from storage.database import Database
from tests.api import API, PASSWORD, Member
from tests.storage import directory

TRAIL = """
query ($id: ID!, $filter: AuditEventFilter, $first: Int, $after: String, $last: Int, $before: String) {
  organization(id: $id) {
    auditEvents(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      edges {
        cursor
        node {
          id seq action createdAt sessionId address requestId details erased previousHash hash
          actor { __typename id displayName }
          target { kind id }
          changes { field before after personal }
        }
      }
      pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
    }
  }
}
"""
UPDATE = "mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { errors { code } } }"
UPDATE_ADMIN = "mutation ($input: UpdateAdminInput!) { updateAdmin(input: $input) { errors { code } } }"
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { migration { id } errors { code } } }"
MOVE = "mutation ($input: MoveTenantStoreInput!) { moveTenantStore(input: $input) { errors { code } } }"
DELETE = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code } } }"
INDEX = "mutation ($input: DeclareIndexInput!) { declareIndex(input: $input) { errors { code } } }"
SCHEMA = "mutation ($input: SetDocumentSchemaInput!) { setDocumentSchema(input: $input) { errors { code } } }"
DOCUMENT = "mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { errors { code } } }"
LOGOUT = "mutation { logout { errors { code } } }"
REFRESH = """
mutation ($input: RefreshSessionInput!) {
  refreshSession(input: $input) { errors { code } session { refreshToken } }
}
"""
NEW_PASSWORD = "vermilion otter gearbox"


@pytest.fixture
async def member(api: API) -> Member:
    """An owner, signed in."""
    return await api.sign_up(name="Acme", email="ada@example.com", adminName="Ada")


async def trail(api: API, member: Member, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever the test gives
    """Return the events of an organization that its owner sees, newest first."""
    connection = await page(api, member, **arguments)
    return [edge["node"] for edge in connection["edges"]]


async def page(api: API, member: Member, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the test gives
    """Return a page of events."""
    data = await api.data(TRAIL, {"id": member.organization_id, **arguments}, token=member.token)
    connection: dict[str, Any] = data["organization"]["auditEvents"]
    return connection


async def stored(database: Database, member: Member) -> list[dict[str, Any]]:
    """Return the events of an organization as they are stored, oldest first."""
    organization_id = ids.decode_organization(member.organization_id)
    cursor = database["audit_events"].find({"organization_id": organization_id}).sort("seq", 1)
    return await cursor.to_list(None)


async def do(api: API, member: Member, mutation: str, **changes: Any) -> None:  # noqa: ANN401 - whatever the test gives
    """Do something to an organization as its owner; it has to succeed."""
    variables = {"input": {"organizationId": member.organization_id, **changes}}
    (payload,) = (await api.data(mutation, variables, token=member.token)).values()
    assert payload["errors"] == []


async def test_sign_up_begins_the_trail(api: API, member: Member) -> None:
    """The first event says who signed up, what was made, and what of it is personal."""
    (event,) = await trail(api, member)
    assert (event["seq"], event["action"], event["previousHash"]) == (1, "ORGANIZATION_CREATED", "0" * 64)
    assert event["actor"] == {"__typename": "Admin", "id": member.admin_id, "displayName": "Ada"}
    assert event["target"] == {"kind": "ORGANIZATION", "id": member.organization_id}
    assert (event["address"], event["erased"]) == ("127.0.0.1", False)
    assert event["requestId"]
    assert event["sessionId"]
    assert {change["field"]: (change["after"], change["personal"]) for change in event["changes"]} == {
        "name": ("Acme", False),
        "slug": ("acme", False),
        "email": ("ada@example.com", True),
        "adminName": ("Ada", True),
    }


async def test_everything_that_is_done_is_recorded_once(api: API, member: Member) -> None:
    """Each act is one event, in the order in which they were done, by the admin who did it."""
    await do(api, member, UPDATE, description="Rockets")
    await do(api, member, RENAME, name="ACME")
    await do(api, member, RENAME, name="Rocket Works")
    await do(api, member, MOVE, strategy="SHARED")
    await do(api, member, INDEX, type="part", fields=["size"])
    await do(api, member, SCHEMA, type="part", schema={"type": "object"})
    await do(api, member, SCHEMA, type="part", schema=None)
    await do(api, member, DOCUMENT, type="part", data={"size": 1})
    for changes in ({"name": "Ada L."}, {"password": NEW_PASSWORD, "currentPassword": PASSWORD}):
        await api.data(UPDATE_ADMIN, {"input": changes}, token=member.token)
    export = await api.http.get(
        f"/organizations/{member.organization_id}/export", headers={"Authorization": f"Bearer {member.token}"}
    )
    assert export.status_code == 200
    events = (await trail(api, member))[::-1]
    assert [event["action"] for event in events] == [
        "ORGANIZATION_CREATED",
        "ORGANIZATION_UPDATED",
        "ORGANIZATION_UPDATED",
        "STORE_MOVE_STARTED",
        "ORGANIZATION_RENAMED",
        "STORE_MOVED",
        "STORE_MOVE_STARTED",
        "STORE_MOVED",
        "DOCUMENT_TYPE_INDEX_DECLARED",
        "DOCUMENT_TYPE_SCHEMA_SET",
        "DOCUMENT_TYPE_SCHEMA_REMOVED",
        "ADMIN_UPDATED",
        "ADMIN_PASSWORD_CHANGED",
        "STORE_EXPORTED",
    ]
    assert [event["seq"] for event in events] == list(range(1, 15))
    assert {event["actor"]["id"] for event in events} == {member.admin_id}
    assert [event["previousHash"] for event in events[1:]] == [event["hash"] for event in events[:-1]]
    assert changes_of(events[1]) == {"description": (None, "Rockets")}
    assert changes_of(events[2]) == {"name": ("Acme", "ACME")}
    assert changes_of(events[4]) == {"name": ("ACME", "Rocket Works"), "slug": ("acme", "rocket-works")}
    assert changes_of(events[5]) == {"collection": ("org_acme", "org_rocket_works")}
    assert changes_of(events[7])["strategy"] == ("collection", "shared")
    assert events[8]["details"] == {"fields": ["size"]}
    assert changes_of(events[11]) == {"name": ("Ada", "Ada L.")}


def changes_of(event: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return what an event says was changed."""
    return {change["field"]: (change["before"], change["after"]) for change in event["changes"]}


async def test_sessions_are_recorded(api: API, member: Member) -> None:
    """Signing in and out, and a spent refresh token that is presented again, which ends the session."""
    second = (await api.login(member.email))["session"]
    token = second["refreshToken"]
    for _ in range(2):
        payload = (await api.data(REFRESH, {"input": {"refreshToken": token}}))["refreshSession"]
        token = payload["session"]["refreshToken"]
    reused = (await api.data(REFRESH, {"input": {"refreshToken": second["refreshToken"]}}))["refreshSession"]
    assert reused["errors"][0]["code"] == "TOKEN_INVALID"
    third = (await api.login(member.email))["session"]
    await api.data(LOGOUT, token=third["accessToken"])
    events = (await trail(api, member))[::-1]
    assert [event["action"] for event in events[1:]] == [
        "SESSION_OPENED",
        "SESSION_REFRESH_REUSED",
        "SESSION_OPENED",
        "SESSION_ENDED",
    ]
    assert [event["actor"] and event["actor"]["id"] for event in events[1:]] == [
        member.admin_id,
        None,
        member.admin_id,
        member.admin_id,
    ]
    assert events[1]["target"] == events[2]["target"] == {"kind": "SESSION", "id": events[1]["sessionId"]}


async def test_deletion_and_purge_are_recorded(api: API, database: Database, member: Member) -> None:
    """Who deleted it, and then what the software destroyed, for good: the trail outlives the organization."""
    await do(api, member, DOCUMENT, type="part", data={"size": 1})
    await do(api, member, DELETE, confirmSlug="acme")
    _, deleted, purged = await stored(database, member)
    assert (deleted["action"], deleted["details"]) == ("organization:deleted", {"endedSessions": 1, "purgeAt": None})
    assert (purged["action"], purged["actor"]) == ("organization:purged", {"kind": "SYSTEM", "id": None})
    assert purged["details"]["destroyed"] == {
        "documents": 1,
        "documentTypes": 0,
        "imports": 0,
        "sessions": 0,
        "slugs": 1,
        "emails": 1,
    }
    assert purged["details"]["deletedBy"]["id"] == deleted["actor"]["id"]
    assert purged["details"]["store"]["collection"] == "org_acme"


async def test_what_is_refused_is_not_recorded(api: API, database: Database, member: Member) -> None:
    """A change that did not happen leaves nothing."""
    await api.sign_up(name="Taken")
    before = await stored(database, member)
    for mutation, changes in (
        (RENAME, {"name": "Taken"}),
        (UPDATE, {"description": "x" * 3000}),
        (DELETE, {"confirmSlug": "wrong"}),
        (INDEX, {"type": "part", "fields": []}),
    ):
        variables = {"input": {"organizationId": member.organization_id, **changes}}
        (payload,) = (await api.data(mutation, variables, token=member.token)).values()
        assert payload["errors"] != []
    assert await stored(database, member) == before


async def test_no_secret_is_recorded(api: API, database: Database, member: Member) -> None:
    """Neither passwords nor their hashes, nor tokens, nor the keys of sessions."""
    login = (await api.login(member.email))["session"]
    await api.data(UPDATE_ADMIN, {"input": {"password": NEW_PASSWORD, "currentPassword": PASSWORD}}, token=member.token)
    text = json_util.dumps([await stored(database, member), await database["events"].find().to_list(None)])
    accounts = await database["admins"].find().to_list(None)
    sessions = await database["sessions"].find().to_list(None)
    secrets = [PASSWORD, NEW_PASSWORD, login["accessToken"], login["refreshToken"], member.refresh_token]
    secrets += [account["password_hash"] for account in accounts]
    for session in sessions:
        secrets += [json_util.dumps(session["refresh"][name])[13:40] for name in ("key", "current")]
    assert len(secrets) >= 8
    assert [secret for secret in secrets if secret in text] == []


async def test_failed_logins_are_counted_into_one_event(
    api: API, database: Database, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many failures of one admin are one event, written after the answers; unknown addresses are nobody's event."""
    monkeypatch.setattr(incidents, "_DELAY_SECONDS", 0.5)
    for email in (member.email, "nobody@example.com"):
        answers = await asyncio.gather(*[api.login(email, "wrong password") for _ in range(4)])
        assert {answer["errors"][0]["code"] for answer in answers} == {"BAD_CREDENTIALS"}

    async def recorded() -> bool:
        counts: list[int] = [event["details"].get("count", 0) for event in await stored(database, member)]
        return sum(counts) == 4

    await directory.until_it_is(recorded)
    events = [event for event in await trail(api, member) if event["action"] == "SESSION_LOGIN_FAILED"]
    assert len(events) in {1, 2}
    assert all(event["target"] == {"kind": "ADMIN", "id": member.admin_id} for event in events)
    assert all((event["actor"], event["address"]) == (None, "127.0.0.1") for event in events)
    assert await database["audit_events"].count_documents({}) == 1 + len(events)


async def test_what_operators_are_denied_is_recorded(
    api: API, database: Database, member: Member, operator_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way they ask: by a field of the organization, by a mutation that names it, or over HTTP."""
    monkeypatch.setattr(incidents, "_DELAY_SECONDS", 0.2)
    documents = "query ($id: ID!) { organization(id: $id) { documents { edges { cursor } } } }"
    assert await api.error_code(documents, {"id": member.organization_id}, token=operator_token) == "FORBIDDEN"
    variables = {"input": {"organizationId": member.organization_id, "type": "part", "data": {}}}
    assert await api.error_code(DOCUMENT, variables, token=operator_token) == "FORBIDDEN"
    response = await api.http.get(
        f"/organizations/{member.organization_id}/export", headers={"Authorization": f"Bearer {operator_token}"}
    )
    assert response.status_code == 403

    async def recorded() -> bool:
        return len(await stored(database, member)) == 4

    await directory.until_it_is(recorded)
    events = (await trail(api, member))[:3]
    assert {event["action"] for event in events} == {"OPERATOR_DENIED"}
    assert {event["actor"]["__typename"] for event in events} == {"Operator"}
    assert {event["details"]["permission"] for event in events} == {
        "document:read",
        "document:write",
        "document:export",
    }


async def test_pages_go_both_ways_and_stay_right_while_events_come(api: API, member: Member) -> None:
    """Newest first; a page behind a cursor is the same whatever was recorded since."""
    for number in range(6):
        await do(api, member, UPDATE, description=f"{number}")
    first = await page(api, member, first=3)
    assert [edge["node"]["seq"] for edge in first["edges"]] == [7, 6, 5]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    await do(api, member, UPDATE, description="more")
    second = await page(api, member, first=10, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["seq"] for edge in second["edges"]] == [4, 3, 2, 1]
    last = await page(api, member, last=2)
    assert [edge["node"]["seq"] for edge in last["edges"]] == [2, 1]
    back = await page(api, member, last=2, before=last["pageInfo"]["startCursor"])
    assert [edge["node"]["seq"] for edge in back["edges"]] == [4, 3]
    assert back["pageInfo"]["hasPreviousPage"] is True


async def test_filters_narrow_the_trail(api: API, member: Member, operator_token: str) -> None:
    """By actor, by action, by target, by time, and by all of them."""
    await do(api, member, UPDATE, description="Rockets")
    await api.login(member.email)
    await do(api, member, SCHEMA, type="part", schema={"type": "object"})
    created, updated, opened, schema = (await trail(api, member))[::-1]

    async def seqs(**narrow: object) -> list[int]:
        return [event["seq"] for event in await trail(api, member, filter=narrow)]

    assert await seqs(actor=member.admin_id) == [4, 3, 2, 1]
    operator = (await api.data("{ viewer { operator { id } } }", token=operator_token))["viewer"]["operator"]["id"]
    assert await seqs(actor=operator) == []
    assert await seqs(action=["SESSION_OPENED", "ORGANIZATION_UPDATED"]) == [3, 2]
    assert await seqs(action=[]) == []
    assert await seqs(target={"kind": "SESSION", "id": opened["sessionId"]}) == [3]
    assert await seqs(target={"kind": "DOCUMENT_TYPE", "id": "part"}) == [4]
    assert await seqs(createdFrom=updated["createdAt"], createdBefore=schema["createdAt"]) == [3, 2]
    assert await seqs(createdBefore=created["createdAt"]) == []
    assert await seqs(createdFrom="2100-01-01T00:00:00Z") == []
    assert await seqs(createdBefore="2100-01-01T00:00:00Z", action=["ORGANIZATION_CREATED"]) == [1]


@pytest.mark.parametrize(
    "narrow",
    [
        {"actor": "bm9uZQ=="},
        {"actor": ids.encode(ids.NodeType.ORGANIZATION, "a" * 24)},
        {"target": {"kind": "ADMIN", "id": ids.encode(ids.NodeType.SESSION, "a" * 24)}},
        {"target": {"kind": "ADMIN", "id": "x"}},
    ],
)
async def test_ids_of_something_else_are_refused(api: API, member: Member, narrow: dict[str, Any]) -> None:
    """An id in a filter has to be one of its kind."""
    variables = {"id": member.organization_id, "filter": narrow}
    assert await api.error_code(TRAIL, variables, token=member.token) == "BAD_REQUEST"


async def test_only_those_who_may_read_a_trail_see_it(
    api: API, database: Database, member: Member, operator_token: str
) -> None:
    """Operators may; viewers, members of other organizations and strangers may not, nor find an event by its id."""
    query = "query ($id: ID!) { organization(id: $id) { auditEvents { edges { node { id seq } } } } }"
    node = "query ($id: ID!) { node(id: $id) { ... on AuditEvent { seq } } }"
    variables = {"id": member.organization_id}
    event = {"id": ids.encode_audit_event(OrganizationId(ids.decode_organization(member.organization_id)), 1)}
    for token in (member.token, operator_token):
        data = await api.data(query, variables, token=token)
        assert data["organization"]["auditEvents"]["edges"] == [{"node": {"id": event["id"], "seq": 1}}]
        assert (await api.data(node, event, token=token))["node"] == {"seq": 1}
    stranger = await api.sign_up()
    assert await api.error_code(query, variables, token=stranger.token) == "FORBIDDEN"
    assert await api.error_code(query, variables) == "UNAUTHENTICATED"
    assert (await api.data(node, event, token=stranger.token))["node"] is None
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})
    assert await api.error_code(query, variables, token=member.token) == "FORBIDDEN"
    assert (await api.data(node, event, token=member.token))["node"] is None


async def test_parallel_acts_make_one_gapless_chain(api: API, database: Database, member: Member) -> None:
    """However many act at once, every number is given once and every event follows the one before."""
    await asyncio.gather(
        *[do(api, member, UPDATE, description=f"{number}") for number in range(6)],
        *[api.login(member.email) for _ in range(3)],
    )
    events = await stored(database, member)
    assert [event["seq"] for event in events] == list(range(1, 11))
    assert [event["previous"] for event in events[1:]] == [event["hash"] for event in events[:-1]]
    organization = await database["organizations"].find_one({"slug": "acme"})
    assert organization is not None
    assert (organization["audit"]["seq"], organization["audit"]["hash"]) == (10, events[-1]["hash"])


def test_actions_name_their_subject() -> None:
    """Every action is `subject:action`, named alike in code, in the database and in the schema."""
    for action in AuditAction:
        assert action.name == action.value.replace(":", "_").upper()
