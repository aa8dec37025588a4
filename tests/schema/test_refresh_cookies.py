"""Refresh tokens in a cookie: how it comes and goes, and what it counts for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest
import time_machine
from starlette.types import ASGIApp

from storage.database import Database
from tests import members
from tests.api import API, PASSWORD, Member
from tests.event_stream import streaming
from tests.test_server import PRODUCTION
from tests.websocket import connected

NAME = "tenantry-refresh"
SECURE_NAME = "__Secure-tenantry-refresh"
TOKENS = "session { accessToken refreshToken } errors { code path }"
LOGIN = f"mutation ($input: LoginInput!) {{ login(input: $input) {{ {TOKENS} }} }}"
SIGN_UP = f"mutation ($input: CreateOrgInput!) {{ createOrg(input: $input) {{ {TOKENS} }} }}"
ACCEPT = f"mutation ($input: AcceptInvitationInput!) {{ acceptInvitation(input: $input) {{ {TOKENS} }} }}"
REFRESH = f"mutation ($given: String) {{ refreshSession(input: {{refreshToken: $given}}) {{ {TOKENS} }} }}"
LOGOUT = "mutation { logout { loggedOut errors { code } } }"
VIEWER = "{ viewer { admin { email } } }"
REFUSED = {"session": None, "errors": [{"code": "TOKEN_INVALID", "path": ["refreshToken"]}]}


async def post(api: API, query: str, token: str | None = None, **variables: object) -> httpx.Response:
    """Send an operation as a browser does, with the cookies that it keeps; return the whole response."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await api.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def payload(response: httpx.Response) -> dict[str, Any]:
    """Return the payload of the one mutation of a response."""
    (found,) = response.json()["data"].values()
    assert isinstance(found, dict)
    return found


def cookie_of(response: httpx.Response) -> Morsel[str]:
    """Return the one cookie that a response sets."""
    (header,) = response.headers.get_list("set-cookie")
    (morsel,) = SimpleCookie(header).values()
    return morsel


async def log_in(api: API, member: Member) -> httpx.Response:
    """Open a session whose refresh token is in the cookie."""
    given = {"email": member.email, "password": PASSWORD, "refreshTokenInCookie": True}
    return await post(api, LOGIN, input=given)


def access_token(response: httpx.Response) -> str:
    """Return the access token in a response."""
    token: str = payload(response)["session"]["accessToken"]
    return token


async def live(database: Database) -> int:
    """Return how many sessions there are that were not ended."""
    return await database["sessions"].count_documents({"revoked_at": None})


@pytest.fixture
async def secure(app: ASGIApp) -> AsyncIterator[API]:
    """A client that comes over TLS."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://tenantry.test") as client:
        yield API(client)


async def test_login_keeps_the_token_from_scripts(api: API, member: Member) -> None:
    """It is in the cookie alone, which goes to the endpoint only and lasts as long as the session."""
    response = await log_in(api, member)
    assert payload(response)["errors"] == []
    assert payload(response)["session"]["refreshToken"] is None
    cookie = cookie_of(response)
    assert (cookie.key, cookie["path"], cookie["samesite"], cookie["domain"]) == (NAME, "/graphql", "strict", "")
    assert cookie["httponly"] is True
    assert cookie["secure"] == ""
    assert timedelta(days=13, hours=23) < timedelta(seconds=int(cookie["max-age"])) <= timedelta(days=14)
    assert cookie.value.startswith("tr_")
    assert cookie.value not in response.text
    assert response.headers["cache-control"] == "no-store"


async def test_cookie_renews_the_session(api: API, database: Database, member: Member) -> None:
    """Each exchange puts the successor in its place; the predecessor ends the session after its time."""
    first = cookie_of(await log_in(api, member)).value
    response = await post(api, REFRESH)
    second = cookie_of(response).value
    assert second != first
    assert payload(response)["session"]["refreshToken"] is None
    assert (await api.data(VIEWER, token=access_token(response)))["viewer"] is not None
    third = cookie_of(await post(api, REFRESH)).value
    assert third not in {first, second}
    assert payload(await post(api, REFRESH, given=first)) == REFUSED
    assert await live(database) == 1


@pytest.mark.parametrize("changed_settings", [{"refresh_token_ttl": timedelta(days=100)}])
async def test_cookie_lasts_no_longer_than_the_session(api: API, member: Member) -> None:
    """Sixty days, however long it may be idle."""
    cookie = cookie_of(await log_in(api, member))
    assert timedelta(days=59, hours=23) < timedelta(seconds=int(cookie["max-age"])) <= timedelta(days=60)


async def test_nobody_gets_a_cookie_unasked(api: API, member: Member) -> None:
    """Tokens in payloads stay there, and a token that is given counts instead of the cookie, which stays as it is."""
    plain = await post(api, LOGIN, input={"email": member.email, "password": PASSWORD})
    assert "set-cookie" not in plain.headers
    kept = cookie_of(await log_in(api, member)).value
    renewed = await post(api, REFRESH, given=payload(plain)["session"]["refreshToken"])
    assert payload(renewed)["session"]["refreshToken"].startswith("tr_")
    assert "set-cookie" not in renewed.headers
    assert cookie_of(await post(api, REFRESH)).value != kept


async def test_sign_up_and_invitation_give_a_cookie(api: API, database: Database, member: Member) -> None:
    """As a login does: each is somebody's first session."""
    invitation_id = await members.invite(api, member, "friend@example.com")
    token = await members.token_of(database, invitation_id)
    for query, given in (
        (SIGN_UP, {"name": "Rockets", "email": "wile@example.com", "password": PASSWORD}),
        (ACCEPT, {"token": token, "password": PASSWORD}),
    ):
        response = await post(api, query, input=given | {"refreshTokenInCookie": True})
        assert payload(response)["session"]["refreshToken"] is None
        api.http.cookies.clear()
        api.http.cookies.set(NAME, cookie_of(response).value or "")
        assert payload(await post(api, REFRESH))["errors"] == []


