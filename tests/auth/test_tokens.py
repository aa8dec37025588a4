"""Access tokens: what is issued is verified, and nothing else is."""

import base64
import contextlib
import hashlib
import hmac
import json
import string
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from jwt.api_jws import PyJWS

from auth import keys
from auth.algorithms import Algorithm
from auth.audit_signatures import AuditSigner, Signed
from auth.identifiers import AdminId, OrganizationId, SessionId
from auth.keys import KeyRing
from auth.tokens import AccessTokens, InvalidTokenError

_RING = KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA)
ADMIN, SESSION, ORGANIZATION = AdminId("a" * 24), SessionId("b" * 24), OrganizationId("c" * 24)


def tokens_of(ring: KeyRing, **changes: Any) -> AccessTokens:  # noqa: ANN401 - whatever the test gives
    """Return a service that issues and verifies with these keys."""
    options: dict[str, Any] = {"issuer": "tenantry", "audience": "tenantry", "ttl": timedelta(minutes=10)} | changes
    return AccessTokens(ring, **options)


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    """A set of one Ed25519 key."""
    return KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_round_trip_with_every_algorithm(algorithm: Algorithm) -> None:
    """What is issued is verified, whatever signs it; header and claims are those of RFC 9068."""
    ring = KeyRing.from_json(keys.generate(algorithm), algorithm)
    tokens = tokens_of(ring)
    token = tokens.issue(ADMIN, SESSION, ORGANIZATION)
    claims = tokens.verify(token.value)
    assert (claims.subject_id, claims.session_id, claims.organization_id) == (ADMIN, SESSION, ORGANIZATION)
    assert claims.expires_at == token.expires_at.timestamp()
    assert jwt.get_unverified_header(token.value) == {"alg": algorithm, "typ": "at+jwt", "kid": ring.current.kid}
    assert set(jwt.decode(token.value, options={"verify_signature": False})) == {
        *("iss", "aud", "sub", "org", "sid", "jti", "iat", "exp")
    }


def test_operators_have_no_organization(ring: KeyRing) -> None:
    """The claim is absent, not empty."""
    tokens = tokens_of(ring)
    assert tokens.verify(tokens.issue(ADMIN, SESSION, None).value).organization_id is None


def test_other_services_verify_with_the_public_keys(ring: KeyRing) -> None:
    """The published set is enough to verify a token, and holds nothing private."""
    token = tokens_of(ring).issue(ADMIN, SESSION, ORGANIZATION).value
    public = jwt.PyJWKSet.from_dict(ring.jwks())
    key = public[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="tenantry")["org"] == ORGANIZATION
    assert [set(jwk) for jwk in ring.jwks()["keys"]] == [{"kty", "crv", "x", "kid", "alg", "use"}]


def test_rotation_keeps_old_tokens_valid() -> None:
    """A new key in front signs; tokens of the old one count as long as it is in the set."""
    old = json.loads(keys.generate(Algorithm.EDDSA))["keys"]
    new = json.loads(keys.generate(Algorithm.EDDSA))["keys"]
    before = tokens_of(KeyRing.from_json(json.dumps({"keys": old}), Algorithm.EDDSA))
    during = tokens_of(KeyRing.from_json(json.dumps({"keys": new + old}), Algorithm.EDDSA))
    after = tokens_of(KeyRing.from_json(json.dumps({"keys": new}), Algorithm.EDDSA))
    token = before.issue(ADMIN, SESSION, None).value
    assert during.verify(token).subject_id == ADMIN
    assert after.verify(during.issue(ADMIN, SESSION, None).value).subject_id == ADMIN
    with pytest.raises(InvalidTokenError):
        after.verify(token)


def test_verified_token_is_forgotten_when_it_ends(ring: KeyRing) -> None:
    """Being remembered does not outlive the token."""
    tokens = tokens_of(ring)
    token = tokens.issue(ADMIN, SESSION, None).value
    tokens.verify(token)
    with time_machine.travel(timedelta(minutes=10, seconds=1), tick=False), pytest.raises(InvalidTokenError):
        tokens.verify(token)


