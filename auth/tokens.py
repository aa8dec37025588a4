"""Access tokens: short-lived JSON Web Tokens (RFC 7519, profile of RFC 9068).

A token says who signed in; what the caller may do is asked of the live records at every request.
"""

import base64
import hashlib
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from auth.keys import KeyRing

_TYPE = "at+jwt"
_CLOCK_SKEW_SECONDS = 5
_MAX_LENGTH = 4096
_REMEMBERED = 10_000
_REQUIRED_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]


class InvalidTokenError(Exception):
    """The token does not count, for whatever reason: callers are told no more."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Who a verified token speaks for: an admin of an organization, or an operator (no organization)."""

    subject_id: AdminId | OperatorId
    session_id: SessionId
    organization_id: OrganizationId | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and the instant at which it ends."""

    value: str
    expires_at: datetime


class AccessTokens:
    """Issues and verifies access tokens; remembers the verified ones, by hash, until they end or the keys change."""

    def __init__(self, keys: KeyRing, *, issuer: str, audience: str, ttl: timedelta) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._ttl = ttl
        self._verified: OrderedDict[bytes, AccessClaims] = OrderedDict()
        self._version = keys.version

    def issue(
        self,
        subject_id: AdminId | OperatorId,
        session_id: SessionId,
        organization_id: OrganizationId | None,
    ) -> AccessToken:
        """Sign a token for one session."""
        issued_at = int(time.time())
        expires_at = issued_at + int(self._ttl.total_seconds())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject_id,
            "sid": session_id,
            "jti": uuid.uuid4().hex,
            "iat": issued_at,
            "exp": expires_at,
        }
        if organization_id is not None:
            claims["org"] = organization_id
        key = self._keys.current
        value = jwt.encode(
            claims, key.signer, algorithm=self._keys.algorithm.value, headers={"typ": _TYPE, "kid": key.kid}
        )
        return AccessToken(value, datetime.fromtimestamp(expires_at, UTC))

    def verify(self, token: str) -> AccessClaims:
        """Return the claims of a token of ours that has not ended; raise `InvalidTokenError` for all others."""
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise InvalidTokenError
        self._forget_after_a_change()
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._check(token)
            self._remember(digest, claims)
        if claims.expires_at <= time.time():
            self._verified.pop(digest, None)
            raise InvalidTokenError
        return claims

    def _check(self, token: str) -> AccessClaims:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(header.get("kid"))
            if key is None or header.get("typ") != _TYPE or not _is_canonical(token.rpartition(".")[2]):
                raise InvalidTokenError
            claims = jwt.decode(
                token,
                key.verifier,
                algorithms=[self._keys.algorithm.value],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_CLOCK_SKEW_SECONDS,
                options={"require": _REQUIRED_CLAIMS, "strict_aud": True, "enforce_minimum_key_length": True},
            )
            return _read_claims(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidTokenError from error

    def _forget_after_a_change(self) -> None:
        """Forget what keys have verified that may have been retired."""
        version = self._keys.version
        if version != self._version:
            self._verified.clear()
            self._version = version

    def _remember(self, digest: bytes, claims: AccessClaims) -> None:
        self._verified[digest] = claims
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)


def _is_canonical(signature: str) -> bool:
    """Tell whether this is the one text for its bytes: decoders skip what does not belong, and ignore the last bits."""
    decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == signature


def _read_claims(claims: dict[str, object]) -> AccessClaims:
    subject, session, organization = claims["sub"], claims["sid"], claims.get("org")
    if not isinstance(subject, str) or not isinstance(session, str):
        raise InvalidTokenError
    if organization is not None and not isinstance(organization, str):
        raise InvalidTokenError
    if not isinstance(claims["exp"], int):
        raise InvalidTokenError
    return AccessClaims(
        AdminId(subject),
        SessionId(session),
        None if organization is None else OrganizationId(organization),
        float(claims["exp"]),
    )
