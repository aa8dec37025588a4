"""The sender: a mail in the outbox comes to its reader, once, or is given up, and its token is in no database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

import server
from auth.one_time_tokens import TokenPurpose
from resolvers import mail_sender, operators
from resolvers.services import Services
from server import Settings
from storage import invitations, mail_contents, one_time_tokens, outbox
from storage.admins import AdminRecord
from storage.database import Database, now
from storage.invitations import InvitationState
from storage.outbox import Mail, MailKind
from tests import smtp
from tests.api import PASSWORD
from tests.smtp import Mailbox, token_in
from tests.storage import directory, members
from tests.storage.test_outbox import back, put

VERIFY, RESET = "Verify your email address", "Choose a new password"


@pytest.fixture
def changed_settings(mailbox: Mailbox) -> dict[str, Any]:
    """Send mails there."""
    return smtp.settings(mailbox)


@pytest.fixture
async def services(settings: Settings, database: Database) -> AsyncIterator[Services]:  # noqa: ARG001 - it has to be prepared
    """What sends, when it is told to."""
    async with server.open_state(settings) as state:
        yield state["services"]


@pytest.fixture
async def owner(database: Database) -> AdminRecord:
    """The owner of an organization that has just signed up."""
    organization = await directory.sign_up(database, "acme")
    return await members.owner_of(database, organization.id)


async def send_due(services: Services) -> int:
    """Send what is due, once; return how many that were."""
    entries = await outbox.claim_due(services.database, 8)
    await asyncio.gather(*[mail_sender.send(services, entry) for entry in entries])
    return len(entries)


async def pending(database: Database) -> int:
    """Return how many mails are yet to be sent."""
    return await database["outbox"].count_documents({"due_at": {"$exists": True}})


async def stored(database: Database) -> str:
    """Return everything that the master database holds, as text."""
    names = await database.client[database.name].list_collection_names()
    return "".join([repr(await database[name].find().to_list(None)) for name in names])


async def test_sign_up_is_verified_by_mail(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """The mail has a token that counts, which nothing that is stored says."""
    assert await send_due(services) == 1
    (message,) = mailbox.to(owner.email)
    assert message["Subject"] == VERIFY
    token = token_in(message)
    assert token.rpartition("_")[2] not in await stored(services.database)
    subject = await one_time_tokens.find(services.database, TokenPurpose.EMAIL_VERIFICATION, token)
    assert subject is not None
    assert subject.id == owner.id
    assert await send_due(services) == 0


async def test_busy_server_is_tried_again(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """With pauses that grow; the token of the mail that arrives is the one that counts."""
    mailbox.replies.extend(["451 later", "421 busy"])
    for attempts in (1, 2):
        assert await send_due(services) == 1
        (entry,) = await services.database["outbox"].find().to_list(None)
        assert (entry["attempts"], entry["due_at"] > now()) == (attempts, True)
        assert await send_due(services) == 0
        await back(services.database, due_at=timedelta(minutes=1))
    assert mailbox.messages == []
    assert await send_due(services) == 1
    token = token_in(mailbox.to(owner.email)[0])
    assert await one_time_tokens.find(services.database, TokenPurpose.EMAIL_VERIFICATION, token)
    assert await pending(services.database) == 0


async def test_pauses_grow_to_an_hour() -> None:
    """From seconds, with some chance in it."""
    pauses = [mail_sender._pause(attempts) for attempts in (1, 2, 5, 9, 1000)]  # noqa: SLF001 - its bounds are the point
    bounds = [10, 20, 160, 2560, 3600]
    assert [bound / 2 <= pause.total_seconds() <= bound for pause, bound in zip(pauses, bounds, strict=True)] == [
        True
    ] * 5


async def test_refused_recipient_is_given_up(
    services: Services, owner: AdminRecord, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 5xx is the end of it; the log names no person."""
    mailbox.replies.append(f"550 no such user {owner.email}")
    assert await send_due(services) == 1
    assert await pending(services.database) == 0
    assert mailbox.messages == []
    log = "".join(capfd.readouterr())
    assert "mail given up" in log
    assert "answered 550" in log
    assert "example.com" in log
    assert owner.email.partition("@")[0] not in log


async def test_two_workers_send_once(
    settings: Settings, services: Services, owner: AdminRecord, mailbox: Mailbox
) -> None:
    """Whoever claims a mail sends it."""
    async with server.open_state(settings) as state:
        both = [services, state["services"]]
        sent = await asyncio.gather(*[send_due(one) for one in both for _ in range(4)])
    assert sum(sent) == 1
    assert len(mailbox.to(owner.email)) == 1


