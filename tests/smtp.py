"""An SMTP server for tests: real connections, TLS and passwords included, and everything that it was sent."""

import contextlib
import datetime as dt
import email
import ipaddress
import ssl
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from tests.e2e.process import free_port
from tests.storage import directory

USER, PASSWORD = "tenantry", "smtp-canary-77aa"


@dataclass
class Mailbox:
    """What a server was sent, and how it answers: with `replies` to the next recipients, then with acceptance."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    replies: deque[str] = field(default_factory=deque)
    logins: list[bool] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The setting that leads here."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd's signature
        session: Session,  # noqa: ARG002 - as above
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002 - as above
    ) -> str:
        """Answer to a recipient."""
        reply = self.replies.popleft() if self.replies else "250 OK"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        self.secured.append(session.ssl is not None)
        self.messages.append(email.message_from_bytes(envelope.content, EmailMessage, policy=default))
        return "250 OK"

    def authenticate(
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd's signature
        session: Session,  # noqa: ARG002 - as above
        envelope: Envelope,  # noqa: ARG002 - as above
        mechanism: str,  # noqa: ARG002 - as above
        given: object,
    ) -> AuthResult:
        """Tell whether somebody may send."""
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        self.logins.append(right)
        return AuthResult(success=right, handled=False)

    def to(self, address: str) -> list[EmailMessage]:
        """Return what was sent to an address, in order."""
        return [message for message in self.messages if message["To"] == address]

    async def next_to(self, address: str, subject: str) -> EmailMessage:
        """Wait until a message with this subject has come to an address; take it out of the mailbox."""

        def found() -> list[EmailMessage]:
            return [message for message in self.to(address) if message["Subject"] == subject]

        await directory.until(lambda: bool(found()))
        message = found()[0]
        self.messages.remove(message)
        return message


@contextlib.contextmanager
def receiving(mailbox: Mailbox | None = None, **parameters: Any) -> Iterator[Mailbox]:  # noqa: ANN401 - aiosmtpd's
    """Run a server with parameters of aiosmtpd's, on the mailbox's port, or on any."""
    mailbox = mailbox or Mailbox()
    mailbox.port = mailbox.port or free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **parameters)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of 127.0.0.1 that nobody has signed but itself, and the key."""

    path: Path
    context: ssl.SSLContext


def certificate(folder: Path) -> Certificate:
    """Make a certificate in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - dt.timedelta(days=1))
        .not_valid_after(at + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return Certificate(path, context)


def settings(mailbox: Mailbox) -> dict[str, Any]:
    """Return the settings of a server that sends its mails there."""
    return {
        "smtp_url": SecretStr(mailbox.url),
        "mail_from": "Tenantry <mail@example.com>",
        "public_url": "https://app.example.com",
    }


def token_in(message: EmailMessage) -> str:
    """Return the token of a mail, which text, link and HTML all have."""
    text, html = (message.get_body((form,)) for form in ("plain", "html"))
    assert text is not None
    assert html is not None
    lines = text.get_content().split()
    (link,) = [line for line in lines if line.startswith("http")]
    token: str = link.partition("#token=")[2]
    assert token in lines
    assert html.get_content().count(token) == 2
    return token
