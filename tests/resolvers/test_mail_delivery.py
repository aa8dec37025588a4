"""Delivering letters: to real SMTP servers of every sort, and into a folder."""

import email
import socket
import stat
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from resolvers.letters import Letter
from resolvers.mail_delivery import FolderDelivery, MailPostponedError, MailRefusedError, SMTPDelivery
from resolvers.mail_settings import Security, SMTPServer
from storage.outbox import MailKind
from tests import smtp
from tests.smtp import PASSWORD, USER, Certificate, Mailbox

LETTER = Letter(
    id="1",
    kind=MailKind.PASSWORD_CHANGED,
    to="ada@example.com",
    subject="Grüße",
    text="Text ✓\n",
    html="<p>HTML ✓</p>\n",
    link=None,
)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """A certificate that nobody trusts."""
    return smtp.certificate(tmp_path)


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """A certificate that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    return certificate


def delivery(
    port: int, security: Security = Security.NONE, user: str | None = None, password: str | None = None
) -> SMTPDelivery:
    """Return the way to a server on this machine."""
    server = SMTPServer("127.0.0.1", port, security, user, password)
    return SMTPDelivery(server, "Tenantry <mail@tenantry.example>", name="tenantry.example")


async def test_letter_arrives_as_text_and_html(mailbox: Mailbox) -> None:
    """Both forms and all headers arrive."""
    await delivery(mailbox.port).deliver(LETTER)
    (message,) = mailbox.messages
    assert [message[name] for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")] == [
        "Tenantry <mail@tenantry.example>",
        "ada@example.com",
        "Grüße",
        "<1@tenantry.example>",
        "auto-generated",
    ]
    assert message["Date"].datetime.tzinfo is not None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content() for part in message.iter_parts()] == ["Text ✓\r\n", "<p>HTML ✓</p>\r\n"]


@pytest.mark.parametrize(
    "address", ["ada@example.com\r\nBcc: eve@example.com", "no address", "ada@example.com, b@c.de"]
)
async def test_address_that_is_none_is_refused(mailbox: Mailbox, address: str) -> None:
    """An address adds neither a header nor a recipient."""
    with pytest.raises(MailRefusedError):
        await delivery(mailbox.port).deliver(_to(address))
    assert mailbox.messages == []


@pytest.mark.parametrize(("reply", "error"), [("451 later", MailPostponedError), ("550 unknown", MailRefusedError)])
async def test_refusal_is_for_now_or_for_good(mailbox: Mailbox, reply: str, error: type[Exception]) -> None:
    """A code of 4xx is worth another attempt, one of 5xx is not; what the server says is not repeated."""
    mailbox.replies.append(f"{reply} ada@example.com")
    with pytest.raises(error, match=f"^answered {reply[:3]}$"):
        await delivery(mailbox.port).deliver(LETTER)
    assert mailbox.messages == []


async def test_server_that_is_away_is_tried_again() -> None:
    """A refused connection is worth another attempt."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MailPostponedError):
            await delivery(taken.getsockname()[1]).deliver(LETTER)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_tls_from_the_start(trusted: Certificate) -> None:
    """With `smtps`, and a user."""
    mailbox = Mailbox()
    parameters = {"authenticator": mailbox.authenticate, "auth_required": True, "ssl_context": trusted.context}
    with smtp.receiving(mailbox, **parameters, auth_require_tls=False):
        await delivery(mailbox.port, Security.TLS, USER, PASSWORD).deliver(LETTER)
    assert len(mailbox.messages) == 1
    assert mailbox.logins == [True]


async def test_starttls(trusted: Certificate) -> None:
    """User and letter are sent when the connection is private."""
    mailbox = Mailbox()
    parameters = {"authenticator": mailbox.authenticate, "auth_required": True, "tls_context": trusted.context}
    with smtp.receiving(mailbox, **parameters, require_starttls=True):
        await delivery(mailbox.port, Security.STARTTLS, USER, PASSWORD).deliver(LETTER)
    assert (mailbox.logins, mailbox.secured) == ([True], [True])


async def test_wrong_password_is_tried_again_later(trusted: Certificate) -> None:
    """Somebody has to mend the settings: the letter waits, and no error shows the password."""
    mailbox = Mailbox()
    parameters = {"authenticator": mailbox.authenticate, "auth_required": True, "tls_context": trusted.context}
    receiving = smtp.receiving(mailbox, **parameters, auth_exclude_mechanism=["LOGIN"])
    with receiving, pytest.raises(MailPostponedError) as caught:
        await delivery(mailbox.port, Security.STARTTLS, USER, "wrong-canary").deliver(LETTER)
    assert "wrong-canary" not in str(caught.value)
    assert (mailbox.logins, mailbox.messages) == ([False], [])


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_nothing_is_sent_without_starttls() -> None:
    """A server, or somebody in between, that offers no STARTTLS hears neither password nor letter."""
    mailbox = Mailbox()
    parameters = {"authenticator": mailbox.authenticate, "auth_require_tls": False}
    with smtp.receiving(mailbox, **parameters), pytest.raises(MailPostponedError):
        await delivery(mailbox.port, Security.STARTTLS, USER, PASSWORD).deliver(LETTER)
    assert (mailbox.logins, mailbox.messages) == ([], [])


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_certificate_has_to_be_trusted(certificate: Certificate, security: Security) -> None:
    """A certificate that nobody vouches for ends the attempt before anything is sent."""
    context: dict[str, Any] = {"ssl_context" if security is Security.TLS else "tls_context": certificate.context}
    with smtp.receiving(**context) as mailbox, pytest.raises(MailPostponedError):
        await delivery(mailbox.port, security).deliver(LETTER)
    assert mailbox.messages == []


async def test_folder_is_the_owners(tmp_path: Path) -> None:
    """Each letter is a file that only its owner can read, whole."""
    folder = tmp_path / "data" / "mails"
    await FolderDelivery(folder, "Tenantry <tenantry@localhost>").deliver(LETTER)
    (path,) = folder.iterdir()
    assert path.name.endswith("-password_changed-1.eml")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, path)] == [0o700, 0o600]
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == "ada@example.com"


async def test_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """A letter is not lost to a full disk."""
    (tmp_path / "mails").write_text("a file")
    with pytest.raises(MailPostponedError):
        await FolderDelivery(tmp_path / "mails", "Tenantry <tenantry@localhost>").deliver(LETTER)


def _to(address: str) -> Letter:
    return Letter(LETTER.id, LETTER.kind, address, LETTER.subject, LETTER.text, LETTER.html, LETTER.link)
