"""One budget for all servers: two processes on one database, and what is left after a restart."""

import asyncio
import time
from pathlib import Path

import httpx

from tests.api import PASSWORD
from tests.e2e import process
from tests.e2e.process import ServerProcess

_LIMIT = 3_000
_COST = 3
_QUERY = {"query": "{ a: viewer { permissions } b: viewer { permissions } c: viewer { permissions } }"}


async def spend(server: ServerProcess, token: str) -> int:
    """Ask until the server has refused; return the units that were granted."""
    granted = 0
    async with server.http() as http:
        while True:
            answer = await http.post("/graphql", json=_QUERY, headers={"authorization": f"Bearer {token}"})
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                return granted
            assert answer.status_code == httpx.codes.OK
            assert answer.json()["extensions"]["cost"]["actual"] == _COST
            granted += _COST


async def test_two_servers_grant_one_budget(tmp_path: Path, external: dict[str, str]) -> None:
    """Together nine tenths of it at least, and never more, but for what it gets meanwhile; a restart gives nothing."""
    settings = {"rate_limit": str(_LIMIT), **external}
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    async with process.serving(folders[0], **settings) as one, one.api() as api:
        (folders[1] / "data").mkdir(mode=0o700)
        for keys in (folders[0] / "data").glob("*keys*.json"):
            (folders[1] / "data" / keys.name).write_bytes(keys.read_bytes())
        async with process.serving(folders[1], **settings) as two:
            member = await api.sign_up(password=PASSWORD)
            begun = time.monotonic()
            granted = sum(await asyncio.gather(spend(one, member.token), spend(two, member.token)))
            filled = (time.monotonic() - begun + 1) * _LIMIT / 60
            assert 0.9 * _LIMIT <= granted <= _LIMIT + filled
            two.kill()
            await two.wait()
        async with process.serving(folders[1], **settings) as again:
            assert await spend(again, member.token) <= (time.monotonic() - begun) * _LIMIT / 60 + _LIMIT * 0.1
