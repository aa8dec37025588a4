"""Signatures over audit trails: compact JWS (RFC 7515) with Ed25519, by keys that sign nothing else.

The payload is canonical JSON. The header is `{alg, kid, typ}` and nothing else; `typ` says what is signed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import jwt
import orjson
from jwt.api_jws import PyJWS

from auth import audit_chain
from auth.algorithms import Algorithm
from auth.keys import InvalidKeySetError, KeyRing

_ALGORITHM = Algorithm.EDDSA.value
_CURVE = "Ed25519"
_HEADER = {"alg", "kid", "typ"}
_jws = PyJWS()


class Signed(StrEnum):
    """What is signed: the `typ` of the header. `END` is the end of a file, which no checkpoint can stand for."""

    CHECKPOINT = "audit-checkpoint+jws"
    END = "audit-trail-end+jws"
    CERTIFICATE = "erasure-certificate+jws"


class InvalidSignatureError(Exception):
    """This is not signed with one of the keys, or it is something else that is."""


class AuditKeys:
    """Public keys, by their `kid`."""

    def __init__(self, keys: Mapping[str, jwt.PyJWK]) -> None:
        self._keys = keys

    @classmethod
    def from_json(cls, text: str | bytes) -> "AuditKeys":
        """Read a JSON Web Key Set of Ed25519 keys; raise `InvalidKeySetError` if it is none."""
        try:
            return cls({jwk["kid"]: _public(jwk) for jwk in orjson.loads(text)["keys"]})
        except (ValueError, TypeError, KeyError, jwt.PyJWTError):
            raise InvalidKeySetError("Expected a JSON Web Key Set of Ed25519 keys.") from None

    def verify(self, signed: object, kind: Signed) -> dict[str, Any]:
        """Return the payload of what is signed; raise `InvalidSignatureError`."""
        try:
            header = jwt.get_unverified_header(str(signed))
            key = self._keys[header["kid"]]
            if header.keys() != _HEADER or header["typ"] != kind:
                raise InvalidSignatureError
            payload = orjson.loads(_jws.decode_complete(str(signed), key, algorithms=[_ALGORITHM])["payload"])
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise InvalidSignatureError from error
        if not isinstance(payload, dict):
            raise InvalidSignatureError
        return payload


class AuditSigner:
    """Signs with the first key of a set; what any of them has signed counts."""

    def __init__(self, keys: KeyRing) -> None:
        self._ring = keys

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public halves, as a JSON Web Key Set."""
        return self._ring.jwks()

    @property
    def keys(self) -> AuditKeys:
        """What verifies all that counts."""
        return AuditKeys.from_json(orjson.dumps(self.jwks))

    def sign(self, payload: Mapping[str, Any], kind: Signed) -> str:
        """Return the signed payload."""
        key = self._ring.current
        header = {"typ": kind.value, "kid": key.kid}
        return _jws.encode(audit_chain.canonical(payload), key.signer, algorithm=_ALGORITHM, headers=header)

    def head(self, organization: str, seq: int, link_hash: str, at: str, kind: Signed = Signed.CHECKPOINT) -> str:
        """Return a signed statement that a chain had this head at an instant."""
        return self.sign({"organization": organization, "seq": seq, "hash": link_hash, "at": at}, kind)


def _public(jwk: Mapping[str, Any]) -> jwt.PyJWK:
    if jwk["kty"] != "OKP" or jwk["crv"] != _CURVE:
        raise ValueError("not a key of this curve")
    return jwt.PyJWK({name: jwk[name] for name in ("kty", "crv", "x")}, _ALGORITHM)
