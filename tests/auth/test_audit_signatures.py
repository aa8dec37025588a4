"""What is signed over audit trails, and what is not taken for it."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed448
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS

from auth import keys
from auth.algorithms import Algorithm
from auth.audit_signatures import AuditKeys, AuditSigner, InvalidSignatureError, Signed
from auth.keys import InvalidKeySetError, KeyRing
from tests.trails import new_signer

SET = keys.generate(Algorithm.EDDSA)
SIGNER = AuditSigner(KeyRing.from_json(SET, Algorithm.EDDSA))
PAYLOAD = {"seq": 1, "organization": "acme"}


def signed(**header: str) -> str:
    """Return the payload, signed with the right key under another header."""
    key = jwt.PyJWK(json.loads(SET)["keys"][0], "EdDSA")
    given = {"typ": Signed.CHECKPOINT.value, "kid": SIGNER.jwks["keys"][0]["kid"], **header}
    return PyJWS().encode(json.dumps(PAYLOAD).encode(), key, algorithm="EdDSA", headers=given)


def unsigned() -> str:
    """Return the payload under a header that wants no signature."""
    header = {"alg": "none", "kid": SIGNER.jwks["keys"][0]["kid"], "typ": Signed.CHECKPOINT.value}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, PAYLOAD)]
    return ".".join([*parts, ""])


def test_signed_payload_is_read_with_the_public_half() -> None:
    """It is canonical JSON, and the header names algorithm, key and kind."""
    jws = SIGNER.sign(PAYLOAD, Signed.CHECKPOINT)
    assert AuditKeys.from_json(json.dumps(SIGNER.jwks)).verify(jws, Signed.CHECKPOINT) == PAYLOAD
    assert base64.urlsafe_b64decode(jws.split(".")[1] + "==") == b'{"organization":"acme","seq":1}'
    kid = SIGNER.jwks["keys"][0]["kid"]
    assert jwt.get_unverified_header(jws) == {"alg": "EdDSA", "kid": kid, "typ": "audit-checkpoint+jws"}
    assert "d" not in SIGNER.jwks["keys"][0]


@pytest.mark.parametrize(
    "jws",
    [
        SIGNER.sign(PAYLOAD, Signed.CERTIFICATE),
        new_signer().sign(PAYLOAD, Signed.CHECKPOINT),
        signed(typ="at+jwt"),
        signed(cty="JWT"),
        signed(kid="other"),
        unsigned(),
        signed()[:-8] + "AAAAAAAA",
        "",
        "x.y.z",
        None,
        7,
    ],
    ids=["kind", "key", "token", "header", "kid", "none", "changed", "empty", "text", "null", "number"],
)
def test_anything_else_is_refused(jws: object) -> None:
    """Another kind, key, algorithm, header, or no signature at all."""
    assert SIGNER.keys.verify(signed(), Signed.CHECKPOINT) == PAYLOAD
    with pytest.raises(InvalidSignatureError):
        SIGNER.keys.verify(jws, Signed.CHECKPOINT)


def test_older_keys_of_the_set_count() -> None:
    """The first key signs; what was signed with the others is still verified."""
    both = json.dumps({"keys": json.loads(keys.generate(Algorithm.EDDSA))["keys"] + json.loads(SET)["keys"]})
    rotated = AuditSigner(KeyRing.from_json(both, Algorithm.EDDSA))
    assert rotated.keys.verify(SIGNER.sign(PAYLOAD, Signed.CHECKPOINT), Signed.CHECKPOINT) == PAYLOAD
    with pytest.raises(InvalidSignatureError):
        SIGNER.keys.verify(rotated.sign(PAYLOAD, Signed.CHECKPOINT), Signed.CHECKPOINT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": [{"kty": "OKP", "crv": "Ed448", "x": "AA", "kid": "1"}]}',
        keys.generate(Algorithm.ES256),
    ],
)
def test_key_sets_of_another_kind_are_refused(text: str) -> None:
    """Public keys are Ed25519 keys with an id."""
    with pytest.raises(InvalidKeySetError):
        AuditKeys.from_json(text)


def test_private_key_of_another_curve_is_refused() -> None:
    """Ed448 is EdDSA, too."""
    jwk = OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate(), as_dict=True)
    with pytest.raises(InvalidKeySetError, match="Ed25519"):
        KeyRing.from_json(json.dumps({"keys": [jwk]}), Algorithm.EDDSA)
