"""Letters: what a mail looks like, from the templates of its kind, and how it stands on the wire."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from resolvers import emails
from storage.mail_contents import MailContents
from storage.outbox import Entry, MailKind

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).parent.parent / "templates"
_MAX_LINE_LENGTH = 900
_PAGES = {
    MailKind.EMAIL_VERIFICATION: "verify-email",
    MailKind.SIGN_UP_LAPSING: "verify-email",
    MailKind.PASSWORD_RESET: "reset-password",
    MailKind.INVITATION: "accept-invitation",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it is sent; `link` is where it leads, if it carries a token."""

    id: str
    kind: MailKind
    to: str
    subject: str
    text: str
    html: str
    link: str | None


class LetterWriter:
    """Writes letters whose links lead to the pages of this address."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._site = urlsplit(public_url).netloc

    @cached_property
    def _templates(self) -> "jinja2.Environment":
        import jinja2  # When the first letter is written: a start does not wait for it.

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=jinja2.select_autoescape(["html"], default=False),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["instant"] = _instant
        return environment

    def write(self, entry: Entry, contents: MailContents) -> Letter:
        """Return the letter about what is in the outbox.

        Its id is the same each time it is sent, unless it carries a token: only the newest one counts, so whoever drops
        what has come before must not drop that.
        """
        link = None
        if contents.token is not None:
            link = f"{self._public_url}/{_PAGES[entry.mail.kind]}#token={contents.token}"
        values = {"site": self._site, "link": link, "mail": contents}
        name = entry.mail.kind.lower()
        text, html = (self._templates.get_template(f"{name}.{form}") for form in ("txt", "html"))
        subject = " ".join("".join(text.blocks["subject"](text.new_context(values))).split())
        return Letter(
            id=entry.id if link is None else f"{entry.id}.{entry.claim}",
            kind=entry.mail.kind,
            to=contents.to,
            subject=subject,
            text=text.render(values),
            html=html.render(values | {"subject": subject}),
            link=link,
        )


def to_message(letter: Letter, sender: str) -> EmailMessage:
    """Return a letter with its headers. Raises `ValueError` for an address that is none."""
    local, _, domain = emails.for_mail(letter.to).rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte=_encoding(letter.text))
    message.add_alternative(letter.html, subtype="html")
    return message


def _encoding(text: str) -> str:
    """Return an encoding that leaves links and tokens in one piece, where the text allows it (RFC 5322, 2.1.1)."""
    is_plain = text.isascii() and all(len(line) <= _MAX_LINE_LENGTH for line in text.splitlines())
    return "7bit" if is_plain else "quoted-printable"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M} UTC".lstrip("0")
