"""The list of the viewer's sessions, through the interface that clients see."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from starlette.types import ASGIApp

from schema import ids
from schema.ids import NodeType
from storage.database import Database, new_id
from tests.api import API, PASSWORD, Member

SESSIONS = """
query ($first: Int, $after: String, $last: Int, $before: String) {
  viewer {
    session { id }
    sessions(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id client address createdAt lastUsedAt expiresAt current } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on Session { id current } } }"
LOGOUT = "mutation { logout { errors { code } } }"
REFRESH = """
mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) { session { accessToken } errors { code } } }
"""


async def listed(api: API, token: str, **page: object) -> list[dict[str, Any]]:
    """Return the sessions in a page of the list."""
    connection = (await api.data(SESSIONS, page, token=token))["viewer"]["sessions"]
    return [edge["node"] for edge in connection["edges"]]


async def log_in(api: API, email: str, client: str = "Test") -> str:
    """Open a session with a client of this name; return its access token."""
    api.http.headers["user-agent"] = client
    payload = await api.login(email)
    token: str = payload["session"]["accessToken"]
    return token


async def test_sessions_are_listed_newest_first(api: API, member: Member) -> None:
    """Each with its client, its address, when it was used, and whether it is the present one."""
    token = await log_in(api, member.email, "Laptop")
    await log_in(api, member.email, "Phone")
    await api.sign_up()
    found = await listed(api, token)
    assert [(one["client"], one["address"], one["current"]) for one in found] == [
        ("Phone", "127.0.0.1", False),
        ("Laptop", "127.0.0.1", True),
        (f"python-httpx/{httpx.__version__}", "127.0.0.1", False),
    ]
    assert len({one["id"] for one in found}) == 3
    for one in found:
        assert one["createdAt"] == one["lastUsedAt"]
        lasts = datetime.fromisoformat(one["expiresAt"]) - datetime.fromisoformat(one["createdAt"])
        assert lasts == timedelta(days=14)


async def test_renewal_tells_from_where_and_when(app: ASGIApp, api: API, member: Member) -> None:
    """A laptop moves: the list shows the client that has renewed the session last."""
    (before,) = await listed(api, member.token)
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 50_000))
    with time_machine.travel(timedelta(minutes=5), tick=True):
        async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as elsewhere:
            elsewhere.headers["user-agent"] = "Laptop 2"
            payload = (await API(elsewhere).data(REFRESH, {"token": member.refresh_token}))["refreshSession"]
        (after,) = await listed(api, payload["session"]["accessToken"])
    assert (after["id"], after["createdAt"]) == (before["id"], before["createdAt"])
    assert (after["client"], after["address"], after["current"]) == ("Laptop 2", "192.0.2.7", True)
    for name in ("lastUsedAt", "expiresAt"):
        moved = datetime.fromisoformat(after[name]) - datetime.fromisoformat(before[name])
        assert timedelta(minutes=4, seconds=30) < moved < timedelta(minutes=6)


async def test_sessions_that_have_ended_are_not_listed(api: API, member: Member) -> None:
    """Neither after a logout, nor after 14 days without a renewal."""
    token = await log_in(api, member.email)
    await api.data(LOGOUT, token=token)
    assert [one["current"] for one in await listed(api, member.token)] == [True]
    with time_machine.travel(timedelta(days=14, minutes=1), tick=True):
        token = await log_in(api, member.email, "Late")
        assert [one["client"] for one in await listed(api, token)] == ["Late"]


async def test_session_is_never_said_to_outlast_sixty_days(api: API, database: Database, member: Member) -> None:
    """However late it was renewed."""
    await database["sessions"].update_one({}, [{"$set": {"idle_expires_at": {"$add": ["$expires_at", 86_400_000]}}}])
    (one,) = await listed(api, member.token)
    lasts = datetime.fromisoformat(one["expiresAt"]) - datetime.fromisoformat(one["createdAt"])
    assert lasts == timedelta(days=60)


async def test_pages_lead_through_the_list(api: API, member: Member) -> None:
    """Forwards and backwards, without a gap and without a repetition."""
    for name in ("B", "C", "D"):
        token = await log_in(api, member.email, name)
    whole = await listed(api, token)
    first = (await api.data(SESSIONS, {"first": 3}, token=token))["viewer"]["sessions"]
    assert [edge["node"] for edge in first["edges"]] == whole[:3]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert await listed(api, token, first=3, after=first["pageInfo"]["endCursor"]) == whole[3:]
    assert await listed(api, token, last=1) == whole[3:]
    assert await listed(api, token, last=2, before=first["pageInfo"]["endCursor"]) == whole[:2]


@pytest.mark.parametrize("page", [{"first": 0}, {"first": 101}, {"first": 1, "last": 1}, {"after": "none"}])
async def test_page_that_makes_no_sense_is_refused(api: API, member: Member, page: dict[str, object]) -> None:
    """Too small, too large, both ends at once, a cursor of something else."""
    assert await api.error_code(SESSIONS, page, token=member.token) == "BAD_REQUEST"


async def test_operators_see_their_own_sessions(api: API, member: Member, operator_token: str) -> None:
    """And nobody else's: that of a member is not among them."""
    (one,) = await listed(api, operator_token)
    assert one["current"] is True
    (other,) = await listed(api, member.token)
    assert other["id"] != one["id"]
    assert (await api.data(NODE, {"id": other["id"]}, token=operator_token))["node"] is None


async def test_nobody_signed_in_has_no_list(api: API, member: Member) -> None:
    """There is no viewer to have one, and a token that ended shows nothing either."""
    assert await api.data(SESSIONS) == {"viewer": None}
    await api.data(LOGOUT, token=member.token)
    body = await api.execute(SESSIONS, token=member.token)
    assert body["data"] == {"viewer": None}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]


async def test_node_finds_any_session_of_ones_own(api: API, member: Member) -> None:
    """Until it ends, and for nobody else; one that never was looks the same."""
    token = await log_in(api, member.email)
    session_id = (await api.data(SESSIONS, token=token))["viewer"]["session"]["id"]
    assert await api.data(NODE, {"id": session_id}, token=member.token) == {
        "node": {"id": session_id, "current": False}
    }
    assert await api.data(NODE, {"id": session_id}, token=token) == {"node": {"id": session_id, "current": True}}
    other = await api.sign_up(password=PASSWORD)
    unknown = ids.encode(NodeType.SESSION, new_id())
    assert await api.data(NODE, {"id": session_id}, token=other.token) == {"node": None}
    assert await api.data(NODE, {"id": unknown}, token=member.token) == {"node": None}
    await api.data(LOGOUT, token=token)
    assert await api.data(NODE, {"id": session_id}, token=member.token) == {"node": None}
