"""Connections that stay open: they end with what has opened them, unless they are renewed."""

import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

import server
from schema import ids
from server import Settings
from storage.database import Database
from tests.api import API, Member
from tests.storage import directory
from tests.websocket import ClosedError, Socket, connected

VIEWER = "{ viewer { admin { email } } }"
PROGRESS = "subscription ($id: ID!) { migrationProgress(organizationId: $id) { state } }"
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
DELETE = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code } } }"
LOGOUT = "mutation { logout { loggedOut errors { code } } }"
RENEW = """
mutation ($token: String!) { renewConnection(accessToken: $token) { expiresAt errors { code path } } }
"""
REFUSED = {"expiresAt": None, "errors": [{"code": "TOKEN_INVALID", "path": ["accessToken"]}]}
SHORT = {"access_token_ttl": timedelta(seconds=5)}

TokenMaker = Callable[[API, Settings, Member], Coroutine[Any, Any, str]]
Ending = Callable[[API, Member], Coroutine[Any, Any, object]]


async def issue(settings: Settings, member: Member, seconds: int) -> str:
    """Return another token of the member's session, which lasts so long."""
    changed = settings.model_copy(update={"access_token_ttl": timedelta(seconds=seconds)})
    async with server.open_state(changed) as state:
        tokens = state["services"].tokens
        claims = tokens.verify(member.token)
        return tokens.issue(claims.subject_id, claims.session_id, claims.organization_id).value


async def end_of(settings: Settings, token: str) -> float:
    """Return when a token ends."""
    async with server.open_state(settings) as state:
        return state["services"].tokens.verify(token).expires_at


async def renew(socket: Socket, token: str) -> dict[str, Any]:
    """Renew the connection; return the payload."""
    socket.subscribe("renew", RENEW, token=token)
    (result,) = await socket.all("renew")
    payload: dict[str, Any] = result["data"]["renewConnection"]
    return payload


async def is_closed(socket: Socket) -> tuple[int, str]:
    """Wait until the server closes the connection, which it has to do without another word; return how."""
    with pytest.raises(ClosedError) as closed:
        await socket.receive()
    return closed.value.code, closed.value.reason


@pytest.mark.parametrize("changed_settings", [SHORT])
async def test_connection_goes_on_under_a_newer_token(
    app: ASGIApp, api: API, settings: Settings, member: Member
) -> None:
    """What runs on it goes on beyond the end of the old token, which ends another connection."""
    token = await issue(settings, member, 60)
    async with connected(app, member.token) as renewed, connected(app, member.token) as other:
        renewed.subscribe("1", PROGRESS, id=member.organization_id)
        payload = await renew(renewed, token)
        assert payload["errors"] == []
        assert datetime.fromisoformat(payload["expiresAt"]).timestamp() == await end_of(settings, token)
        assert await is_closed(other) == (4401, "Unauthorized")
        rename = {"organizationId": member.organization_id, "name": "Rockets"}
        await api.data(RENAME, {"input": rename}, token=token)
        states = [result["data"]["migrationProgress"]["state"] for result in await renewed.all("1")]
        assert states[-1] == "CLEANED"
        renewed.subscribe("2", VIEWER)
        assert await renewed.all("2") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]


@pytest.mark.parametrize("changed_settings", [SHORT])
async def test_renewed_connection_ends_with_the_newer_token(app: ASGIApp, settings: Settings, member: Member) -> None:
    """It is put off, no more."""
    async with connected(app, member.token) as socket:
        token = await issue(settings, member, 8)
        assert (await renew(socket, token))["errors"] == []
        end = await end_of(settings, token)
        assert await is_closed(socket) == (4401, "Unauthorized")
        assert end <= time.time() < end + 2


async def garbage(_: API, __: Settings, ___: Member) -> str:
    """Return what is no token."""
    return "nonsense"


async def too_long(_: API, __: Settings, ___: Member) -> str:
    """Return what is no token and large."""
    return "x" * 100_000


async def of_another(api: API, _: Settings, __: Member) -> str:
    """Return a token of somebody else."""
    return (await api.sign_up()).token


async def expired(_: API, settings: Settings, member: Member) -> str:
    """Return a token of the same session that has ended."""
    return await issue(settings, member, -10)


async def older(_: API, settings: Settings, member: Member) -> str:
    """Return a token of the same session that ends before the connection's."""
    return await issue(settings, member, 30)


async def of_ended_session(api: API, _: Settings, member: Member) -> str:
    """Return a token of another session of the same account, which has been ended."""
    payload = await api.login(member.email)
    token: str = payload["session"]["accessToken"]
    await api.data(LOGOUT, token=token)
    return token


MAKERS: list[TokenMaker] = [garbage, too_long, of_another, expired, older, of_ended_session]


@pytest.mark.parametrize("make", MAKERS)
async def test_other_tokens_renew_nothing(
    app: ASGIApp, api: API, settings: Settings, member: Member, make: TokenMaker
) -> None:
    """The connection stays with the token that it has."""
    token = await make(api, settings, member)
    async with connected(app, member.token) as socket:
        assert await renew(socket, token) == REFUSED
        socket.subscribe("1", VIEWER)
        assert await socket.all("1") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]
        assert (await renew(socket, member.token))["errors"] == []


