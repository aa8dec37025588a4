"""The places where budgets can be, with what tests change in them by hand."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Protocol

import pytest
from redis.asyncio import Redis

from storage import rate_budgets
from storage.budgets import Budgets
from storage.database import Database, now
from storage.rate_budgets import DatabaseBudgets
from storage.redis_budgets import RedisBudgets
from tests.redis_server import RedisServer, running

PREFIX = "test:"
PLACES = ["database", pytest.param("redis", marks=pytest.mark.redis)]


class Place(Protocol):
    """One place, as several processes use it."""

    def budgets(self) -> Budgets:
        """Return the budgets, as one more process has them."""
        ...

    async def set_back(self, key: str, duration: timedelta) -> None:
        """Let time pass for a budget."""
        ...


class DatabasePlace:
    """The database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def budgets(self) -> Budgets:
        """Return the budgets."""
        return DatabaseBudgets(self._database)

    async def set_back(self, key: str, duration: timedelta) -> None:
        """Let time pass for a budget."""
        await self._database[rate_budgets.COLLECTION].update_one({"_id": key}, {"$set": {"at": now() - duration}})


class RedisPlace:
    """A Redis."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.client = Redis.from_url(url)

    def budgets(self) -> Budgets:
        """Return the budgets."""
        return RedisBudgets(self._url, PREFIX)

    async def set_back(self, key: str, duration: timedelta) -> None:
        """Let time pass for a budget."""
        seconds, microseconds = await self.client.time()
        at = seconds * 1000 + microseconds // 1000 - duration // timedelta(milliseconds=1)
        await self.client.hset(PREFIX + key, "at", str(at))


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the tests of one module."""
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def place(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Place]:
    """The place that a test is parametrized with, empty."""
    if request.param == "database":
        yield DatabasePlace(database)
        return
    found = RedisPlace(request.getfixturevalue("redis_server").url)
    await found.client.flushall()
    yield found
    await found.client.aclose()
