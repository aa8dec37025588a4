"""Signing in, staying signed in, signing out, through the interface that clients see."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from auth import refresh_tokens
from storage.database import Database
from tests.api import API, Member

VIEWER = "{ viewer { admin { email } session { id createdAt expiresAt } permissions } }"
REFRESH = """
mutation ($token: String!) {
  refreshSession(input: {refreshToken: $token}) {
    session { accessToken refreshToken expiresAt }
    errors { code path }
  }
}
"""


async def refresh(api: API, token: str) -> dict[str, Any]:
    """Exchange a refresh token and return the payload."""
    payload: dict[str, Any] = (await api.data(REFRESH, {"token": token}))["refreshSession"]
    return payload


async def test_anonymous_viewer_is_null(api: API) -> None:
    """Nobody is signed in without a token, and that is no error."""
    assert await api.data(VIEWER) == {"viewer": None}


async def test_login_opens_a_session(api: API, member: Member) -> None:
    """The tokens of a login are those of the admin, and the login is noted."""
    payload = await api.login(member.email.upper())
    assert payload["errors"] == []
    assert payload["session"]["tokenType"] == "Bearer"
    assert payload["admin"]["lastLoginAt"] is not None
    viewer = (await api.data(VIEWER, token=payload["session"]["accessToken"]))["viewer"]
    assert viewer["admin"] == {"email": member.email}
    assert "organization:delete" in viewer["permissions"]


async def test_wrong_password_and_unknown_email_answer_alike(api: API, member: Member) -> None:
    """Nobody learns from a login whether an address has an account."""
    wrong = await api.login(member.email, "not the password")
    unknown = await api.login("nobody@example.com", "not the password")
    malformed = await api.login("nobody", "not the password")
    assert wrong == unknown == malformed
    assert [error["code"] for error in wrong["errors"]] == ["BAD_CREDENTIALS"]


async def test_login_ignores_a_stale_token(api: API, member: Member) -> None:
    """A client that still sends its old token can log in."""
    assert (await api.login(member.email, token="stale"))["errors"] == []


async def test_token_that_does_not_count_leaves_the_caller_anonymous(api: API, member: Member) -> None:
    """Public fields work, `viewer` is null, and an error says that the token is refused."""
    query = "query ($slug: String) { viewer { permissions } organization(slug: $slug) { name } }"
    body = await api.execute(query, {"slug": member.slug}, token=member.token + "x")
    assert body["data"] == {"viewer": None, "organization": {"name": member.name}}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]


async def test_logout_ends_the_token(api: API, member: Member) -> None:
    """After a logout neither the access token nor the refresh token counts."""
    data = await api.data("mutation { logout { loggedOut errors { code } } }", token=member.token)
    assert data == {"logout": {"loggedOut": True, "errors": []}}
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    assert (await refresh(api, member.refresh_token))["errors"][0]["code"] == "TOKEN_INVALID"


async def test_logout_without_a_session_is_refused(api: API) -> None:
    """There is nothing to end."""
    assert await api.error_code("mutation { logout { loggedOut } }") == "UNAUTHENTICATED"


async def test_access_token_ends_after_ten_minutes(api: API, member: Member) -> None:
    """A token counts for its lifetime and the allowance for clocks, then no more; the refresh token still does."""
    with time_machine.travel(timedelta(minutes=9, seconds=55), tick=True):
        assert (await api.data(VIEWER, token=member.token))["viewer"] is not None
    with time_machine.travel(timedelta(minutes=10, seconds=10), tick=True):
        assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
        renewed = await refresh(api, member.refresh_token)
        assert (await api.data(VIEWER, token=renewed["session"]["accessToken"]))["viewer"] is not None


async def test_refresh_token_is_good_for_one_use(api: API, member: Member) -> None:
    """Each exchange gives another token; an older one ends the session, since it may be stolen."""
    second = (await refresh(api, member.refresh_token))["session"]
    third = (await refresh(api, second["refreshToken"]))["session"]
    assert len({member.refresh_token, second["refreshToken"], third["refreshToken"]}) == 3
    reused = await refresh(api, member.refresh_token)
    assert [(error["code"], error["path"]) for error in reused["errors"]] == [("TOKEN_INVALID", ["refreshToken"])]
    assert (await refresh(api, third["refreshToken"]))["errors"][0]["code"] == "TOKEN_INVALID"
    assert await api.error_code(VIEWER, token=third["accessToken"]) == "UNAUTHENTICATED"


async def test_fifty_tabs_that_refresh_at_once_stay_one_session(api: API, database: Database, member: Member) -> None:
    """50 parallel exchanges of one token get one successor, which works."""
    payloads = await asyncio.gather(*(refresh(api, member.refresh_token) for _ in range(50)))
    successors = {payload["session"]["refreshToken"] for payload in payloads}
    assert len(successors) == 1
    assert (await refresh(api, successors.pop()))["errors"] == []
    assert await database["sessions"].count_documents({}) == 1


async def test_predecessor_is_honoured_for_ten_seconds(api: API, member: Member) -> None:
    """A late retry within ten seconds gets the same successor; after them the session ends."""
    successor = (await refresh(api, member.refresh_token))["session"]["refreshToken"]
    with time_machine.travel(timedelta(seconds=8), tick=True):
        assert (await refresh(api, member.refresh_token))["session"]["refreshToken"] == successor
    with time_machine.travel(timedelta(seconds=11), tick=True):
        assert (await refresh(api, member.refresh_token))["errors"][0]["code"] == "TOKEN_INVALID"
        assert (await refresh(api, successor))["errors"][0]["code"] == "TOKEN_INVALID"


async def test_idle_session_ends(api: API, member: Member) -> None:
    """A session that is not renewed for 14 days has ended; one that is lives on, but no longer than 60 days."""
    with time_machine.travel(timedelta(days=14, minutes=1), tick=True):
        assert (await refresh(api, member.refresh_token))["errors"][0]["code"] == "TOKEN_INVALID"
    token = member.refresh_token
    for day in range(10, 60, 10):
        with time_machine.travel(timedelta(days=day), tick=True):
            token = (await refresh(api, token))["session"]["refreshToken"]
    with time_machine.travel(timedelta(days=60, minutes=1), tick=True):
        assert (await refresh(api, token))["errors"][0]["code"] == "TOKEN_INVALID"


@pytest.mark.parametrize("kind", ["empty", "garbage", "access", "invented", "truncated"])
async def test_invented_refresh_token_changes_nothing(api: API, database: Database, member: Member, kind: str) -> None:
    """Tokens that were never issued are refused, even one that names a session, and end nothing."""
    (session,) = await database["sessions"].find().to_list(None)
    token = {
        "empty": "",
        "garbage": "ö" * 5000,
        "access": member.token,
        "invented": refresh_tokens.create(session["_id"], refresh_tokens.create_key()),
        "truncated": member.refresh_token[:-1],
    }[kind]
    assert (await refresh(api, token))["errors"][0]["code"] == "TOKEN_INVALID"
    assert (await refresh(api, member.refresh_token))["errors"] == []


async def test_removed_account_ends_its_sessions(api: API, database: Database, member: Member) -> None:
    """Live records decide: a deactivated admin is out at the next request, whatever its token says."""
    await database["admins"].update_one({"email": member.email}, {"$set": {"status": "DEACTIVATED"}})
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    assert (await refresh(api, member.refresh_token))["errors"][0]["code"] == "TOKEN_INVALID"
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"


async def test_changed_role_counts_at_once(api: API, database: Database, member: Member) -> None:
    """Live records decide: the permissions are those of the role of now."""
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})
    viewer = (await api.data(VIEWER, token=member.token))["viewer"]
    assert "organization:delete" not in viewer["permissions"]
    rename = 'mutation ($id: ID!) { renameOrg(input: {organizationId: $id, name: "New"}) { errors { code } } }'
    assert await api.error_code(rename, {"id": member.organization_id}, token=member.token) == "FORBIDDEN"


async def test_session_is_found_again_by_its_owner_only(api: API, member: Member) -> None:
    """`node` gives the viewer's own session, and nobody else's."""
    session_id = (await api.data(VIEWER, token=member.token))["viewer"]["session"]["id"]
    query = "query ($id: ID!) { node(id: $id) { id __typename } }"
    found = await api.data(query, {"id": session_id}, token=member.token)
    assert found == {"node": {"id": session_id, "__typename": "Session"}}
    other = await api.sign_up()
    assert await api.data(query, {"id": session_id}, token=other.token) == {"node": None}
    assert await api.data(query, {"id": session_id}) == {"node": None}
