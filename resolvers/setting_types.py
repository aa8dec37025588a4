"""Kinds of settings: durations, in seconds or as ISO 8601, and lists, separated by commas."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    return [entry.strip() for entry in value.split(",") if entry.strip()] if isinstance(value, str) else value


def _seconds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Lifetime = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_positive)]
Retention = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=365)), BeforeValidator(_seconds)]
