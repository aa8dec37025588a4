"""Verifying an email address, from the sign-up on, over a real SMTP server."""

from typing import Any

import pytest

from schema import ids
from storage.database import Database
from tests import mails, smtp
from tests.api import API, PASSWORD, Member
from tests.smtp import Mailbox, token_in

REQUEST = "mutation { requestEmailVerification { requested errors { code message } } }"
VERIFY = """
mutation Verify($input: VerifyEmailInput!) {
  verifyEmail(input: $input) { admin { id email emailVerified } errors { code message path } }
}
"""
UPDATE = """
mutation Update($input: UpdateAdminInput!) {
  updateAdmin(input: $input) { admin { email emailVerified } errors { code } }
}
"""
SUBJECT, NOTICE = "Verify your email address", "Your email address was changed"
NEW_ADDRESS = "new@example.com"


@pytest.fixture
def changed_settings(mailbox: Mailbox) -> dict[str, Any]:
    """Send mails there."""
    return smtp.settings(mailbox)


async def verify(api: API, token: str) -> dict[str, Any]:
    """Verify an address; return the payload."""
    payload: dict[str, Any] = (await api.data(VERIFY, {"input": {"token": token}}))["verifyEmail"]
    return payload


async def update(api: API, member: Member, **changes: str) -> dict[str, Any]:
    """Change the signed-in admin; it has to succeed. Return it."""
    given = changes | {"currentPassword": PASSWORD}
    payload = (await api.data(UPDATE, {"input": given}, token=member.token))["updateAdmin"]
    assert payload["errors"] == []
    admin: dict[str, Any] = payload["admin"]
    return admin


async def deadlines(database: Database, member: Member) -> list[bool]:
    """Tell which of the instants at which a sign-up lapses stand."""
    organization = await database["organizations"].find_one({"_id": ids.decode_organization(member.organization_id)})
    assert organization is not None
    return [name in organization for name in ("verify_by", "verify_reminder_at")]


async def test_sign_up_is_verified(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """The token of the mail verifies the address once; the sign-up lapses no more, and the trail tells of it."""
    token = token_in(await mailbox.next_to(member.email, SUBJECT))
    assert await deadlines(database, member) == [True, True]
    payload = await verify(api, token)
    assert payload == {"admin": {"id": member.admin_id, "email": member.email, "emailVerified": True}, "errors": []}
    assert await deadlines(database, member) == [False, False]
    again = await verify(api, token)
    assert [(error["code"], error["path"]) for error in again["errors"]] == [("TOKEN_INVALID", ["token"])]
    (event,) = await database["audit_events"].find({"action": "admin:email_verified"}).to_list(None)
    assert event["actor"] == {"kind": "ADMIN", "id": ids.decode_admin(member.admin_id)}


async def test_another_mail_can_be_asked_for(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """The newer token voids the older; within a minute there is one mail, however often it is asked for."""
    first = token_in(await mailbox.next_to(member.email, SUBJECT))
    for _ in range(3):
        payload = (await api.data(REQUEST, token=member.token))["requestEmailVerification"]
        assert payload == {"requested": True, "errors": []}
    second = token_in(await mailbox.next_to(member.email, SUBJECT))
    await mails.until_sent(database)
    assert mailbox.to(member.email) == []
    assert (await verify(api, first))["errors"][0]["code"] == "TOKEN_INVALID"
    assert (await verify(api, second))["errors"] == []


async def test_verified_address_needs_no_mail(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """It is a conflict, and nothing is put into the outbox."""
    await verify(api, token_in(await mailbox.next_to(member.email, SUBJECT)))
    payload = (await api.data(REQUEST, token=member.token))["requestEmailVerification"]
    assert (payload["requested"], [error["code"] for error in payload["errors"]]) == (None, ["CONFLICT"])
    assert await database["outbox"].count_documents({}) == 0


async def test_operators_have_nothing_to_verify(api: API, database: Database, operator_token: str) -> None:
    """They are refused, as is who has not signed in."""
    assert await api.error_code(REQUEST, token=operator_token) == "FORBIDDEN"
    assert await api.error_code(REQUEST) == "UNAUTHENTICATED"
    assert await database["outbox"].count_documents({}) == 0


async def test_new_address_is_verified_anew(api: API, member: Member, mailbox: Mailbox) -> None:
    """The former address is told, its token counts no more, and the new one gets one of its own."""
    former = token_in(await mailbox.next_to(member.email, SUBJECT))
    assert await update(api, member, email=NEW_ADDRESS) == {"email": NEW_ADDRESS, "emailVerified": False}
    await mailbox.next_to(member.email, NOTICE)
    token = token_in(await mailbox.next_to(NEW_ADDRESS, SUBJECT))
    assert (await verify(api, former))["errors"][0]["code"] == "TOKEN_INVALID"
    assert (await verify(api, token))["admin"]["emailVerified"] is True


async def test_same_address_stays_verified(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """Who sends its own address again, along with others fields, has changed nothing about it."""
    await verify(api, token_in(await mailbox.next_to(member.email, SUBJECT)))
    assert await update(api, member, email=member.email, name="Ada") == {"email": member.email, "emailVerified": True}
    assert await database["outbox"].count_documents({}) == 0


async def test_new_password_is_told(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """Who owns the address hears of it; a reset that was asked for before counts no more."""
    await mailbox.next_to(member.email, SUBJECT)
    request = "mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { requested } }"
    await api.data(request, {"input": {"email": member.email}})
    await mailbox.next_to(member.email, "Choose a new password")
    assert await database["one_time_tokens"].count_documents({"purpose": "tp"}) == 1
    await update(api, member, password="seventeen velvet anchors")
    await mailbox.next_to(member.email, "Your password was changed")
    assert await database["one_time_tokens"].count_documents({"purpose": "tp"}) == 0


async def test_name_is_no_news(api: API, database: Database, member: Member, mailbox: Mailbox) -> None:
    """Nobody is written to about what does not matter to security."""
    await mailbox.next_to(member.email, SUBJECT)
    await mails.until_sent(database)
    await update(api, member, name="Ada")
    assert await database["outbox"].count_documents({}) == 0


async def test_verification_in_a_suspended_organization(
    api: API, database: Database, member: Member, mailbox: Mailbox
) -> None:
    """It can be read, and its addresses verified."""
    token = token_in(await mailbox.next_to(member.email, SUBJECT))
    key = {"_id": ids.decode_organization(member.organization_id)}
    await database["organizations"].update_one(key, {"$set": {"status": "SUSPENDED"}})
    assert (await verify(api, token))["errors"] == []


@pytest.mark.parametrize(
    "token", ["", "x" * 9000, "te_" + "0" * 24 + "_" + "0" * 64, "tp_" + "0" * 24 + "_" + "0" * 64]
)
async def test_token_of_nothing(api: API, member: Member, token: str, database: Database) -> None:
    """What is no token is refused like one that is spent, and changes nothing."""
    payload = await verify(api, token)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("TOKEN_INVALID", ["token"])]
    assert await deadlines(database, member) == [True, True]
