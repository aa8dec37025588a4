"""Refresh tokens: opaque to clients, 256 secret bits, stored only as their SHA-256.

Form: `tr_<session>_<secret><tag>`. The session tells where to look; the secret is random at first, and each successor's
is derived from its predecessor under a key that only the session's record holds. So two requests that present one token
at once get the same successor although no token is stored, and the tag tells an old token of ours from an invented one.
"""

import hashlib
import hmac
import re
import secrets

from auth.identifiers import SessionId

_FORM = re.compile(r"tr_([0-9a-f]{24})_([0-9a-f]{64})([0-9a-f]{32})")


def create_key() -> bytes:
    """Return the key of a new session's chain of tokens."""
    return secrets.token_bytes(32)


def create(session_id: SessionId, key: bytes) -> str:
    """Return the first token of a session."""
    return _assemble(session_id, secrets.token_hex(32), key)


def successor(token: str, key: bytes) -> str:
    """Return the one token that follows this one."""
    session_id, secret, _ = _parts(token)
    return _assemble(session_id, _mac(key, f"successor:{session_id}:{secret}"), key)


def session_of(token: str) -> SessionId | None:
    """Return which session the token claims to renew, or None for a text of another form."""
    match = _FORM.fullmatch(token)
    return None if match is None else SessionId(match[1])


def is_genuine(token: str, key: bytes) -> bool:
    """Tell whether the token was ever issued for its session."""
    session_id, secret, tag = _parts(token)
    return hmac.compare_digest(tag, _tag(session_id, secret, key))


def fingerprint(token: str) -> bytes:
    """Return the SHA-256 of a token: what is stored of it."""
    return hashlib.sha256(token.encode()).digest()


def _parts(token: str) -> tuple[str, str, str]:
    match = _FORM.fullmatch(token)
    if match is None:
        raise ValueError("Not a refresh token.")
    return match[1], match[2], match[3]


def _assemble(session_id: str, secret: str, key: bytes) -> str:
    return f"tr_{session_id}_{secret}{_tag(session_id, secret, key)}"


def _tag(session_id: str, secret: str, key: bytes) -> str:
    return _mac(key, f"tag:{session_id}:{secret}")[:32]


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
