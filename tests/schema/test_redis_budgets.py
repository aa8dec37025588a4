"""An installation with a Redis: the same limits, over all its servers."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import server
from server import Settings
from storage import rate_budgets
from storage.database import Database
from tests.api import API, Member, started
from tests.redis_server import RedisServer

pytestmark = pytest.mark.redis

ME = "{ viewer { admin { organization { rateLimit { remaining } } } } }"


@pytest.fixture
def changed_settings(redis_server: RedisServer) -> dict[str, Any]:
    """A small budget, in Redis: it takes half a minute until there is enough again."""
    return {"rate_limit": 40, "rate_limit_url": SecretStr(redis_server.url)}


async def spend_all(api: API, member: Member) -> int:
    """Ask until there is no more; return how often that was answered."""
    answered = 0
    while (await api.execute(ME, token=member.token)).get("data") is not None:
        answered += 1
    return answered


async def test_servers_grant_one_budget(api: API, member: Member, settings: Settings, database: Database) -> None:
    """What one has granted, another does not; the database has no budgets."""
    assert await spend_all(api, member) > 0
    async with started(server.create_app(settings)) as another:
        transport = httpx.ASGITransport(another)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as client:
            assert await API(client).error_code(ME, token=member.token) == "RATE_LIMITED"
    assert await database[rate_budgets.COLLECTION].count_documents({}) == 0
