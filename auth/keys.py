"""The keys that access tokens and audit trails are signed with, as JSON Web Keys (RFC 7517).

A key set is a JSON file or text `{"keys": [...]}` of private keys. The first key signs, all of them verify, so that
keys rotate without a logout. A `kid` that is missing is the key's thumbprint (RFC 7638).
"""

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
_PUBLIC_MEMBERS = {"kty", "crv", "x", "y", "n", "e"}
_CURVE = "Ed25519"
_RSA_BITS = 3072
_MIN_RSA_BITS = 2048
_MIN_SECRET_BYTES = 32


class InvalidKeySetError(ValueError):
    """A key set that cannot be used."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of the set; `verifier` is its public half, or the same secret for HS256."""

    kid: str
    signer: jwt.PyJWK
    verifier: jwt.PyJWK
    public_jwk: dict[str, str] | None


class KeyRing:
    """All keys that are valid now, for one algorithm."""

    def __init__(self, algorithm: Algorithm, keys: Sequence[SigningKey]) -> None:
        self.algorithm = algorithm
        self.current = keys[0]
        self._by_kid = {key.kid: key for key in keys}

    @classmethod
    def from_json(cls, text: str, algorithm: Algorithm) -> "KeyRing":
        """Read a JSON Web Key Set of private keys; raise `InvalidKeySetError` if one of them is unfit."""
        jwks = _parse_key_set(text)
        keys = [_signing_key(jwk, algorithm) for jwk in jwks]
        if len({key.kid for key in keys}) != len(keys):
            raise InvalidKeySetError("Two keys of the set have the same kid.")
        return cls(algorithm, keys)

    def find(self, kid: object) -> SigningKey | None:
        """Return the key with this id, or None."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public halves as a JSON Web Key Set: empty for HS256."""
        return {"keys": [key.public_jwk for key in self._by_kid.values() if key.public_jwk is not None]}


def load(given: str | None, path: Path, algorithm: Algorithm) -> KeyRing:
    """Read a key set that is given as text or as the path of a file, else that at `path`, made if it is not there.

    Raises `InvalidKeySetError`, whose message shows nothing of what was given, which may be a key.
    """
    try:
        if given is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            return load_or_create(path, algorithm)
        return KeyRing.from_json(given if given.lstrip().startswith("{") else Path(given).read_text(), algorithm)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "It is not text"
        raise InvalidKeySetError(f"A key set cannot be read there: {reason}.") from None


def load_or_create(path: Path, algorithm: Algorithm) -> KeyRing:
    """Read the key set at `path`, first making it, for its owner's eyes only, if it is not there.

    Two processes that start at once end up with the same keys: a hard link appears whole or fails.
    """
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # With mode 0600.
            draft.write(generate(algorithm))
            draft.flush()
            os.fsync(draft.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return KeyRing.from_json(path.read_text(), algorithm)


def generate(algorithm: Algorithm) -> str:
    """Return a new key set of one private key, as JSON."""
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
    return json.dumps({"keys": [{**jwk, "alg": algorithm.value, "use": "sig", "kid": thumbprint(jwk)}]}, indent=2)


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key (RFC 7638, section 3)."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def _parse_key_set(text: str) -> list[dict[str, Any]]:
    try:
        jwks = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError):
        raise InvalidKeySetError('Expected a JSON Web Key Set: {"keys": [...]}.') from None
    if not isinstance(jwks, list) or not jwks or not all(isinstance(jwk, dict) for jwk in jwks):
        raise InvalidKeySetError("Expected a JSON Web Key Set with at least one private key.")
    return jwks


def _signing_key(jwk: dict[str, Any], algorithm: Algorithm) -> SigningKey:
    try:
        signer = jwt.PyJWK(jwk, algorithm.value)
        kid = str(jwk.get("kid") or thumbprint(jwk))
        private = jwk["k"] if algorithm is Algorithm.HS256 else jwk["d"]
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise InvalidKeySetError(f"Expected private keys for {algorithm.value}.") from None
    if algorithm is Algorithm.HS256:
        if len(_decode(private)) < _MIN_SECRET_BYTES:
            raise InvalidKeySetError(f"A secret for HS256 has at least {_MIN_SECRET_BYTES} bytes.")
        return SigningKey(kid, signer, signer, None)
    if algorithm is Algorithm.EDDSA and jwk.get("crv") != _CURVE:
        raise InvalidKeySetError(f"A key for EdDSA has the curve {_CURVE}.")
    if isinstance(signer.key, rsa.RSAPrivateKey) and signer.key.key_size < _MIN_RSA_BITS:
        raise InvalidKeySetError(f"A key for RS256 has at least {_MIN_RSA_BITS} bits.")
    public = {name: str(value) for name, value in jwk.items() if name in _PUBLIC_MEMBERS}
    public |= {"kid": kid, "alg": algorithm.value, "use": "sig"}
    return SigningKey(kid, signer, jwt.PyJWK(public, algorithm.value), public)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
