"""Access tokens: what is issued is verified, and nothing else is."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine

from auth import keys
from auth.algorithms import Algorithm
from auth.identifiers import AdminId, OrganizationId, SessionId
from auth.keys import KeyRing
from auth.tokens import AccessTokens, InvalidTokenError

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
    import time

    now = int(time.time())
    claims = {"iss": "tenantry", "aud": "tenantry", "sub": ADMIN, "sid": SESSION, "org": ORGANIZATION}
    return claims | {"jti": "1", "iat": now, "exp": now + 600} | changes


def _signed(ring: KeyRing, claims: dict[str, Any], **header: Any) -> str:  # noqa: ANN401 - whatever the test gives
    headers = {"typ": "at+jwt", "kid": ring.current.kid} | header
    return jwt.encode(claims, ring.current.signer, algorithm="EdDSA", headers=headers)


def _without(claim: str) -> Callable[[KeyRing], str]:
    return lambda ring: _signed(ring, {name: value for name, value in _claims().items() if name != claim})


def _with(**changes: Any) -> Callable[[KeyRing], str]:  # noqa: ANN401 - whatever the test gives
    return lambda ring: _signed(ring, _claims(**changes))


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
    **{f"without {claim}": _without(claim) for claim in ("iss", "aud", "sub", "sid", "jti", "iat", "exp")},
}


@pytest.mark.parametrize("kind", list(FORGERIES))
def test_forgeries_are_refused_alike(ring: KeyRing, kind: str) -> None:
    """Whatever is wrong with a token, the refusal is the same."""
    tokens = tokens_of(ring)
    with pytest.raises(InvalidTokenError) as refusal:
        tokens.verify(FORGERIES[kind](ring))
    assert str(refusal.value) == ""