async def test_another_session_of_the_same_account_will_do(app: ASGIApp, api: API, member: Member) -> None:
    """From then on the connection ends with that one."""
    token = (await api.login(member.email))["session"]["accessToken"]
    async with connected(app, member.token) as socket:
        assert (await renew(socket, token))["errors"] == []
        await api.data(LOGOUT, token=member.token)
        socket.subscribe("1", VIEWER)
        assert await socket.all("1") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]
        await api.data(LOGOUT, token=token)
        assert await is_closed(socket) == (4401, "Unauthorized")


async def test_anonymous_connection_cannot_become_somebodys(app: ASGIApp, member: Member) -> None:
    """It has no account that the token could be of."""
    async with connected(app) as socket:
        assert await renew(socket, member.token) == REFUSED
        socket.subscribe("1", VIEWER)
        assert await socket.all("1") == [{"data": {"viewer": None}}]


async def test_request_over_http_has_no_connection(api: API, member: Member) -> None:
    """There is nothing to renew."""
    assert await api.error_code(RENEW, {"token": member.token}, token=member.token) == "BAD_REQUEST"


@pytest.mark.parametrize("changed_settings", [SHORT])
async def test_connection_ends_with_its_token(app: ASGIApp, settings: Settings, member: Member) -> None:
    """An idle one is closed, on one that is not each subscription hears why first; an anonymous one stays."""
    end = await end_of(settings, member.token)
    async with connected(app, member.token) as idle, connected(app, member.token) as busy, connected(app) as anonymous:
        for name in ("1", "2"):
            busy.subscribe(name, PROGRESS, id=member.organization_id)
        assert await is_closed(idle) == (4401, "Unauthorized")
        assert end <= time.time() < end + 2
        refusals = [await busy.receive(), await busy.receive()]
        assert sorted((refusal["type"], refusal["id"]) for refusal in refusals) == [("error", "1"), ("error", "2")]
        assert {refusal["payload"][0]["extensions"]["code"] for refusal in refusals} == {"UNAUTHENTICATED"}
        assert await is_closed(busy) == (4401, "Unauthorized")
        anonymous.subscribe("1", VIEWER)
        assert await anonymous.all("1") == [{"data": {"viewer": None}}]


async def log_out(api: API, member: Member) -> object:
    """End the session."""
    return await api.data(LOGOUT, token=member.token)


async def delete(api: API, member: Member) -> object:
    """Delete the organization."""
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": member.slug}}
    return await api.data(DELETE, variables, token=member.token)


ENDINGS: list[Ending] = [log_out, delete]


@pytest.mark.parametrize("end", ENDINGS)
async def test_connection_ends_with_session_and_organization(
    app: ASGIApp, api: API, member: Member, end: Ending
) -> None:
    """Whether it is idle or not; another's is none the wiser."""
    other = await api.sign_up()
    async with (
        connected(app, member.token) as idle,
        connected(app, member.token) as busy,
        connected(app, other.token) as others,
    ):
        busy.subscribe("1", PROGRESS, id=member.organization_id)
        await end(api, member)
        assert await is_closed(idle) == (4401, "Unauthorized")
        assert await busy.error_code("1") == "UNAUTHENTICATED"
        assert await is_closed(busy) == (4401, "Unauthorized")
        others.subscribe("1", VIEWER)
        assert (await others.all("1"))[0]["data"]["viewer"]["admin"]["email"] == other.email


async def test_what_ends_a_connection_is_answered_on_it(app: ASGIApp, member: Member) -> None:
    """Who signs out is told so, and then sent away."""
    async with connected(app, member.token) as socket:
        socket.subscribe("1", LOGOUT)
        assert await socket.all("1") == [{"data": {"logout": {"loggedOut": True, "errors": []}}}]
        assert await is_closed(socket) == (4401, "Unauthorized")


async def test_connection_ends_with_what_the_role_allows(app: ASGIApp, database: Database, member: Member) -> None:
    """A subscription that is refused while it runs says why, and an idle connection of the same account stays."""
    organization_id = ids.decode_organization(member.organization_id)
    await directory.begin_rename(database, organization_id, "rockets")
    async with connected(app, member.token) as idle, connected(app, member.token) as busy:
        busy.subscribe("1", PROGRESS, id=member.organization_id)
        assert (await busy.next("1"))["data"] == {"migrationProgress": {"state": "PLANNED"}}
        await database["organizations"].update_one({"_id": organization_id}, {"$set": {"status": "DELETED"}})
        (refusal,) = await busy.all("1")
        assert [error["extensions"]["code"] for error in refusal["errors"]] == ["FORBIDDEN"]
        assert refusal["data"] is None
        assert await is_closed(busy) == (4403, "Forbidden")
        idle.subscribe("1", VIEWER)
        assert await idle.all("1") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]


async def test_subscription_that_is_refused_at_once_ends_no_connection(app: ASGIApp, api: API, member: Member) -> None:
    """Nothing has been taken away."""
    other = await api.sign_up()
    async with connected(app, member.token) as socket:
        socket.subscribe("1", PROGRESS, id=other.organization_id)
        assert await socket.error_code("1") == "FORBIDDEN"
        socket.subscribe("2", VIEWER)
        assert await socket.all("2") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]
