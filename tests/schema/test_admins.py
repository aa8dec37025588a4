"""What admins change about themselves, through the interface that clients see."""

from typing import Any

import pytest

from tests.api import API, PASSWORD, Member

UPDATE = """
mutation ($input: UpdateAdminInput!) {
  updateAdmin(input: $input) { admin { name email emailVerified displayName } errors { code path } }
}
"""
VIEWER = "{ viewer { admin { email } } }"
NEW_PASSWORD = "vermilion otter gearbox"


async def update(api: API, token: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the test gives
    """Change the caller and return the payload."""
    payload: dict[str, Any] = (await api.data(UPDATE, {"input": changes}, token=token))["updateAdmin"]
    return payload


@pytest.fixture
async def member(api: API) -> Member:
    """An owner, signed in."""
    return await api.sign_up(email="ada@example.com", adminName="Ada")


async def test_name_changes_without_a_password(api: API, member: Member) -> None:
    """A name is not worth a password."""
    payload = await update(api, member.token, name="Ada Lovelace")
    assert payload["errors"] == []
    assert payload["admin"]["name"] == payload["admin"]["displayName"] == "Ada Lovelace"


async def test_new_password_ends_the_other_sessions(api: API, member: Member) -> None:
    """The session that changes the password goes on, every other one ends, and only the new password counts."""
    other = (await api.login(member.email))["session"]["accessToken"]
    payload = await update(api, member.token, password=NEW_PASSWORD, currentPassword=PASSWORD)
    assert payload["errors"] == []
    assert (await api.data(VIEWER, token=member.token))["viewer"] is not None
    assert await api.error_code(VIEWER, token=other) == "UNAUTHENTICATED"
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    assert (await api.login(member.email, NEW_PASSWORD))["errors"] == []


async def test_new_email_is_unverified_and_logs_in(api: API, member: Member) -> None:
    """The new address counts at once for logging in, the old one no more, and it is free for others."""
    payload = await update(api, member.token, email="lovelace@example.com", currentPassword=PASSWORD)
    assert payload["admin"] == {
        "name": "Ada",
        "email": "lovelace@example.com",
        "emailVerified": False,
        "displayName": "Ada",
    }
    assert (await api.login("lovelace@example.com"))["errors"] == []
    assert (await api.login("ada@example.com"))["errors"][0]["code"] == "BAD_CREDENTIALS"
    await api.sign_up(email="ADA@example.com")


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"email": "new@example.com"}, "INVALID", "currentPassword"),
        ({"password": NEW_PASSWORD}, "INVALID", "currentPassword"),
        ({"password": NEW_PASSWORD, "currentPassword": "wrong"}, "BAD_CREDENTIALS", "currentPassword"),
        ({"password": NEW_PASSWORD, "currentPassword": "w" * 100_000}, "BAD_CREDENTIALS", "currentPassword"),
        ({"password": "short", "currentPassword": PASSWORD}, "WEAK_PASSWORD", "password"),
        ({"email": "nobody", "currentPassword": PASSWORD}, "INVALID", "email"),
        ({"email": "TAKEN@example.com", "currentPassword": PASSWORD}, "EMAIL_TAKEN", "email"),
        ({"name": "A"}, "INVALID", "name"),
    ],
)
async def test_bad_changes_change_nothing(
    api: API, member: Member, changes: dict[str, str], code: str, path: str
) -> None:
    """Each bad value is told with its path; email, password and name stay."""
    await api.sign_up(email="taken@example.com")
    payload = await update(api, member.token, **changes)
    assert payload == {"admin": None, "errors": [{"code": code, "path": [path]}]}
    assert (await api.login(member.email))["errors"] == []
    assert (await api.data(VIEWER, token=member.token))["viewer"]["admin"] == {"email": "ada@example.com"}


async def test_strangers_and_operators_change_nobody(api: API, operator_token: str) -> None:
    """There is no admin to change."""
    assert await api.error_code(UPDATE, {"input": {"name": "Me"}}) == "UNAUTHENTICATED"
    assert await api.error_code(UPDATE, {"input": {"name": "Me"}}, token=operator_token) == "FORBIDDEN"