def _claims(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the test gives
    now = int(time.time())
    claims = {"iss": "tenantry", "aud": "tenantry", "sub": ADMIN, "sid": SESSION, "org": ORGANIZATION}
    return claims | {"jti": "1", "iat": now, "exp": now + 600} | changes


def _signed(ring: KeyRing, claims: dict[str, Any], **header: Any) -> str:  # noqa: ANN401 - whatever the test gives
    headers = {"typ": "at+jwt", "kid": ring.current.kid} | header
    return jwt.encode(claims, ring.current.signer, algorithm="EdDSA", headers=headers)


def _without(claim: str) -> Callable[[KeyRing], str]:
    return lambda ring: _signed(ring, {name: value for name, value in _claims().items() if name != claim})


def _with(**changes: Any) -> Callable[[KeyRing], str]:  # noqa: ANN401 - whatever the test gives
    return lambda ring: _signed_bytes(ring, json.dumps(_claims(**changes)).encode())


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(ring: KeyRing) -> str:
    return f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': ring.current.kid})}.{_part(_claims())}."


def _hmac_with_public_key(ring: KeyRing) -> str:
    """The classic confusion: the public key as the secret of HS256."""
    signed = f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': ring.current.kid})}.{_part(_claims())}"
    secret = json.dumps(ring.jwks()["keys"][0]).encode()
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _other_key(ring: KeyRing) -> str:
    other = KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA)
    return _signed(other, _claims(), kid=ring.current.kid)


def _flipped(ring: KeyRing) -> str:
    token = _signed(ring, _claims())
    return token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _rest(ring: KeyRing) -> str:
    """Return payload and signature of a token of ours."""
    return _signed(ring, _claims()).split(".", 1)[1]


def _with_header(**changes: Any) -> Callable[[KeyRing], str]:  # noqa: ANN401 - whatever the test gives
    """Put another header in front of what was signed with ours."""
    return lambda ring: f"{_part({'alg': 'EdDSA', 'typ': 'at+jwt', 'kid': ring.current.kid} | changes)}.{_rest(ring)}"


def _signed_bytes(ring: KeyRing, payload: bytes) -> str:
    headers = {"typ": "at+jwt", "kid": ring.current.kid}
    return PyJWS().encode(payload, ring.current.signer, algorithm="EdDSA", headers=headers)


def _key_in_the_header(ring: KeyRing) -> str:
    """A key that verifies the signature, brought along."""
    other = KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA)
    return _signed(other, _claims(), kid=ring.current.kid, jwk=other.jwks()["keys"][0])


def _respelled(ring: KeyRing) -> str:
    """The last character of a signature of 64 bytes has four bits that mean nothing."""
    token = _signed(ring, _claims())
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


