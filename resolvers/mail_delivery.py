"""Delivering letters: over SMTP, or, where nobody has said through which server, into a folder and the log."""

import asyncio
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Protocol

import structlog
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPNotSupported, SMTPRecipientsRefused

from resolvers.letters import Letter, to_message
from resolvers.mail_settings import Security, SMTPServer

_SECONDS, _STEP_SECONDS = 60.0, 20.0
_PERMANENT = 500
_log = structlog.get_logger()


class MailRefusedError(Exception):
    """The letter will never be accepted; the message says why, without any address."""


class MailPostponedError(Exception):
    """The letter could not be delivered now; the message says why, without any address."""


class MailDelivery(Protocol):
    """A way on which letters leave."""

    async def deliver(self, letter: Letter) -> None:
        """Deliver a letter. Raises `MailRefusedError` or `MailPostponedError`."""


class SMTPDelivery:
    """Hands letters to an SMTP server, a connection each (RFC 5321), within a minute."""

    def __init__(self, server: SMTPServer, sender: str, *, name: str) -> None:
        self._server = server
        self._sender = sender
        self._name = name

    async def deliver(self, letter: Letter) -> None:
        """Deliver a letter. What happens after the server has accepted it makes no difference."""
        message = _message(letter, self._sender)
        accepted = False
        try:
            async with asyncio.timeout(_SECONDS), self._client() as client:
                await _hand_over(client, message)
                accepted = True
        except (SMTPException, OSError) as error:
            if not accepted:
                raise MailPostponedError(_described(error)) from None

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=self._name,
            timeout=_STEP_SECONDS,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
        )


class FolderDelivery:
    """Puts letters into a folder, a file each, and where they lead into the log: for development."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def deliver(self, letter: Letter) -> None:
        """Write a letter down."""
        message = _message(letter, self._sender).as_bytes(policy=SMTPUTF8)
        try:
            path = await asyncio.to_thread(self._write, letter, message)
        except OSError as error:
            raise MailPostponedError(_described(error)) from None
        _log.info("mail", kind=letter.kind.value, to=letter.to, file=str(path), link=letter.link)

    def _write(self, letter: Letter, message: bytes) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = datetime.now(UTC)
        path = self._folder / f"{at:%Y%m%dT%H%M%S%fZ}-{letter.kind.lower()}-{letter.id}.eml"
        unfinished = path.with_suffix(".part")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - only `os.open` takes a mode
            file.write(message)
        return unfinished.rename(path)


def _message(letter: Letter, sender: str) -> EmailMessage:
    try:
        return to_message(letter, sender)
    except ValueError as error:
        raise MailRefusedError(type(error).__name__) from None


async def _hand_over(client: SMTP, message: EmailMessage) -> None:
    try:
        await client.send_message(message)
    except SMTPNotSupported as error:  # An address beyond ASCII (RFC 6531), for a server that knows nothing else.
        raise MailRefusedError(type(error).__name__) from None
    except SMTPRecipientsRefused as error:
        raise _judged([one.code for one in error.recipients]) from None
    except SMTPDataError as error:
        raise _judged([error.code]) from None


def _judged(codes: list[int]) -> MailRefusedError | MailPostponedError:
    answered = "answered " + ", ".join(map(str, codes))
    return MailRefusedError(answered) if min(codes) >= _PERMANENT else MailPostponedError(answered)


def _described(error: Exception) -> str:
    """Return what kind of error it is, and the server's code: its text may repeat what it was sent."""
    code = getattr(error, "code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"
