"""The keys that access tokens and audit trails are signed with, as JSON Web Keys (RFC 7517).

A key set is a JSON text `{"keys": [...]}`. The first key is private and signs, all of them verify, so that keys rotate
without a logout; of those behind it the public half is enough. A `kid` that is missing is the key's thumbprint
(RFC 7638).
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

from auth.algorithms import Algorithm

_THUMBPRINT_MEMBERS = {
    "OKP": ("crv", "kty", "x"),
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "oct": ("k", "kty"),
}
_KEY_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
_PUBLIC_MEMBERS = {*_KEY_MEMBERS, "kid", "alg", "use", "iat"}
_CURVE = "Ed25519"
_RSA_BITS = 3072
_MIN_RSA_BITS = 2048
_MIN_SECRET_BYTES = 32


class InvalidKeySetError(ValueError):
    """A key set that cannot be used."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """One key of the set: its public half, or the same secret for HS256, which has no public form."""

    kid: str
    verifier: jwt.PyJWK
    public_jwk: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class SigningKey(VerifyingKey):
    """The key that signs."""

    signer: jwt.PyJWK


class KeyRing:
    """All keys that are valid now, for one algorithm."""

    def __init__(self, algorithm: Algorithm, keys: "KeyList") -> None:
        self.algorithm = algorithm
        self._keys = keys
        self._version = 0

    @classmethod
    def from_json(cls, text: str, algorithm: Algorithm) -> "KeyRing":
        """Read a JSON Web Key Set; raise `InvalidKeySetError` if one of its keys is unfit."""
        return cls(algorithm, KeyList.from_json(text, algorithm))

    @property
    def version(self) -> int:
        """A number that rises when the set changes."""
        return self._version

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys.first

    def find(self, kid: object) -> VerifyingKey | None:
        """Return the key with this id, or None."""
        return self._keys.by_kid.get(kid) if isinstance(kid, str) else None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public halves as a JSON Web Key Set: empty for HS256."""
        return {"keys": [key.public_jwk for key in self._keys.by_kid.values() if key.public_jwk is not None]}


class KeyList:
    """The keys of a set as it was read: the one that signs, and all by their id."""

    def __init__(self, first: SigningKey, others: Sequence[VerifyingKey]) -> None:
        self.first = first
        self.by_kid = {key.kid: key for key in (first, *others)}

    @classmethod
    def from_json(cls, text: str, algorithm: Algorithm) -> "KeyList":
        """Read a JSON Web Key Set; raise `InvalidKeySetError` if one of its keys is unfit."""
        first, *others = parse_key_set(text)
        found = cls(_signing_key(first, algorithm), [_verifying_key(jwk, algorithm) for jwk in others])
        if len(found.by_kid) != 1 + len(others):
            raise InvalidKeySetError("Two keys of the set have the same kid.")
        return found


def generate(algorithm: Algorithm) -> str:
    """Return a new key set of one private key, as JSON."""
    return json.dumps({"keys": [generate_key(algorithm)]}, indent=2)


def generate_key(algorithm: Algorithm) -> dict[str, Any]:
    """Return a new private key; `iat`, which is no registered member, says when it was made, in seconds."""
    jwk: dict[str, Any]
    match algorithm:
        case Algorithm.EDDSA:
            jwk = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
        case Algorithm.ES256:
            jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        case Algorithm.RS256:
            jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, _RSA_BITS), as_dict=True)
        case Algorithm.HS256:
            jwk = HMACAlgorithm.to_jwk(os.urandom(_MIN_SECRET_BYTES), as_dict=True)
    jwk = {name: value for name, value in jwk.items() if name not in {"key_ops", "alg"}}
    return {**jwk, "alg": algorithm.value, "use": "sig", "kid": thumbprint(jwk), "iat": int(time.time())}


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key (RFC 7638, section 3)."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def parse_key_set(text: str) -> list[dict[str, Any]]:
    """Return the keys of a set, of which there is at least one, unchecked. Raises `InvalidKeySetError`."""
    try:
        jwks = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError):
        raise InvalidKeySetError('Expected a JSON Web Key Set: {"keys": [...]}.') from None
    if not isinstance(jwks, list) or not jwks or not all(isinstance(jwk, dict) for jwk in jwks):
        raise InvalidKeySetError("Expected a JSON Web Key Set with at least one private key.")
    return jwks


def kid_of(jwk: dict[str, Any]) -> str:
    """Return the id of a key."""
    return str(jwk.get("kid") or thumbprint(jwk))


def public_half(jwk: dict[str, Any]) -> dict[str, Any]:
    """Return what of a key need not be kept secret."""
    return {name: value for name, value in jwk.items() if name in _PUBLIC_MEMBERS}


def _signing_key(jwk: dict[str, Any], algorithm: Algorithm) -> SigningKey:
    if ("k" if algorithm is Algorithm.HS256 else "d") not in jwk:
        raise InvalidKeySetError(f"Expected a private key for {algorithm.value} at the beginning of the set.")
    found = _verifying_key(jwk, algorithm)
    return SigningKey(found.kid, found.verifier, found.public_jwk, jwt.PyJWK(jwk, algorithm.value))


def _verifying_key(jwk: dict[str, Any], algorithm: Algorithm) -> VerifyingKey:
    try:
        given = jwt.PyJWK(jwk, algorithm.value)
        kid = kid_of(jwk)
        weak = algorithm is Algorithm.HS256 and len(_decode(jwk["k"])) < _MIN_SECRET_BYTES
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise InvalidKeySetError(f"Expected keys for {algorithm.value}.") from None
    if weak:
        raise InvalidKeySetError(f"A secret for HS256 has at least {_MIN_SECRET_BYTES} bytes.")
    if algorithm is Algorithm.HS256:
        return VerifyingKey(kid, given, None)
    if algorithm is Algorithm.EDDSA and jwk.get("crv") != _CURVE:
        raise InvalidKeySetError(f"A key for EdDSA has the curve {_CURVE}.")
    if isinstance(given.key, rsa.RSAPrivateKey | rsa.RSAPublicKey) and given.key.key_size < _MIN_RSA_BITS:
        raise InvalidKeySetError(f"A key for RS256 has at least {_MIN_RSA_BITS} bits.")
    public = {name: str(jwk[name]) for name in _KEY_MEMBERS if name in jwk}
    public |= {"kid": kid, "alg": algorithm.value, "use": "sig"}
    return VerifyingKey(kid, jwt.PyJWK(public, algorithm.value), public)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
