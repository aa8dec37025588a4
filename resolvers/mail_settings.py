"""How mails are sent: the part of the settings that says so."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import getaddresses
from enum import Enum
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, SecretStr, model_validator

from resolvers.setting_types import Lifetime

_PORTS = {"smtp": 587, "smtps": 465}


class Security(Enum):
    """How the way to an SMTP server is kept private; `NONE` is for one on this machine."""

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class SMTPServer:
    """Where mails are handed over, and as whom."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_server(url: str) -> SMTPServer:
    """Read `smtps://user:password@host:465` or `smtp://user:password@host:587`.

    Raises `ValueError` that shows nothing of it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in _PORTS or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "expected smtps://user:password@host:465 or smtp://user:password@host:587, special characters as %40"
        ) from None
    security = Security.TLS if parts.scheme == "smtps" else Security.NONE if _is_loopback(host) else Security.STARTTLS
    user, password = (None if given is None else unquote(given) for given in (parts.username, parts.password))
    return SMTPServer(host, port or _PORTS[parts.scheme], security, user, password)


def _smtp_url(given: SecretStr) -> SecretStr:
    smtp_server(given.get_secret_value())
    return given


def _sender(given: str) -> str:
    addresses = [address for _, address in getaddresses([given])]
    if len(addresses) != 1 or not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", addresses[0]) or not given.isprintable():
        raise ValueError("expected an email address, or a name and an email address: Tenantry <mail@example.com>")
    return given


def _public_url(given: str) -> str:
    try:
        parts = urlsplit(given)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None or not given.isprintable():
        raise ValueError("expected an address such as https://app.example.com")
    return given.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class MailSettings(BaseModel):
    """Where mails lead, through which server they go, from whom, and how long an owner has to verify its address."""

    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] | None = None
    verification_period: Lifetime = timedelta(days=7)

    @model_validator(mode="after")
    def _sender_with_server(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("TENANTRY_MAIL_FROM has to be set with TENANTRY_SMTP_URL")
        return self
