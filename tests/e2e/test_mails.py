"""Mails of a server process: none is lost when it is killed, and in development they are where it says."""

import email
import stat
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from tests import smtp
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.smtp import Mailbox, token_in

SUBJECT = "Verify your email address"
VERIFY = "mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { admin { email } errors { code } } }"


async def test_kill_before_sending_loses_no_mail(used_folder: Path) -> None:
    """What was committed while there was no SMTP server is sent by the next server, and its token works."""
    mailbox = Mailbox(port=process.free_port())
    settings = {"smtp_url": mailbox.url, "mail_from": "mail@example.com"}
    async with process.serving(used_folder, **settings) as server:
        async with server.api() as api:
            member = await api.sign_up()
        await process.until(lambda: _has_logged(server, "mail postponed"), "sending was tried")
        server.kill()
        assert member.email not in server.stderr
    with smtp.receiving(mailbox):
        async with process.serving(used_folder, **settings) as server:
            await process.until(lambda: _has_received(mailbox), "the mail has come")
            (message,) = mailbox.to(member.email)
            assert message["Subject"] == SUBJECT
            async with server.api() as api:
                payload = (await api.data(VERIFY, {"input": {"token": token_in(message)}}))["verifyEmail"]
            assert payload == {"admin": {"email": member.email}, "errors": []}
            assert token_in(message) not in server.stderr


async def test_several_workers_send_each_mail_once(tmp_path: Path, external: dict[str, str]) -> None:
    """Processes that share a database share its outbox."""
    with smtp.receiving() as mailbox:
        settings = {**external, "smtp_url": mailbox.url, "mail_from": "mail@example.com", "workers": "2"}
        async with process.serving(tmp_path, **settings) as server, server.api() as api:
            members = [await api.sign_up() for _ in range(4)]
            await process.until(lambda: _has_received(mailbox, len(members)), "all mails have come")
    assert sorted(message["To"] for message in mailbox.messages) == sorted(member.email for member in members)


async def test_mails_of_development_are_in_a_folder(tmp_path: Path, external: dict[str, str]) -> None:
    """The start says where; the log says where each one leads, and the token works."""
    folder = tmp_path / "data" / "mails"
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        assert f"Mail              {folder}\n" in server.stdout
        member = await api.sign_up()
        await process.until(lambda: _is_there(folder), "the mail is there")
        (path,) = _mails_in(folder)
        assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, path)] == [0o700, 0o600]
        message = email.message_from_bytes(path.read_bytes(), EmailMessage, policy=default)
        assert message["To"] == member.email
        token = token_in(message)
        await process.until(lambda: _has_logged(server, f"{server.url}/verify-email#token={token}"), "it is logged")
        payload = (await api.data(VERIFY, {"input": {"token": token}}))["verifyEmail"]
        assert payload == {"admin": {"email": member.email}, "errors": []}


async def _has_logged(server: ServerProcess, text: str) -> bool:
    return text in server.stderr


async def _has_received(mailbox: Mailbox, count: int = 1) -> bool:
    return len(mailbox.messages) >= count


async def _is_there(folder: Path) -> bool:
    return bool(_mails_in(folder))


def _mails_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.eml"))
