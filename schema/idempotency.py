"""Idempotency keys, as inputs have them."""

from dataclasses import fields, is_dataclass
from typing import Protocol

from resolvers.idempotency import Attempt
from schema.fields import Info

KEY = (
    "A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the "
    "same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters."
)
_NO_ARGUMENTS = {"idempotency_key", "password"}


class Repeatable(Protocol):
    """An input with a key."""

    idempotency_key: str | None


def attempt_of(info: Info, given: Repeatable, *, keyless: bool = False) -> Attempt:
    """Return the attempt that a mutation with this input is; `keyless` if the key does not count."""
    return Attempt(info.field_name, None if keyless else given.idempotency_key, _plain(given))


def _plain(value: object) -> object:
    """Return an input as plain values, without its key, and without a password, which no fingerprint may hold."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name not in _NO_ARGUMENTS}
    if isinstance(value, list):
        return [_plain(one) if is_dataclass(one) else one for one in value]
    return value
