"""Keys are rotated and retired on the command line beside a running server of two workers, which follow."""

import json
from pathlib import Path

import jwt

from auth import keys
from auth.algorithms import Algorithm
from tests.api import API
from tests.e2e import process
from tests.e2e.process import Outcome, ServerProcess

VIEWER = "{ viewer { admin { email } } }"
REFRESH = """
mutation ($token: String!) {
  refreshSession(input: {refreshToken: $token}) { session { accessToken refreshToken } errors { code } }
}
"""


async def test_sessions_outlive_a_rotation(used_folder: Path) -> None:
    """Tokens from before it count, renewed ones have the new key; a key that is retired counts no more, anywhere."""
    async with process.serving(used_folder, workers="2") as server, server.api(fresh_connections=True) as api:
        member = await api.sign_up()
        (old,) = await listed(used_folder)
        rotated = await process.run(used_folder, "keys", "rotate")
        assert (rotated.code, rotated.stderr) == (0, "")
        new, kept = await listed(used_folder)
        assert kept == old
        token = await renewed(api, member.refresh_token, new)
        for _ in range(20):
            for valid in (member.token, token):
                assert (await api.data(VIEWER, token=valid))["viewer"] is not None
        await published(server, {new, old})
        await retire(used_folder, api, old, member.token)
        await published(server, {new})
        for _ in range(20):
            assert (await api.data(VIEWER, token=token))["viewer"] is not None
            assert await api.error_code(VIEWER, token=member.token) == "UNAUTHENTICATED"


async def test_keys_of_audit_trails_keep_their_public_half(used_folder: Path) -> None:
    """The private half of a retired one is gone, and the server starts with what is left."""
    async with process.serving(used_folder):
        (old,) = await listed(used_folder, "--audit")
    assert (await process.run(used_folder, "keys", "rotate", "--audit")).code == 0
    assert (await process.run(used_folder, "keys", "retire", old, "--audit")).code == 0
    assert (await listed(used_folder, "--audit"))[1] == old
    async with process.serving(used_folder) as server, server.http() as http:
        jwks = (await http.get("/.well-known/audit-jwks.json")).json()["keys"]
        assert [jwk["kid"] for jwk in jwks] == await listed(used_folder, "--audit")


async def test_set_in_the_environment_is_printed(tmp_path: Path) -> None:
    """The new set is all of the output, so that it can be stored; the rest is said on the other channel."""
    given = keys.generate(Algorithm.EDDSA)
    rotated = await process.run(tmp_path, "keys", "rotate", jwt_keys=given)
    assert rotated.code == 0
    assert json.loads(rotated.stdout)["keys"][1:] == json.loads(given)["keys"]
    assert "Nothing is changed" in rotated.stderr
    shown = await process.run(tmp_path, "keys", "list", jwt_keys=given)
    assert json.loads(given)["keys"][0]["d"] not in shown.stdout


async def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    """As everything that goes wrong at a start is."""
    for arguments in (("list",), ("rotate",), ("retire", "-x"), ("list", "--audit")):
        assert_refused(await process.run(tmp_path, "keys", *arguments))
    given = keys.generate(Algorithm.EDDSA)
    kid = json.loads(given)["keys"][0]["kid"]
    assert_refused(await process.run(tmp_path, "keys", "retire", kid, "--now", jwt_keys=given))


async def listed(folder: Path, *options: str) -> list[str]:
    """Return the ids of the keys as the command shows them; the first one signs."""
    outcome = await process.run(folder, "keys", "list", *options)
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert [("signs" in line, "verifies" in line) for line in lines] == [
        (not place, True) for place in range(len(lines))
    ]
    return [line.split()[0] for line in lines]


async def renewed(api: API, refresh_token: str, kid: str) -> str:
    """Renew a session until its access token is signed with this key, which takes some seconds; return the token."""
    tokens = {"refreshToken": refresh_token}

    async def has_the_key() -> bool:
        payload = (await api.data(REFRESH, {"token": tokens["refreshToken"]}))["refreshSession"]
        assert payload["errors"] == []
        tokens.update(payload["session"])
        return bool(jwt.get_unverified_header(tokens["accessToken"])["kid"] == kid)

    await process.until(has_the_key, "the new key signs")
    return tokens["accessToken"]


async def published(server: ServerProcess, kids: set[str]) -> None:
    """Wait until the public keys are these, whichever worker is asked."""
    async with server.http(fresh_connections=True) as http:

        async def are_these() -> bool:
            answers = [(await http.get("/.well-known/jwks.json")).json()["keys"] for _ in range(10)]
            return all({jwk["kid"] for jwk in answer} == kids for answer in answers)

        await process.until(are_these, "the public keys are these")


async def retire(folder: Path, api: API, kid: str, token: str) -> None:
    """Retire a key whose tokens still count: refused, then done all the same, until no worker accepts them."""
    assert_refused(await process.run(folder, "keys", "retire", kid))
    assert (await api.data(VIEWER, token=token))["viewer"] is not None
    assert (await process.run(folder, "keys", "retire", kid, "--now")).code == 0

    async def refused() -> bool:
        answers = [await api.execute(VIEWER, token=token) for _ in range(10)]
        return all("errors" in answer for answer in answers)

    await process.until(refused, "tokens of the key are refused")


def assert_refused(outcome: Outcome) -> None:
    """Assert that a command has failed with one line."""
    assert (outcome.code, outcome.stdout) == (1, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("tenantry: ")
