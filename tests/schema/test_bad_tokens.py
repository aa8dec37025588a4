"""Tokens that do not count, through the interface that clients see: all are refused alike, and change nothing."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine

import server
from auth import keys
from auth.algorithms import Algorithm
from auth.keys import KeyRing
from server import Settings
from storage.database import Database
from tests.api import API, Member
from tests.auth.test_tokens import FORGERIES
from tests.schema.test_idempotency import everything

QUERY = "query ($id: ID!) { viewer { permissions } organization(id: $id) { slug tenantStore { database } } }"
UPDATE = 'mutation ($id: ID!) { updateOrg(input: {organizationId: $id, description: "x"}) { errors { code } } }'
REFRESH = (
    "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) { errors { code message path } } }"
)
MESSAGE = "The refresh token does not count: log in again."
SENDABLE = [kind for kind in FORGERIES if kind not in {"not ASCII", "half a character", "line break in the signature"}]


async def answers(api: API, member: Member, token: str) -> list[Any]:
    """Return what a query and a mutation answer with this token, but for the ids of the requests."""
    found = []
    for operation in (QUERY, UPDATE):
        body = await api.execute(operation, {"id": member.organization_id}, token=token)
        for error in body["errors"]:
            del error["extensions"]["requestId"]
        found.append(body)
    return found


async def test_forged_access_tokens_are_refused_alike(
    api: API, settings: Settings, database: Database, member: Member
) -> None:
    """Public fields work, `viewer` is null, guarded ones are `UNAUTHENTICATED`, whatever is wrong with the token."""
    ring = server.load_keys(settings)
    before = await everything(database)
    expected = await answers(api, member, "garbage")
    (viewer, update) = expected
    assert viewer["data"] == {"viewer": None, "organization": {"slug": member.slug, "tenantStore": None}}
    assert update["data"] == {"updateOrg": None}
    codes = {error["extensions"]["code"] for body in expected for error in body["errors"]}
    assert codes == {"UNAUTHENTICATED"}
    for kind in SENDABLE:
        if kind not in {"empty", "space at the end"}:  # Which are no token, and what HTTP cuts off.
            assert await answers(api, member, FORGERIES[kind](ring)) == expected, kind
    assert await everything(database) == before


async def test_other_tokens_of_ours_are_no_access_tokens(
    api: API, settings: Settings, database: Database, member: Member
) -> None:
    """Refresh tokens, tokens for another organization, those of a session that is not there, and those that ended."""
    ring, other = server.load_keys(settings), await api.sign_up()
    claims = jwt.decode(member.token, options={"verify_signature": False})
    theirs = jwt.decode(other.token, options={"verify_signature": False})
    expected = await answers(api, member, "garbage")
    before = await everything(database)
    changes = (
        {"org": theirs["org"]}, {"sub": theirs["sub"]}, {"sid": theirs["sid"]}, {"sid": "f" * 24}, {"sub": "f" * 24},
        {"org": "f" * 24}, {"org": ""}, {"sub": {"$ne": None}}, {"sid": "\0"},
    )  # fmt: skip
    headers = {"typ": "at+jwt", "kid": ring.current.kid}
    for change in changes:
        token = jwt.encode({**claims, **change}, ring.current.signer, algorithm="EdDSA", headers=headers)
        assert await answers(api, member, token) == expected, change
    without = {name: value for name, value in claims.items() if name != "org"}
    token = jwt.encode(without, ring.current.signer, algorithm="EdDSA", headers=headers)
    assert await answers(api, member, token) == expected
    assert await answers(api, member, member.refresh_token) == expected
    with time_machine.travel(timedelta(minutes=11), tick=True):
        assert await answers(api, member, member.token) == expected
    assert await everything(database) == before
    assert (await api.execute(QUERY, {"id": member.organization_id}, token=member.token))["data"]["viewer"] is not None


async def test_forged_refresh_tokens_are_refused_alike(
    api: API, settings: Settings, database: Database, member: Member
) -> None:
    """`TOKEN_INVALID`, with the same words, and the session goes on."""
    ring, before = server.load_keys(settings), await everything(database)
    session, _, secret = member.refresh_token.partition("_")
    forged = [forge(ring) for kind, forge in FORGERIES.items() if kind != "half a character"]
    forged += [member.refresh_token[:length] for length in range(0, len(member.refresh_token), 9)]
    forged += [member.token, f"{session}_{secret[::-1]}", f"{'f' * 24}_{secret}", f"{session}_", f"_{secret}"]
    forged += [member.refresh_token + "0", member.refresh_token.upper(), f"{member.refresh_token}\0", '{"$ne": null}']
    expected = {"errors": [{"code": "TOKEN_INVALID", "message": MESSAGE, "path": ["refreshToken"]}]}
    for token in forged:
        assert (await api.data(REFRESH, {"token": token}))["refreshSession"] == expected, token
    assert await everything(database) == before
    assert (await api.data(REFRESH, {"token": member.refresh_token}))["refreshSession"] == {"errors": []}


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.RS256, Algorithm.HS256])
async def test_keys_of_other_algorithms_do_not_count(
    api: API, settings: Settings, member: Member, algorithm: Algorithm
) -> None:
    """Under the id of our key, and with all the right claims."""
    ring = KeyRing.from_json(keys.generate(algorithm), algorithm)
    claims = jwt.decode(member.token, options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": server.load_keys(settings).current.kid}
    token = jwt.encode(claims, ring.current.signer, algorithm=algorithm.value, headers=headers)
    assert await answers(api, member, token) == await answers(api, member, "garbage")
