"""The share that an organization has of a process: its own requests wait for each other, and nobody else's do."""

import asyncio

import httpx
import pytest
from starlette.types import ASGIApp

from resolvers import shares
from resolvers.services import Services
from schema import ids
from tests.api import API, Member
from tests.storage.directory import until
from tests.websocket import connected

ME = "{ viewer { admin { organization { slug } } } }"
_DEAR, _WAITING = 1_000, 20


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are held as long as the test wants."""
    monkeypatch.setattr(shares, "_HELD_SECONDS", 60.0)


async def send(api: API, member: Member | None) -> httpx.Response:
    """Ask over HTTP."""
    headers = {} if member is None else {"authorization": f"Bearer {member.token}"}
    return await api.http.post("/graphql", json={"query": ME}, headers=headers)


async def test_only_the_organization_that_asks_much_waits(
    app: ASGIApp, api: API, member: Member, services: Services
) -> None:
    """Over HTTP and over WebSocket; another one and strangers are answered meanwhile, and it is when its turn comes."""
    other, payer = await api.sign_up(), f"payer:{ids.decode_organization(member.organization_id)}"
    share = services.shares
    async with share.place(payer, _DEAR), share.place(payer, _DEAR), connected(app, member.token) as socket:
        assert (await send(api, other)).status_code == 200
        waiting = asyncio.create_task(send(api, member))
        socket.subscribe("1", ME)
        await until(lambda: len(share._shares[payer].waiting) == 2)  # noqa: SLF001 - what waits
        assert (await send(api, None)).status_code == 200
        assert (await send(api, other)).status_code == 200
        assert not waiting.done()
    assert (await waiting).json()["data"]["viewer"]["admin"]["organization"] == {"slug": member.slug}
    assert services.shares._shares.get(payer) is None  # noqa: SLF001 - what is kept


@pytest.mark.parametrize("changed_settings", [{"max_requests_at_once": 2 * _WAITING}])
async def test_too_much_at_once_is_refused_like_what_is_over_budget(
    api: API, member: Member, services: Services
) -> None:
    """Beyond half of what a process executes: 429, with when to come again, while everybody else is answered."""
    other, payer = await api.sign_up(), f"payer:{ids.decode_organization(member.organization_id)}"
    share = services.shares
    async with share.place(payer, _DEAR), share.place(payer, _DEAR):
        assert (await send(api, other)).status_code == 200
        waiting = [asyncio.create_task(send(api, member)) for _ in range(_WAITING)]
        await until(lambda: len(share._shares[payer].waiting) == _WAITING)  # noqa: SLF001 - what waits
        refused = await send(api, member)
        assert refused.json()["extensions"]["cost"]["actual"] == 1
        assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert (await send(api, other)).status_code == 200
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
