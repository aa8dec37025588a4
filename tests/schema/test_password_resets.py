"""Resetting a password, from the request to the login, over a real SMTP server."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import server
from auth.one_time_tokens import TokenPurpose
from resolvers import password_resets
from resolvers.context import Credentials, Origin, RequestContext
from schema import ids
from server import Settings
from storage import account_tokens
from storage.admins import AdminRecord
from storage.database import Database
from tests import mails, smtp
from tests.api import API, Member
from tests.commands import Commands
from tests.smtp import Mailbox, token_in
from tests.storage import members
from tests.storage.test_outbox import requests_back

REQUEST = """
mutation Request($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { requested errors { code message path } }
}
"""
RESET = """
mutation Reset($input: ResetPasswordInput!) {
  resetPassword(input: $input) { admin { id email emailVerified } errors { code message path } }
}
"""
VERIFY = "mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { admin { id } errors { code path } } }"
VIEWER = "{ viewer { admin { id } } }"
NEW_PASSWORD = "seventeen velvet anchors"
SUBJECT, NOTICE = "Choose a new password", "Your password was changed"


@pytest.fixture
def changed_settings(mailbox: Mailbox) -> dict[str, Any]:
    """Send mails there."""
    return smtp.settings(mailbox)


async def request(api: API, email: str) -> dict[str, Any]:
    """Ask for a reset; return the payload."""
    payload: dict[str, Any] = (await api.data(REQUEST, {"input": {"email": email}}))["requestPasswordReset"]
    return payload


async def reset(api: API, token: str, password: str = NEW_PASSWORD) -> dict[str, Any]:
    """Reset a password; return the payload."""
    payload: dict[str, Any] = (await api.data(RESET, {"input": {"token": token, "password": password}}))[
        "resetPassword"
    ]
    return payload


async def token_for(api: API, mailbox: Mailbox, email: str) -> str:
    """Ask for a reset; return the token that the mail has."""
    assert (await request(api, email))["requested"] is True
    return token_in(await mailbox.next_to(email, SUBJECT))


async def test_forgotten_password_is_reset(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """The mail's token sets a password once, ends all sessions, verifies the address, and is told and recorded."""
    token = await token_for(api, mailbox, member.email)
    names = await database.client[database.name].list_collection_names()
    stored = [await database[name].find().to_list(None) for name in names]
    assert token.rpartition("_")[2] not in repr(stored)
    payload = await reset(api, token)
    assert payload == {"admin": {"id": member.admin_id, "email": member.email, "emailVerified": True}, "errors": []}
    assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"
    assert (await api.login(member.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    assert (await api.login(member.email, NEW_PASSWORD))["errors"] == []
    await mailbox.next_to(member.email, NOTICE)
    (event,) = await database["audit_events"].find({"action": "admin:password_reset"}).to_list(None)
    assert event["actor"] == {"kind": "ADMIN", "id": ids.decode_admin(member.admin_id)}
    assert event["details"] == {"endedSessions": 1}
    again = await reset(api, token, "another long password here")
    assert [error["code"] for error in again["errors"]] == ["TOKEN_INVALID"]
    assert (await api.login(member.email, NEW_PASSWORD))["errors"] == []


async def test_reset_ends_the_lapse(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """Who reads the mails of an address has shown that it is its own."""
    organization = {"_id": ids.decode_organization(member.organization_id), "verify_by": {"$exists": True}}
    assert await database["organizations"].count_documents(organization) == 1
    verification = token_in(await mailbox.next_to(member.email, "Verify your email address"))
    await reset(api, await token_for(api, mailbox, member.email))
    assert await database["organizations"].count_documents(organization) == 0
    payload = (await api.data(VERIFY, {"input": {"token": verification}}))["verifyEmail"]
    assert payload == {"admin": None, "errors": [{"code": "TOKEN_INVALID", "path": ["token"]}]}


async def test_weak_password_does_not_spend_the_token(api: API, member: Member, mailbox: Mailbox) -> None:
    """Whoever chooses badly chooses again."""
    token = await token_for(api, mailbox, member.email)
    weak = await reset(api, token, "password")
    assert [(error["code"], error["path"]) for error in weak["errors"]] == [("WEAK_PASSWORD", ["password"])]
    assert (await api.login(member.email))["errors"] == []
    assert (await reset(api, token))["errors"] == []


async def test_newest_token_voids_the_older(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """Of two mails the second counts."""
    first = await token_for(api, mailbox, member.email)
    await mails.until_sent(database)
    await requests_back(database, timedelta(minutes=2))
    second = await token_for(api, mailbox, member.email)
    assert (await reset(api, first))["errors"][0]["code"] == "TOKEN_INVALID"
    assert (await reset(api, second))["errors"] == []


async def test_tokens_that_do_not_count_are_alike(
    api: API, database: Database, member: Member, mailbox: Mailbox
) -> None:
    """Truncated, of another kind, unknown or empty: nothing tells which."""
    verification = token_in(await mailbox.next_to(member.email, "Verify your email address"))
    token = await token_for(api, mailbox, member.email)
    unknown = token[:-64] + "0" * 64
    answers = [
        await reset(api, wrong)
        for wrong in ("", token[:-1], token + "0", unknown, verification, "tp_" + verification[3:], "x" * 9000)
    ]
    assert [answer["errors"] for answer in answers] == [answers[0]["errors"]] * len(answers)
    assert [(error["code"], error["path"]) for error in answers[0]["errors"]] == [("TOKEN_INVALID", ["token"])]
    assert (await api.login(member.email))["errors"] == []
    async for found in database["one_time_tokens"].find():
        await database["one_time_tokens"].update_one(
            {"_id": found["_id"]}, {"$set": {"expires_at": found["created_at"]}}
        )
    assert (await reset(api, token))["errors"] == answers[0]["errors"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "DEACTIVATED"},
        {"removed_at": "now"},
        {"email": "other@example.com", "email_key": "other@example.com"},
    ],
    ids=["deactivated", "removed", "other-address"],
)
async def test_token_counts_while_its_admin_does(
    api: API, database: Database, member: Member, mailbox: Mailbox, change: dict[str, str]
) -> None:
    """Nothing is set for an admin who is gone, or has another address."""
    token = await token_for(api, mailbox, member.email)
    admin = {"_id": ids.decode_admin(member.admin_id)}
    await database["admins"].update_one(admin, {"$set": change})
    before = await database["admins"].find_one(admin)
    assert (await reset(api, token))["errors"][0]["code"] == "TOKEN_INVALID"
    assert await database["admins"].find_one(admin) == before


async def test_racing_resets_are_one(api: API, member: Member, mailbox: Mailbox) -> None:
    """A token that is used at the same moment several times sets one password."""
    token = await token_for(api, mailbox, member.email)
    passwords = [f"{NEW_PASSWORD} {number}" for number in range(3)]
    answers = await asyncio.gather(*[reset(api, token, password) for password in passwords])
    (winner,) = [password for password, answer in zip(passwords, answers, strict=True) if not answer["errors"]]
    assert [error["code"] for answer in answers for error in answer["errors"]] == ["TOKEN_INVALID"] * 2
    assert (await api.login(member.email, winner))["errors"] == []


async def test_unknown_address_is_answered_the_same(
    api: API, database: Database, member: Member, mailbox: Mailbox
) -> None:
    """The whole answer is; and there is no mail."""
    known, unknown = await request(api, member.email), await request(api, "nobody@example.com")
    assert known == unknown == {"requested": True, "errors": []}
    assert await request(api, "nobody@example.com") == unknown
    await mailbox.next_to(member.email, SUBJECT)
    await mails.until_sent(database)
    assert mailbox.to("nobody@example.com") == []


async def test_unknown_address_costs_the_same(
    settings: Settings, watched: tuple[Database, Commands], member: Member
) -> None:
    """One command to the database, whoever is asked for, and however often."""
    client, commands = watched
    async with server.open_state(settings) as state:
        services = replace(state["services"], database=client)
        for email in (member.email, "nobody@example.com", member.email, "nobody@example.com"):
            context = RequestContext(services, Credentials(None), Origin(None, "r"))
            commands.seen.clear()
            await password_resets.request(context, email)
            assert commands.names == ["update"]


async def test_text_that_is_no_address_is_refused(api: API, database: Database) -> None:
    """That depends on nothing that is stored."""
    for email in ("nobody", "a@b@example.com", "a" * 300 + "@example.com", "a@example.com\r\nBcc: b@example.com"):
        payload = await request(api, email)
        assert payload["requested"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["email"])]
    assert await database["outbox"].count_documents({}) == 0


async def test_reset_that_meets_a_deletion_changes_nothing(
    api: API, database: Database, member: Member, mailbox: Mailbox
) -> None:
    """The token went with the organization."""
    token = await token_for(api, mailbox, member.email)
    key = ids.decode_organization(member.organization_id)
    owner: AdminRecord = await members.owner_of(database, key)
    await database["organizations"].update_one({"_id": key}, {"$set": {"status": "DELETED"}})
    found = await account_tokens.find_admin(database, TokenPurpose.PASSWORD_RESET, token)
    assert found == owner
    assert (await reset(api, token))["errors"][0]["code"] == "TOKEN_INVALID"
    assert await members.owner_of(database, key) == owner
