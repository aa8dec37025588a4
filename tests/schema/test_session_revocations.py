"""Ending sessions of one's own, one by one and all at once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from starlette.types import ASGIApp

from schema import ids
from schema.ids import NodeType
from storage.database import Database, new_id
from tests.api import API, Member
from tests.live import follow, services_of
from tests.websocket import ClosedError, Socket, connected

REVOKE = """
mutation ($id: ID!) { revokeSession(input: {sessionId: $id}) { revokedSessionId errors { code path } } }
"""
REVOKE_ALL = """
mutation ($keep: Boolean! = false) {
  revokeAllSessions(input: {keepCurrent: $keep}) { revokedCount errors { code } }
}
"""
REFRESH = "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) { errors { code } } }"
SUSPEND = "mutation ($input: SuspendOrgInput!) { suspendOrg(input: $input) { errors { code } } }"
DELETE = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code } } }"
SESSION = "{ viewer { session { id } } }"
TRAIL = """
query ($id: ID!) {
  organization(id: $id) {
    auditEvents(last: 100) { edges { node { action sessionId details target { kind id } actor { id } } } }
  }
}
"""
EVENTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { seq } }"
NOT_FOUND = {"revokedSessionId": None, "errors": [{"code": "NOT_FOUND", "path": ["sessionId"]}]}


async def log_in(api: API, member: Member) -> dict[str, Any]:
    """Open another session of a member; return its tokens."""
    tokens: dict[str, Any] = (await api.login(member.email))["session"]
    return tokens


async def session_of(api: API, token: str) -> str:
    """Return the global id of the session that a token belongs to."""
    session_id: str = (await api.data(SESSION, token=token))["viewer"]["session"]["id"]
    return session_id


async def counts(api: API, token: str) -> bool:
    """Tell whether an access token counts."""
    return (await api.execute(SESSION, token=token))["data"]["viewer"] is not None


async def renews(api: API, token: str) -> bool:
    """Tell whether a refresh token counts."""
    payload: dict[str, Any] = (await api.data(REFRESH, {"token": token}))["refreshSession"]
    return not payload["errors"]


async def revoke(api: API, token: str, session_id: str) -> dict[str, Any]:
    """End a session; return the payload."""
    payload: dict[str, Any] = (await api.data(REVOKE, {"id": session_id}, token=token))["revokeSession"]
    return payload


async def revoke_all(api: API, token: str, *, keep: bool = False) -> dict[str, Any]:
    """End all sessions; return the payload."""
    payload: dict[str, Any] = (await api.data(REVOKE_ALL, {"keep": keep}, token=token))["revokeAllSessions"]
    return payload


async def ends(api: API, member: Member, token: str) -> list[dict[str, Any]]:
    """Return what the trail tells of sessions that were ended."""
    events = (await api.data(TRAIL, {"id": member.organization_id}, token=token))["organization"]["auditEvents"]
    return [edge["node"] for edge in events["edges"] if edge["node"]["action"] == "SESSION_ENDED"]


async def until_closed(socket: Socket) -> int:
    """Wait until the server closes the connection, whatever it says before; return the code."""
    while True:
        try:
            await socket.receive()
        except ClosedError as closed:
            return closed.code


async def test_revoked_session_ends_at_once(api: API, member: Member) -> None:
    """Neither its access token nor its refresh token counts; the others do; the trail tells of it."""
    other = await log_in(api, member)
    present, session_id = await session_of(api, member.token), await session_of(api, other["accessToken"])
    assert await revoke(api, member.token, session_id) == {"revokedSessionId": session_id, "errors": []}
    assert not await counts(api, other["accessToken"])
    assert not await renews(api, other["refreshToken"])
    assert await counts(api, member.token)
    assert await ends(api, member, member.token) == [
        {
            "action": "SESSION_ENDED",
            "sessionId": present,
            "details": {},
            "target": {"kind": "SESSION", "id": session_id},
            "actor": {"id": member.admin_id},
        }
    ]


async def test_present_session_can_be_revoked(api: API, member: Member) -> None:
    """It is a logout."""
    session_id = await session_of(api, member.token)
    assert (await revoke(api, member.token, session_id))["errors"] == []
    assert not await counts(api, member.token)


async def test_only_ones_own_session_can_be_revoked(api: API, database: Database, member: Member) -> None:
    """Another's, an ended one and one that never was answer alike, and nothing ends."""
    other, ended = await api.sign_up(), await log_in(api, member)
    another_id, ended_id = await session_of(api, other.token), await session_of(api, ended["accessToken"])
    await revoke(api, member.token, ended_id)
    before = await database["sessions"].find().sort("_id").to_list(None)
    for session_id in (another_id, ended_id, ids.encode(NodeType.SESSION, new_id())):
        assert await revoke(api, member.token, session_id) == NOT_FOUND
    assert await database["sessions"].find().sort("_id").to_list(None) == before
    assert len(await ends(api, member, member.token)) == 1
    assert await ends(api, other, other.token) == []


async def test_operators_revoke_nobody_elses_session(api: API, member: Member, operator_token: str) -> None:
    """What they may end is their own."""
    assert await revoke(api, operator_token, await session_of(api, member.token)) == NOT_FOUND
    assert await counts(api, member.token)


