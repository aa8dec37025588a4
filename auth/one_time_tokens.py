"""One-time tokens: what a mail carries, so that who receives it can do one thing once.

Form: `<kind>_<record>_<secret>`. The kind tells tokens for one purpose from those for others, the record where to look;
the secret has 256 bits, and only the SHA-256 of the token is stored.
"""

import hashlib
import re
import secrets
from enum import StrEnum

_FORM = re.compile(r"(t[eip])_([0-9a-f]{24})_[0-9a-f]{64}")


class TokenPurpose(StrEnum):
    """What a token is good for, by the prefix that it has."""

    EMAIL_VERIFICATION = "te"
    PASSWORD_RESET = "tp"  # noqa: S105 - a prefix
    INVITATION = "ti"


def create(purpose: TokenPurpose, record_id: str) -> str:
    """Return a new token of the record with this id."""
    return f"{purpose.value}_{record_id}_{secrets.token_hex(32)}"


def record_of(token: str, purpose: TokenPurpose) -> str | None:
    """Return which record the token claims to be of, or None for a text that is no token for this purpose."""
    match = _FORM.fullmatch(token)
    return match[2] if match is not None and match[1] == purpose.value else None


def fingerprint(token: str) -> bytes:
    """Return the SHA-256 of a token: what is stored of it."""
    return hashlib.sha256(token.encode()).digest()