async def test_refused_login_leaves_the_cookie(api: API, member: Member) -> None:
    """The session that is kept goes on."""
    await log_in(api, member)
    response = await post(
        api, LOGIN, input={"email": member.email, "password": "not the password", "refreshTokenInCookie": True}
    )
    assert "set-cookie" not in response.headers
    assert payload(await post(api, REFRESH))["errors"] == []


@pytest.mark.parametrize("changed_settings", [PRODUCTION])
async def test_cookie_is_secure_in_production(api: API, secure: API) -> None:
    """Behind a proxy, too, that ends TLS; one that came by plain HTTP has another name, and counts for nothing."""
    member = await api.sign_up()
    behind_proxy, over_tls = cookie_of(await log_in(api, member)), cookie_of(await log_in(secure, member))
    for cookie in (behind_proxy, over_tls):
        assert cookie.key == SECURE_NAME
        assert cookie["secure"] is True
    assert payload(await post(secure, REFRESH))["errors"] == []
    secure.http.cookies.clear()
    secure.http.cookies.set(NAME, behind_proxy.value or "")
    assert payload(await post(secure, REFRESH)) == REFUSED


async def test_cookie_is_secure_over_tls(secure: API) -> None:
    """In development, too."""
    cookie = cookie_of(await log_in(secure, await secure.sign_up()))
    assert (cookie.key, cookie["secure"]) == (SECURE_NAME, True)


