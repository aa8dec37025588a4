"""Many tabs that renew one session at the same instant, at several servers on one database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from starlette.types import ASGIApp

import server
from server import Settings
from storage.database import Database
from tests.api import API, Member, started

VIEWER = "{ viewer { admin { email } } }"
REFRESH = """
mutation ($token: String!) {
  refreshSession(input: {refreshToken: $token}) { session { accessToken refreshToken } errors { code } }
}
"""


@pytest.fixture
async def other_api(app: ASGIApp, settings: Settings) -> AsyncIterator[API]:  # noqa: ARG001 - it is the second one
    """A client of a second server with a connection of its own to the same database."""
    async with (
        started(server.create_app(settings)) as other,
        httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://tenantry.test") as client,
    ):
        yield API(client)


async def refresh(api: API, token: str) -> dict[str, Any]:
    """Exchange a refresh token and return the payload."""
    payload: dict[str, Any] = (await api.data(REFRESH, {"token": token}))["refreshSession"]
    return payload


async def fifty(api: API, other_api: API, token: str) -> list[dict[str, Any]]:
    """Exchange one token fifty times at once, at both servers; return the payloads."""
    return await asyncio.gather(*(refresh((api, other_api)[number % 2], token) for number in range(50)))


async def test_fifty_refreshes_at_two_servers_are_one_chain(
    api: API, other_api: API, database: Database, member: Member
) -> None:
    """Everyone gets the same successor, again and again; all access tokens count; nothing is recorded as a theft."""
    token = member.refresh_token
    for _ in range(3):
        payloads = await fifty(api, other_api, token)
        assert [payload["errors"] for payload in payloads] == [[]] * 50
        (token,) = {payload["session"]["refreshToken"] for payload in payloads}
        for payload in payloads[::10]:
            assert (await other_api.data(VIEWER, token=payload["session"]["accessToken"]))["viewer"] is not None
    assert await database["sessions"].count_documents({}) == 1
    assert await database["sessions"].count_documents({"revoked_at": None}) == 1
    assert await database["audit_events"].count_documents({"action": "session:refresh_reused"}) == 0


async def test_first_token_ends_the_chain_once_its_successor_was_used(
    api: API, other_api: API, database: Database, member: Member
) -> None:
    """By then it is older than any tab's that has just asked."""
    successor = (await fifty(api, other_api, member.refresh_token))[0]["session"]["refreshToken"]
    latest = (await refresh(other_api, successor))["session"]
    assert [error["code"] for error in (await refresh(api, member.refresh_token))["errors"]] == ["TOKEN_INVALID"]
    for token in (successor, latest["refreshToken"]):
        assert [error["code"] for error in (await refresh(other_api, token))["errors"]] == ["TOKEN_INVALID"]
    assert await other_api.error_code(VIEWER, token=latest["accessToken"]) == "UNAUTHENTICATED"
    assert await database["audit_events"].count_documents({"action": "session:refresh_reused"}) == 1


async def test_fifty_late_refreshes_end_the_chain_once(
    api: API, other_api: API, database: Database, member: Member
) -> None:
    """After ten seconds a spent token is a stolen one: nobody gets anything for it, and one event tells of it."""
    latest = (await refresh(api, member.refresh_token))["session"]
    with time_machine.travel(timedelta(seconds=11), tick=True):
        payloads = await fifty(api, other_api, member.refresh_token)
        assert {payload["errors"][0]["code"] for payload in payloads} == {"TOKEN_INVALID"}
        assert [payload["session"] for payload in payloads] == [None] * 50
        assert (await refresh(other_api, latest["refreshToken"]))["errors"][0]["code"] == "TOKEN_INVALID"
    assert await api.error_code(VIEWER, token=latest["accessToken"]) == "UNAUTHENTICATED"
    assert await database["audit_events"].count_documents({"action": "session:refresh_reused"}) == 1
