"""Letters: every kind has both forms, shows what it is about, and loads nothing."""

import re
from datetime import UTC, datetime

import pytest

from auth.one_time_tokens import TokenPurpose
from auth.one_time_tokens import create as new_token
from resolvers.letters import Letter, LetterWriter, to_message
from storage.database import new_id
from storage.mail_contents import MailContents
from storage.outbox import Entry, Mail, MailKind

TOKENS = {
    MailKind.EMAIL_VERIFICATION: ("verify-email", TokenPurpose.EMAIL_VERIFICATION),
    MailKind.SIGN_UP_LAPSING: ("verify-email", TokenPurpose.EMAIL_VERIFICATION),
    MailKind.PASSWORD_RESET: ("reset-password", TokenPurpose.PASSWORD_RESET),
    MailKind.INVITATION: ("accept-invitation", TokenPurpose.INVITATION),
}
AT = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)


def entry_of(kind: MailKind, claim: str = "first") -> Entry:
    """Return what a worker has claimed."""
    return Entry("e1", Mail(kind, "ada@example.com"), AT, 1, claim, stays=False)


def contents_of(kind: MailKind, organization: str = "Acme") -> MailContents:
    """Return what a mail of a kind tells."""
    if kind not in TOKENS:
        return MailContents("ada@example.com")
    token = new_token(TOKENS[kind][1], new_id())
    return MailContents("ada@example.com", token, AT, organization=organization, lapses_at=AT)


def write(kind: MailKind, contents: MailContents | None = None, claim: str = "first") -> Letter:
    """Write a letter."""
    writer = LetterWriter("https://app.example.com/start")
    return writer.write(entry_of(kind, claim), contents or contents_of(kind))


@pytest.mark.parametrize("kind", MailKind)
def test_both_forms_say_the_same(kind: MailKind) -> None:
    """Text and HTML have the same words, and the site; only HTML has markup."""
    letter = write(kind)
    words = re.sub(r"<[^>]*>", " ", letter.html.partition("</h1>")[2]).replace("&#34;", '"')
    assert "app.example.com" in letter.text
    missing = [word for word in letter.text.split() if word not in words and word != letter.link]
    assert missing == []
    assert not re.search(r"[<>{}]|&#?\w+;", letter.text)
    assert letter.subject
    assert letter.subject in letter.html
    assert letter.html.startswith('<!doctype html>\n<html lang="en">')


@pytest.mark.parametrize("kind", MailKind)
def test_nothing_is_loaded(kind: MailKind) -> None:
    """The HTML refers to nothing but the page that it leads to."""
    letter = write(kind)
    references = re.findall(r"""(?:src|href|url|action)\s*[=(]\s*["']?([^"')>\s]+)""", letter.html)
    assert references == ([letter.link] if letter.link else [])
    assert not re.search(r"<(img|script|link|style|iframe|form)\b", letter.html)


@pytest.mark.parametrize("kind", TOKENS)
def test_token_stands_in_the_link_and_by_itself(kind: MailKind) -> None:
    """The link has it behind a hash, which no server is sent; the end is said."""
    contents = contents_of(kind)
    letter = write(kind, contents)
    assert letter.link == f"https://app.example.com/start/{TOKENS[kind][0]}#token={contents.token}"
    assert letter.text.count(contents.token or "-") == letter.html.count(contents.token or "-") == 2
    assert "until 1 March 2026, 09:05 UTC" in letter.text


@pytest.mark.parametrize("kind", sorted(set(MailKind) - set(TOKENS)))
def test_notice_has_no_link(kind: MailKind) -> None:
    """What only tells of something asks for no click."""
    letter = write(kind)
    assert letter.link is None
    assert "http" not in letter.text + letter.html
    assert "token" not in letter.text


def test_names_are_text() -> None:
    """What a member calls its organization is neither markup nor a header."""
    name = '<a href="https://evil.example">Pay</a>{{ 7 * 7 }} & Söhne'
    letter = write(MailKind.INVITATION, contents_of(MailKind.INVITATION, name))
    assert name in letter.text
    assert name in letter.subject
    assert "evil.example&#34;&gt;Pay&lt;/a&gt;{{ 7 * 7 }} &amp; Söhne" in letter.html
    assert "<a href=" + '"https://evil' not in letter.html
    hostile = write(MailKind.INVITATION, contents_of(MailKind.INVITATION, "Acme\r\nBcc: eve@example.com"))
    assert hostile.subject == "You are invited to Acme Bcc: eve@example.com"
    headers = to_message(hostile, "mail@example.com").as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\r\nBcc" not in headers


def test_message_id_is_that_of_what_counts() -> None:
    """A notice that is sent twice is the same message; a newer token is another one, so that nobody drops it."""
    notices = {write(MailKind.PASSWORD_CHANGED, claim=claim).id for claim in ("first", "second")}
    assert len(notices) == 1
    tokens = {write(MailKind.PASSWORD_RESET, claim=claim).id for claim in ("first", "second")}
    assert len(tokens) == 2


def test_address_beyond_ascii() -> None:
    """A domain goes out as the DNS has it, a local part as it is."""
    contents = MailContents("jürgen@bücher.example.com")
    letter = write(MailKind.PASSWORD_CHANGED, contents)
    message = to_message(letter, "mail@example.com")
    assert message["To"].addresses[0].domain == "xn--bcher-kva.example.com"
    assert message["To"].addresses[0].username == "jürgen"


def test_token_stands_in_one_piece_on_the_wire() -> None:
    """Whoever reads the file of a mail can copy the link out of it; what is not plain text is encoded as a whole."""
    letter = write(MailKind.INVITATION)
    assert letter.link is not None
    assert letter.link.encode() in to_message(letter, "Tenantry <mail@example.com>").as_bytes()
    named = write(MailKind.INVITATION, contents_of(MailKind.INVITATION, "Röck"))
    message = to_message(named, "Tenantry <mail@example.com>")
    assert message.as_bytes().isascii()
    body = message.get_body(("plain",))
    assert body is not None
    assert named.link is not None
    assert named.link in body.get_content()