FORGERIES: dict[str, Callable[[KeyRing], str]] = {
    "empty": lambda _: "",
    "garbage": lambda _: "a.b.c",
    "not ASCII": lambda _: "ö.ö.ö",
    "huge": lambda _: "a" * 100_000,
    "truncated": lambda ring: _signed(ring, _claims())[:-5],
    "flipped": _flipped,
    "alg none": _unsigned,
    "public key as HMAC secret": _hmac_with_public_key,
    "another key under our kid": _other_key,
    "unknown kid": lambda ring: _signed(ring, _claims(), kid="../../etc/passwd"),
    "kid not a string": lambda ring: (
        f"{_part({'alg': 'EdDSA', 'typ': 'at+jwt', 'kid': 7})}.{_signed(ring, _claims()).split('.', 1)[1]}"
    ),
    "kid of a path": _with_header(kid="keys/../../../../dev/null"),
    "kid of a query": _with_header(kid="x' UNION SELECT 'AAAA"),
    "huge kid": _with_header(kid="k" * 2000),
    "kid a list": _with_header(kid=["a"]),
    "kid an object": _with_header(kid={"$ne": None}),
    "kid null": _with_header(kid=None),
    "type of another case": _with_header(typ="AT+JWT"),
    "type of a document": _with_header(typ="application/at+jwt"),
    "type a list": _with_header(typ=["at+jwt"]),
    "type null": _with_header(typ=None),
    "unknown algorithm": _with_header(alg="EdDSA2"),
    "algorithm a list": _with_header(alg=["EdDSA"]),
    "algorithm of another case": _with_header(alg="NONE"),
    "RS256 with a key for EdDSA": _with_header(alg="RS256"),
    "key in the header": _key_in_the_header,
    "address of keys in the header": _with_header(jku="https://forger.example/keys.json"),
    "certificates in the header": _with_header(x5u="https://forger.example/c.pem", x5c=["AAAA"]),
    "critical extension": lambda ring: _signed(ring, _claims(), crit=["exp"], exp=1),
    "payload outside": lambda ring: _signed(ring, _claims(), b64=False, crit=["b64"]),
    "header a list": lambda ring: f"{_part([])}.{_rest(ring)}",
    "header nested without end": lambda ring: f"{_encoded(b'[' * 2500)}.{_rest(ring)}",
    "header not JSON": lambda ring: f"{_encoded(b'{')}.{_rest(ring)}",
    "header not UTF-8": lambda ring: f"{_encoded(bytes([255, 254]))}.{_rest(ring)}",
    "token in a token": lambda ring: _signed_bytes(ring, _signed(ring, _claims()).encode()),
    "claims a list": lambda ring: _signed_bytes(ring, b"[]"),
    "claims nested without end": lambda ring: _signed_bytes(ring, b"[" * 2000),
    "claims not JSON": lambda ring: _signed_bytes(ring, b"{"),
    "JSON serialization": lambda ring: json.dumps(
        dict(zip(("protected", "payload", "signature"), _signed(ring, _claims()).split("."), strict=True))
    ),
    "four parts": lambda ring: _signed(ring, _claims()) + ".x",
    "two parts": lambda ring: _signed(ring, _claims()).rpartition(".")[0],
    "padded": lambda ring: _signed(ring, _claims()) + "==",
    "space at the end": lambda ring: _signed(ring, _claims()) + " ",
    "line break in the signature": lambda ring: _signed(ring, _claims())[:-5] + "\n" + _signed(ring, _claims())[-5:],
    "another text of the same signature": _respelled,
    "half a character": lambda ring: _signed(ring, _claims()) + "\ud800",
    "of an audit trail": lambda ring: AuditSigner(ring).sign(_claims(), Signed.CHECKPOINT),
    "no kid": lambda ring: jwt.encode(_claims(), ring.current.signer, algorithm="EdDSA", headers={"typ": "at+jwt"}),
    "another type": lambda ring: _signed(ring, _claims(), typ="JWT"),
    "ended": _with(exp=1_000_000_000),
    "from the future": _with(iat=4_000_000_000, exp=4_000_000_600),
    "another issuer": _with(iss="elsewhere"),
    "another audience": _with(aud="elsewhere"),
    "several audiences": _with(aud=["tenantry", "elsewhere"]),
    "subject not a string": _with(sub=7),
    "session not a string": _with(sid=["x"]),
    "organization not a string": _with(org={"$ne": None}),
    "end not a number": _with(exp="never"),
    "end a fraction": _with(exp=4_000_000_000.5),
    "end a list": _with(exp=[4_000_000_000]),
    "end without end": lambda ring: _signed_bytes(
        ring, json.dumps(_claims()).encode().replace(b'"exp": ', b'"exp": 1e999, "x": ')
    ),
    "issued before it counts": _with(nbf=4_000_000_000),
    "begin not a number": _with(nbf="soon"),
    "instant of issue not a number": _with(iat="now"),
    "issuer a list": _with(iss=["tenantry"]),
    "issuer null": _with(iss=None),
    "audience null": _with(aud=None),
    "audience a number": _with(aud=7),
    "subject null": _with(sub=None),
    "session null": _with(sid=None),
    "organization a number": _with(org=7),
    "identifier a number": _with(jti=7),
    **{f"without {claim}": _without(claim) for claim in ("iss", "aud", "sub", "sid", "jti", "iat", "exp")},
}