@pytest.mark.parametrize("text", ["", "none", "QWRtaW46" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"])
async def test_id_of_something_else_is_refused(api: API, member: Member, text: str) -> None:
    """As everywhere."""
    assert await api.error_code(REVOKE, {"id": text}, token=member.token) == "BAD_REQUEST"
    assert await counts(api, member.token)


async def test_all_sessions_end_at_once(api: API, database: Database, member: Member) -> None:
    """The present one among them; those of others do not, and one event tells how many there were."""
    stranger = await api.sign_up()
    others = [await log_in(api, member) for _ in range(2)]
    assert await revoke_all(api, member.token) == {"revokedCount": 3, "errors": []}
    assert not await counts(api, member.token)
    assert not await renews(api, member.refresh_token)
    for tokens in others:
        assert not await counts(api, tokens["accessToken"])
        assert not await renews(api, tokens["refreshToken"])
    assert await counts(api, stranger.token)
    assert await database["sessions"].count_documents({"revoked_at": None}) == 1
    (event,) = await ends(api, member, (await log_in(api, member))["accessToken"])
    assert event["details"] == {"endedSessions": 3}
    assert event["target"] == {"kind": "ADMIN", "id": member.admin_id}


async def test_present_session_can_be_kept(api: API, member: Member) -> None:
    """Then the others end; once more there is nothing to end, and nothing to tell of."""
    other = await log_in(api, member)
    assert await revoke_all(api, member.token, keep=True) == {"revokedCount": 1, "errors": []}
    assert not await counts(api, other["accessToken"])
    assert await counts(api, member.token)
    assert await revoke_all(api, member.token, keep=True) == {"revokedCount": 0, "errors": []}
    assert [event["details"] for event in await ends(api, member, member.token)] == [{"endedSessions": 1}]
    assert await renews(api, member.refresh_token)


async def test_sessions_that_had_ended_are_not_counted(api: API, member: Member) -> None:
    """What the caller is told of is what the list has shown."""
    with time_machine.travel(timedelta(days=14, minutes=1), tick=True):
        present = await log_in(api, member)
        assert (await revoke_all(api, present["accessToken"]))["revokedCount"] == 1


async def test_operators_end_all_their_sessions(api: API, member: Member, operator_token: str) -> None:
    """They have no trail, and nobody else's session ends."""
    again = (await api.login("operator@example.com"))["session"]["accessToken"]
    assert await revoke_all(api, again) == {"revokedCount": 2, "errors": []}
    assert not await counts(api, operator_token)
    assert not await counts(api, again)
    assert await counts(api, member.token)


@pytest.mark.parametrize("document", [REVOKE_ALL, REVOKE.replace("$id: ID!", '$id: ID! = "U2Vzc2lvbjphYWFh"')])
async def test_nobody_signed_in_revokes_nothing(api: API, database: Database, member: Member, document: str) -> None:
    """There is nobody whose sessions they could be."""
    assert await api.error_code(document) == "UNAUTHENTICATED"
    assert await database["sessions"].count_documents({"revoked_at": None}) == 1
    assert await counts(api, member.token)


async def test_sessions_end_in_a_suspended_organization(api: API, member: Member, operator_token: str) -> None:
    """They are their owner's, not the organization's; they are listed and renewed there, too."""
    given = {"organizationId": member.organization_id, "reason": "The invoice of March is open."}
    assert (await api.data(SUSPEND, {"input": given}, token=operator_token))["suspendOrg"]["errors"] == []
    assert await renews(api, member.refresh_token)
    other = await log_in(api, member)
    session_id = await session_of(api, other["accessToken"])
    assert (await revoke(api, member.token, session_id))["errors"] == []
    assert not await counts(api, other["accessToken"])
    assert await revoke_all(api, member.token) == {"revokedCount": 1, "errors": []}
    assert not await counts(api, member.token)


@pytest.mark.parametrize("changed_settings", [{"delete_retention": timedelta(days=1)}])
async def test_sessions_end_in_a_deleted_organization(api: API, member: Member) -> None:
    """Its owner has one to restore it while its data is retained."""
    given = {"organizationId": member.organization_id, "confirmSlug": member.slug}
    assert (await api.data(DELETE, {"input": given}, token=member.token))["deleteOrg"]["errors"] == []
    assert not await renews(api, member.refresh_token)
    tokens = [(await log_in(api, member))["accessToken"] for _ in range(2)]
    assert await revoke_all(api, tokens[0]) == {"revokedCount": 2, "errors": []}
    assert [await counts(api, token) for token in tokens] == [False, False]


async def test_open_connections_of_a_revoked_session_are_closed(app: ASGIApp, api: API, member: Member) -> None:
    """At once, since the act is on the organization's feed, which a subscription listens to."""
    other, services = await log_in(api, member), await services_of(app)
    async with connected(app, other["accessToken"]) as socket:
        await follow(socket, services, "1", EVENTS, member.organization_id)
        await revoke_all(api, member.token, keep=True)
        assert await until_closed(socket) == 4401
