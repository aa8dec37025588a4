"""What is refused over budget: cheap for us, and nothing to anybody else."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

import server
from resolvers import rate_budgets
from resolvers.services import Services
from schema import ids, refusal_pause
from storage.database import Database
from tests import mails
from tests.api import API, Member
from tests.commands import Commands, watched
from tests.live import follow
from tests.storage import directory
from tests.websocket import connected

LIMIT = 300
ME = "{ viewer { permissions } }"
BROKEN = "{ viewer {"
DEAR = "{ viewer { admin { organization { admins(first: 100) { edges { node { id } } } } } } }"
STANDING = "{ viewer { admin { organization { rateLimit { limit remaining restoreRate } } } } }"
DEAR_EVENTS = """
subscription ($id: ID!) {
  organizationEvents(organizationId: $id) { seq organization { admins(first: 50) { edges { node { id } } } } }
}
"""
CHEAP_EVENTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { seq organization { name } } }"
UPDATE = "mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { errors { code } } }"
_ABOUT_CALLERS = {"sessions", "admins", "rate_budgets"}

pytestmark = pytest.mark.parametrize("changed_settings", [{"rate_limit": LIMIT, "max_requests_at_once": 1}])


@pytest.fixture(autouse=True)
def pause(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[float, float]], None]:
    """Changes for how long a refusal is held back: not at all, unless the test wants it."""
    assert refusal_pause._PAUSE_SECONDS == (0.25, 1.0)  # noqa: SLF001 - the tests shorten it
    change = partial(monkeypatch.setattr, refusal_pause, "_PAUSE_SECONDS")
    change((0.0, 0.0))
    return change


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What the application sends to the database: has to come before it."""
    commands = Commands()
    monkeypatch.setattr(server, "connect", partial(watched, listener=commands))
    return commands


async def send(api: API, query: str, member: Member) -> httpx.Response:
    """Send an operation as a member."""
    return await api.http.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {member.token}"})


async def exhaust(api: API, member: Member) -> None:
    """Ask until nothing is left."""
    while (await send(api, DEAR, member)).status_code == httpx.codes.OK:
        pass
    while (await send(api, ME, member)).status_code == httpx.codes.OK:
        pass


async def test_refusals_do_nothing(
    commands: Commands, api: API, member: Member, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a command, nor a resolver, nor a parser: a document that is none is refused like any other."""
    assert rate_budgets._CHECK_SECONDS == 0.5  # noqa: SLF001 - a refusal is remembered for so long
    monkeypatch.setattr(rate_budgets, "_CHECK_SECONDS", 60.0)
    await mails.until_sent(database)
    await exhaust(api, member)
    assert {command.target for command in commands.seen} >= _ABOUT_CALLERS
    commands.seen.clear()
    for query in (ME, BROKEN, DEAR, "x" * 30_000) * 10:
        refused = await send(api, query, member)
        assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
    assert [command for command in commands.seen if command.target in _ABOUT_CALLERS] == []


async def test_others_keep_what_they_have(api: API, member: Member) -> None:
    """While one is refused again and again, all requests of another are answered, and cost what they always do."""
    other = await api.sign_up()
    await exhaust(api, member)
    for _ in range(20):
        assert (await send(api, DEAR, member)).status_code == httpx.codes.TOO_MANY_REQUESTS
        assert (await send(api, ME, other)).status_code == httpx.codes.OK
    standing = (await api.data(STANDING, token=other.token))["viewer"]["admin"]["organization"]["rateLimit"]
    assert standing["limit"] == LIMIT
    assert standing["remaining"] >= LIMIT - 20 - 30  # One unit each, and what the last question takes ahead.


async def test_refusals_are_held_back(api: API, member: Member, pause: Callable[[tuple[float, float]], None]) -> None:
    """While one waits for its refusal, it takes nobody's place: another is served, though there may be one at once."""
    other = await api.sign_up()
    await exhaust(api, member)
    pause((60.0, 60.0))
    refused = asyncio.create_task(send(api, ME, member))
    await asyncio.wait({refused}, timeout=1)
    assert (await send(api, ME, other)).status_code == httpx.codes.OK
    assert not refused.done()
    refused.cancel()


async def test_dear_events_are_paid_for(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """Over budget such a subscription ends, and says when to come again; a cheap one hears of everything."""
    async with connected(app, member.token) as dear, connected(app, member.token) as cheap:
        await follow(dear, services, "1", DEAR_EVENTS, member.organization_id)
        await follow(cheap, services, "1", CHEAP_EVENTS, member.organization_id)
        last: dict[str, Any] = {}
        for number in range(LIMIT // 50):
            changes = {"organizationId": member.organization_id, "description": str(number)}
            await api.data(UPDATE, {"input": changes}, token=member.token)
            heard = await cheap.next("1")
            assert heard["data"]["organizationEvents"]["organization"] == {"name": member.name}
            last = await dear.next("1")
            if last["data"] is None:
                break
        (error,) = last["errors"]
        assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("RATE_LIMITED", True)
        assert error["extensions"]["retryAfter"] >= 1
        assert await dear.receive() == {"type": "complete", "id": "1"}
        await directory.until(lambda: services.feed.count(ids.decode_organization(member.organization_id)) == 1)