async def test_crash_after_acceptance_sends_again(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """As another message, since only the newer token counts."""
    (lost,) = await outbox.claim_due(services.database, 8)
    contents = await mail_contents.prepare(services.database, lost)
    assert contents is not None
    await services.mailer.send(lost, contents)
    await back(services.database, due_at=timedelta(minutes=5))  # The process died before it took the entry out.
    assert await send_due(services) == 1
    first, second = mailbox.to(owner.email)
    assert first["Message-ID"] != second["Message-ID"]
    found = [
        await one_time_tokens.find(services.database, TokenPurpose.EMAIL_VERIFICATION, token_in(message))
        for message in (first, second)
    ]
    assert [one is not None for one in found] == [False, True]


async def test_lost_claim_sends_nothing(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """A worker that slept while another took the mail over leaves it, and its token, alone."""
    (slow,) = await outbox.claim_due(services.database, 8)
    await back(services.database, due_at=timedelta(minutes=5))
    assert await send_due(services) == 1
    await mail_sender.send(services, slow)
    (message,) = mailbox.to(owner.email)
    assert await one_time_tokens.find(services.database, TokenPurpose.EMAIL_VERIFICATION, token_in(message))


async def test_reset_goes_to_the_address_of_the_account(
    services: Services, owner: AdminRecord, mailbox: Mailbox
) -> None:
    """However it was spelled by who asked: a spelling that only looks alike is somebody else's mailbox."""
    await send_due(services)
    await outbox.request(services.database, Mail(MailKind.PASSWORD_RESET, owner.email.upper()))
    assert await send_due(services) == 1
    (message,) = [one for one in mailbox.to(owner.email) if one["Subject"] == RESET]
    assert await one_time_tokens.find(services.database, TokenPurpose.PASSWORD_RESET, token_in(message))


async def test_unknown_address_and_operator_get_no_mail(services: Services, mailbox: Mailbox) -> None:
    """Nobody is written to who has no password to be reset here."""
    await operators.create(services, email="operator@example.com", password=PASSWORD)
    for email in ("operator@example.com", "nobody@example.com"):
        await outbox.request(services.database, Mail(MailKind.PASSWORD_RESET, email))
    assert await send_due(services) == 2
    assert mailbox.messages == []
    assert await pending(services.database) == 0


async def test_late_reset_is_given_up(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """After half an hour nobody waits for it; other mails are worth three days."""
    await send_due(services)
    mailbox.messages.clear()
    await outbox.request(services.database, Mail(MailKind.PASSWORD_RESET, owner.email))
    await put(services.database, Mail(MailKind.PASSWORD_CHANGED, owner.email))
    await back(services.database, created_at=timedelta(minutes=31))
    assert await send_due(services) == 2
    assert [message["Subject"] for message in mailbox.messages] == ["Your password was changed"]
    await put(services.database, Mail(MailKind.PASSWORD_CHANGED, owner.email))
    await back(services.database, created_at=timedelta(days=3))
    assert await send_due(services) == 1
    assert len(mailbox.messages) == 1


async def test_invitation_is_sent(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """It names the organization, and its token counts as long as the invitation."""
    invitation = await members.invite(services.database, owner, "eve@example.com")
    await send_due(services)
    (message,) = mailbox.to("eve@example.com")
    assert message["Subject"] == "You are invited to Acme"
    subject = await one_time_tokens.find(services.database, TokenPurpose.INVITATION, token_in(message))
    assert subject is not None
    assert subject.id == invitation.id
    (stored_token,) = await services.database["one_time_tokens"].find({"subject_id": invitation.id}).to_list(None)
    assert stored_token["expires_at"] == invitation.expires_at


async def test_invitation_that_has_ended_is_dropped(services: Services, owner: AdminRecord, mailbox: Mailbox) -> None:
    """Nobody is invited to what was taken back."""
    invitation = await members.invite(services.database, owner, "eve@example.com")
    await services.database[invitations.COLLECTION].update_one(
        {"_id": invitation.id}, {"$set": {"state": InvitationState.REVOKED}}
    )
    await send_due(services)
    assert mailbox.to("eve@example.com") == []
    assert await services.database["one_time_tokens"].count_documents({"subject_id": invitation.id}) == 0


async def test_running_server_sends_by_itself(app: ASGIApp, database: Database, mailbox: Mailbox) -> None:  # noqa: ARG001 - it has to run
    """More mails than are sent at once all leave."""
    recipients = [f"reader{number}@example.com" for number in range(20)]
    for email in recipients:
        await put(database, Mail(MailKind.PASSWORD_CHANGED, email))
    await directory.until(lambda: len(mailbox.messages) == len(recipients))
    assert sorted(message["To"] for message in mailbox.messages) == sorted(recipients)


ENDS: dict[str, dict[str, Any]] = {
    "verified": {"email_verified": True},
    "changed": {"email": "other@example.com", "email_key": "other@example.com"},
    "deactivated": {"status": "DEACTIVATED"},
    "removed": {"removed_at": now()},
}


@pytest.mark.parametrize("end", ENDS)
async def test_verification_that_nobody_wants_is_dropped(
    services: Services, owner: AdminRecord, mailbox: Mailbox, end: str
) -> None:
    """Nothing is sent, and no token made, for an address that is verified, given up, or of nobody who can sign in."""
    await services.database["admins"].update_one({"_id": owner.id}, {"$set": ENDS[end]})
    assert await send_due(services) == 1
    assert mailbox.messages == []
    assert await services.database["one_time_tokens"].count_documents({}) == 0
    assert await pending(services.database) == 0


async def test_reset_of_a_deleted_organization_is_dropped(
    services: Services, owner: AdminRecord, mailbox: Mailbox
) -> None:
    """Nobody gets a token who could not sign in."""
    await send_due(services)
    mailbox.messages.clear()
    await directory.delete(services.database, owner.organization_id)
    await outbox.request(services.database, Mail(MailKind.PASSWORD_RESET, owner.email))
    await send_due(services)
    assert mailbox.messages == []
    assert await services.database["one_time_tokens"].count_documents({}) == 0