@pytest.mark.parametrize("kind", list(FORGERIES))
def test_forgeries_are_refused_alike(ring: KeyRing, kind: str) -> None:
    """Whatever is wrong with a token, the refusal is the same."""
    tokens = tokens_of(ring)
    with pytest.raises(InvalidTokenError) as refusal:
        tokens.verify(FORGERIES[kind](ring))
    assert str(refusal.value) == ""


def test_token_cut_off_anywhere_is_refused(ring: KeyRing) -> None:
    """Whatever is left of it."""
    tokens, token = tokens_of(ring), _signed(ring, _claims())
    assert tokens.verify(token).subject_id == ADMIN
    for length in range(len(token)):
        with pytest.raises(InvalidTokenError):
            tokens.verify(token[:length])
        with pytest.raises(InvalidTokenError):
            tokens.verify(token[length + 1 :])


@given(st.data())
def test_token_changed_anywhere_is_refused(data: st.DataObject) -> None:
    """No other character is good at any place."""
    tokens, token = tokens_of(_RING), _signed(_RING, _claims())
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters().filter(lambda one: one != token[place]))
    with pytest.raises(InvalidTokenError):
        tokens.verify(token[:place] + character + token[place + 1 :])


@given(st.text(max_size=200) | st.binary(max_size=200).map(_encoded))
def test_anything_else_is_refused(text: str) -> None:
    """Also as a part of what looks like a token."""
    tokens = tokens_of(_RING)
    for token in (text, f"{text}.{_rest(_RING)}", f"{text}.{text}.{text}", f"{_signed(_RING, _claims())}.{text}"):
        with pytest.raises(InvalidTokenError):
            tokens.verify(token)


@pytest.mark.alone
def test_refusals_cost_no_more_than_one_signature(ring: KeyRing) -> None:
    """Of all forgeries none takes three times the processor time of a good token that is seen for the first time."""
    rounds = 40
    good = min(
        _spent(tokens_of(ring), [_signed(ring, _claims(jti=str(number))) for number in range(rounds)]) for _ in range(3)
    )
    for kind, forge in FORGERIES.items():
        token = forge(ring)
        spent = min(_spent(tokens_of(ring), [token] * rounds) for _ in range(3))
        assert spent < 3 * good, kind


@pytest.mark.alone
def test_token_that_is_remembered_costs_next_to_nothing(ring: KeyRing) -> None:
    """A small multiple of hashing it, and a small part of verifying a signature."""
    tokens, token = tokens_of(ring), _signed(ring, _claims())
    fresh = min(_spent(tokens_of(ring), [token]) for _ in range(20))
    tokens.verify(token)
    warm = min(_spent(tokens, [token] * 1000) for _ in range(5)) / 1000
    hashing = min(_hashing(token, 1000) for _ in range(5)) / 1000
    assert warm < 10 * hashing
    assert warm < fresh / 4


def _spent(tokens: AccessTokens, given: list[str]) -> float:
    """Return the processor time of verifying, in seconds."""
    began = time.process_time()
    for token in given:
        with contextlib.suppress(InvalidTokenError):
            tokens.verify(token)
    return time.process_time() - began


def _hashing(token: str, rounds: int) -> float:
    began = time.process_time()
    for _ in range(rounds):
        hashlib.sha256(token.encode()).digest()
    return time.process_time() - began
