"""The links of an audit chain: their canonical form and their hash, which need no database to be checked.

A link is `{organization, seq, at, action, actor, session, request, target, changes, details, personal, previous}`.
`personal` is the hash of salted values that stand beside the link: they can be erased, and the chain still holds.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

Link = Mapping[str, Any]

GENESIS = "0" * 64
"""What the first link of every chain has as `previous`."""


def canonical(value: object) -> bytes:
    """Return the one form of a value that is hashed: JSON as RFC 8785 has it, for values without fractions."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def link_hash(link: Link) -> str:
    """Return the SHA-256 of a link, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(link)).hexdigest()


def personal_hash(salt: str, values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of personal values with their salt, 64 hexadecimal digits."""
    return hashlib.sha256(canonical({"salt": salt, "values": values})).hexdigest()
