"""The settings of mails: what is understood, and what an error shows."""

from datetime import timedelta

import pytest

from resolvers.mail_settings import Security, SMTPServer, smtp_server
from server import StartupError, load_settings

CANARY = "canary-51c0"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://ada:p%40ss@mail.example.com", ("mail.example.com", 465, Security.TLS, "ada", "p@ss")),
        ("smtps://mail.example.com:4465/", ("mail.example.com", 4465, Security.TLS, None, None)),
        ("smtp://a%3Ab:c@mail.example.com:2525", ("mail.example.com", 2525, Security.STARTTLS, "a:b", "c")),
        ("smtp://mail.example.com", ("mail.example.com", 587, Security.STARTTLS, None, None)),
        ("smtp://10.0.0.1:25", ("10.0.0.1", 25, Security.STARTTLS, None, None)),
        ("smtp://localhost.example.com:25", ("localhost.example.com", 25, Security.STARTTLS, None, None)),
        ("smtp://127.0.0.1:25", ("127.0.0.1", 25, Security.NONE, None, None)),
        ("smtp://[::1]:25", ("::1", 25, Security.NONE, None, None)),
        ("smtp://localhost:25", ("localhost", 25, Security.NONE, None, None)),
    ],
)
def test_url_of_a_server(url: str, expected: tuple[str, int, Security, str | None, str | None]) -> None:
    """Only a server on this machine is spoken to in the open; the password shows nowhere."""
    server = smtp_server(url)
    assert server == SMTPServer(*expected)
    assert expected[4] is None or f"'{expected[4]}'" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        f"http://{CANARY}@mail.example.com",
        f"smtp://ada:{CANARY}/1@mail.example.com",
        f"smtp://ada:{CANARY}#@mail.example.com",
        f"smtp://mail.example.com:{CANARY}",
        f"smtps://mail.example.com/?{CANARY}",
        f"smtp://[{CANARY}",
        CANARY,
    ],
)
def test_wrong_url_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The error names the key, and shows nothing of what may be a password."""
    monkeypatch.setenv("TENANTRY_SMTP_URL", url)
    monkeypatch.setenv("TENANTRY_MAIL_FROM", "mail@example.com")
    with pytest.raises(StartupError, match="TENANTRY_SMTP_URL") as caught:
        load_settings()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("sender", ["mail", "Tenantry <mail>", "a@b@c", "a@b\r\nBcc: c@d", "a@b, c@d", "ä@example.com"])
def test_wrong_sender_stops_the_start(monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    """What is no one address is refused."""
    monkeypatch.setenv("TENANTRY_MAIL_FROM", sender)
    with pytest.raises(StartupError, match="TENANTRY_MAIL_FROM"):
        load_settings()


@pytest.mark.parametrize(
    "url", ["app.example.com", "ftp://a.example", "https://", "https://a.example/#x", "https://a\nb"]
)
def test_wrong_public_url_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Links have to lead somewhere."""
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", url)
    with pytest.raises(StartupError, match="TENANTRY_PUBLIC_URL"):
        load_settings()


def test_server_wants_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails come from somebody."""
    monkeypatch.setenv("TENANTRY_SMTP_URL", "smtps://mail.example.com")
    with pytest.raises(StartupError, match=r"^TENANTRY_MAIL_FROM has to be set with TENANTRY_SMTP_URL\.$"):
        load_settings()


def test_settings_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slash at the end of the address is none of the links."""
    monkeypatch.setenv("TENANTRY_SMTP_URL", "smtps://ada:secret@mail.example.com")
    monkeypatch.setenv("TENANTRY_MAIL_FROM", "Tenantry <mail@example.com>")
    monkeypatch.setenv("TENANTRY_PUBLIC_URL", "https://app.example.com/start/")
    monkeypatch.setenv("TENANTRY_VERIFICATION_PERIOD", "PT1H")
    settings = load_settings()
    assert settings.public_url == "https://app.example.com/start"
    assert settings.verification_period == timedelta(hours=1)
    assert "secret" not in repr(settings)
