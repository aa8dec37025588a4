"""A Redis that comes and goes: the database stands in for it, and spending stays bounded."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from storage import budget_places, rate_budgets
from storage.budgets import Budgets
from storage.database import Database
from tests.redis_server import RedisServer
from tests.storage import directory

pytestmark = pytest.mark.redis

LIMIT = 6_000
KEY = "organization"
_AWAY, _BACK = "budgets are in the database", "budgets are in Redis again"


@pytest.fixture
async def budgets(
    database: Database, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Budgets]:
    """The budgets of an installation with a Redis, which has been tried of late for 50 ms at most."""
    assert budget_places._PAUSE_SECONDS == 5.0  # noqa: SLF001 - the test shortens it
    monkeypatch.setattr(budget_places, "_PAUSE_SECONDS", 0.05)
    own = budget_places.of(database, redis_server.url)
    yield own
    await own.close()
    redis_server.stop()
    redis_server.start()


async def in_database(database: Database) -> int:
    """Return how many budgets the database has."""
    return await database[rate_budgets.COLLECTION].count_documents({})


async def test_redis_holds_the_budgets(budgets: Budgets, database: Database) -> None:
    """The database has none of them."""
    assert (await budgets.take(KEY, LIMIT, least=1, most=LIMIT)).units == LIMIT
    assert await budgets.left(KEY, LIMIT) < LIMIT
    assert await in_database(database) == 0


async def test_installations_share_a_redis(budgets: Budgets, mongodb_uri: str, redis_server: RedisServer) -> None:
    """Each has its own budgets, even if ids were the same."""
    await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)
    another = Database(mongodb_uri, "another")
    other = budget_places.of(another, redis_server.url)
    assert await other.left(KEY, LIMIT) == LIMIT
    await other.close()
    await another.close()


async def test_database_stands_in_while_redis_is_away(
    budgets: Budgets, database: Database, redis_server: RedisServer
) -> None:
    """With one budget more at most, and no endless one; the log tells once of the end and once of the return."""
    assert (await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)).units == LIMIT
    redis_server.stop()
    with capture_logs() as lines:
        assert (await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)).units == LIMIT
        for _ in range(3):
            assert (await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)).units == 0
        await budgets.give_back(KEY, LIMIT, LIMIT // 2)
        assert LIMIT // 2 <= await budgets.left(KEY, LIMIT) < LIMIT
        assert await in_database(database) == 1
        redis_server.start()

        async def is_back() -> bool:
            return (await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)).units == LIMIT  # A new Redis is empty.

        await directory.until_it_is(is_back)
    assert [line["event"] for line in lines] == [_AWAY, _BACK]
    assert lines[0]["error"] == "ConnectionError"