async def test_cookie_signs_nobody_in(api: API, database: Database, member: Member) -> None:
    """It renews a session, or ends it: for everything else its bearer is anonymous."""
    await log_in(api, member)
    assert (await post(api, VIEWER)).json() | {"extensions": None} == {"data": {"viewer": None}, "extensions": None}
    for mutation in (
        "revokeAllSessions(input: {}) { errors { code } }",
        'updateAdmin(input: {name: "X Y"}) { errors { code } }',
    ):
        (error,) = (await post(api, f"mutation {{ {mutation} }}")).json()["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await live(database) == 2


@pytest.mark.parametrize("given", [None, "", "none", "tr_" + "a" * 24 + "_" + "b" * 96])
async def test_cookie_that_does_not_count_is_removed(
    api: API, database: Database, member: Member, given: str | None
) -> None:
    """One of another form, one that was never issued, or none: nothing is renewed, and nothing ends."""
    if given is not None:
        api.http.cookies.set(NAME, given)
    before = await database["sessions"].find().to_list(None)
    response = await post(api, REFRESH)
    assert payload(response) == REFUSED
    cookie = cookie_of(response)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/graphql")
    assert await database["sessions"].find().to_list(None) == before
    assert (await api.data(VIEWER, token=member.token))["viewer"] is not None


async def test_spent_cookie_ends_the_session(api: API, database: Database, member: Member) -> None:
    """As a spent token does, and the browser forgets it."""
    first = cookie_of(await log_in(api, member)).value
    await post(api, REFRESH)
    api.http.cookies.clear()
    api.http.cookies.set(NAME, first or "")
    with time_machine.travel(timedelta(seconds=11), tick=True):
        response = await post(api, REFRESH)
    assert payload(response) == REFUSED
    assert cookie_of(response)["max-age"] == "0"
    assert await live(database) == 1
    assert await database["audit_events"].count_documents({"action": "session:refresh_reused"}) == 1


async def test_fifty_tabs_with_one_cookie_stay_one_session(api: API, database: Database, member: Member) -> None:
    """All are given the same successor."""
    headers = {"cookie": f"{NAME}={cookie_of(await log_in(api, member)).value}"}
    api.http.cookies.clear()
    responses = await asyncio.gather(
        *(api.http.post("/graphql", json={"query": REFRESH}, headers=headers) for _ in range(50))
    )
    (successor,) = {cookie_of(response).value for response in responses}
    api.http.cookies.set(NAME, successor or "")
    assert payload(await post(api, REFRESH))["errors"] == []
    assert await live(database) == 2


async def test_logout_removes_the_cookie(api: API, database: Database, member: Member) -> None:
    """And ends the session, once."""
    response = await post(api, LOGOUT, access_token(await log_in(api, member)))
    assert payload(response)["loggedOut"] is True
    assert cookie_of(response)["max-age"] == "0"
    assert await live(database) == 1
    assert await database["audit_events"].count_documents({"action": "session:ended"}) == 1
    assert payload(await post(api, REFRESH)) == REFUSED


async def test_cookie_is_enough_for_a_logout(api: API, database: Database, member: Member) -> None:
    """When the access token has ended, or was lost with the page; it is the admin who has signed out."""
    await log_in(api, member)
    response = await post(api, LOGOUT)
    assert payload(response)["loggedOut"] is True
    assert cookie_of(response)["max-age"] == "0"
    assert await live(database) == 1
    event = await database["audit_events"].find_one({"action": "session:ended"})
    assert event is not None
    assert event["actor"]["kind"] == "ADMIN"
    assert event["session_id"] == event["target"]["id"]


async def test_logout_ends_both_sessions_of_a_browser(api: API, database: Database, member: Member) -> None:
    """That of the access token, and that of the cookie, which nobody could use any more."""
    await log_in(api, member)
    assert await live(database) == 2
    assert payload(await post(api, LOGOUT, member.token))["loggedOut"] is True
    assert await live(database) == 0


@pytest.mark.parametrize(("seconds", "action"), [(0, "session:ended"), (11, "session:refresh_reused")])
async def test_logout_with_a_spent_cookie_ends_the_session(
    api: API, database: Database, member: Member, seconds: int, action: str
) -> None:
    """Its bearer may be a thief or its owner; within its ten seconds it is the owner."""
    first = cookie_of(await log_in(api, member)).value
    await post(api, REFRESH)
    api.http.cookies.clear()
    api.http.cookies.set(NAME, first or "")
    with time_machine.travel(timedelta(seconds=seconds), tick=True):
        assert payload(await post(api, LOGOUT))["loggedOut"] is True
    ended = {"action": {"$in": ["session:ended", "session:refresh_reused"]}}
    assert [event["action"] for event in await database["audit_events"].find(ended).to_list(None)] == [action]
    assert await live(database) == 1


@pytest.mark.usefixtures("member")
async def test_logout_with_an_invented_cookie_ends_nothing(api: API, database: Database) -> None:
    """There is nobody to sign out; the browser forgets it all the same."""
    (session,) = await database["sessions"].find().to_list(None)
    api.http.cookies.set(NAME, f"tr_{session['_id']}_{'b' * 96}")
    response = await post(api, LOGOUT)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert cookie_of(response)["max-age"] == "0"
    assert await database["sessions"].find_one({"_id": session["_id"]}) == session


async def test_no_cookie_where_none_can_be_set(app: ASGIApp, database: Database, member: Member) -> None:
    """Over a WebSocket and as Server-Sent Events the head is sent already: nothing is renewed, nobody signed in."""
    given = {"email": member.email, "password": PASSWORD, "refreshTokenInCookie": True}
    before = await database["sessions"].find().to_list(None)
    async with connected(app) as socket:
        socket.subscribe("1", LOGIN, input=given)
        results = await socket.all("1")
        socket.subscribe("2", REFRESH)
        results += await socket.all("2")
    async with streaming(app, LOGIN, input=given) as stream:
        assert "set-cookie" not in stream.headers
        results += await stream.rest()
    assert [error["extensions"]["code"] for one in results for error in one["errors"]] == ["BAD_REQUEST"] * 3
    assert await database["sessions"].find().to_list(None) == before


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_forms_of_other_sites_end_nothing(api: API, database: Database, member: Member, media_type: str) -> None:
    """What a browser sends without asking first is refused before the cookie is looked at."""
    await log_in(api, member)
    body = '{"query": "mutation { logout { loggedOut } }"}'
    response = await api.http.post("/graphql", content=body, headers={"content-type": media_type})
    assert response.status_code == 415
    response = await api.http.get("/graphql", params={"query": LOGOUT}, headers={"graphql-preflight": "1"})
    assert response.status_code == 405
    assert "set-cookie" not in response.headers
    assert await live(database) == 2
