"""Kinds of settings: durations, in seconds or as ISO 8601, lists, separated by commas, networks, and a Redis."""

import ipaddress
import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    return [entry.strip() for entry in value.split(",") if entry.strip()] if isinstance(value, str) else value


def _seconds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("expected addresses or networks such as 10.0.0.0/8") from None
    return value


def _redis_url(given: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(given.get_secret_value())
        usable = parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or not re.fullmatch(r"(/\d*)?", parts.path, re.ASCII):
        raise ValueError(
            "expected redis://user:password@host:6379/0, or rediss:// for TLS, special characters as %40"
        ) from None
    return given


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Lifetime = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_positive)]
Retention = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=365)), BeforeValidator(_seconds)]
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], NoDecode, BeforeValidator(_split)]
RedisURL = Annotated[SecretStr, AfterValidator(_redis_url)]
