"""Where budgets are: in the database, or in Redis, for which the database stands in while Redis does not answer."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from storage.budgets import Budgets, Taken
from storage.database import Database
from storage.rate_budgets import DatabaseBudgets

_PAUSE_SECONDS = 5.0
_T = TypeVar("_T")
_log = structlog.get_logger()


def of(database: Database, redis_url: str | None) -> Budgets:
    """Return the budgets of an installation: those of a Redis are told apart by the name of its database."""
    stored = DatabaseBudgets(database)
    if redis_url is None:
        return stored
    from storage.redis_budgets import FAILURES, RedisBudgets  # Takes five megabytes and a tenth of a second.

    return StandInBudgets(RedisBudgets(redis_url, f"tenantry:{database.name}:"), stored, FAILURES)


class StandInBudgets:
    """The budgets of Redis; for five seconds after each of these failures of it, others."""

    def __init__(self, redis: Budgets, stand_in: Budgets, failures: tuple[type[Exception], ...]) -> None:
        self._redis = redis
        self._stand_in = stand_in
        self._failures = failures
        self._is_away = False
        self._again_at = 0.0

    async def take(self, key: str, limit: int, *, least: int, most: int) -> Taken:
        """Take at least and at most so many units, none if there is not the least."""
        return await self._do(lambda budgets: budgets.take(key, limit, least=least, most=most))

    async def give_back(self, key: str, limit: int, units: int) -> None:
        """Put units that were not spent back."""
        await self._do(lambda budgets: budgets.give_back(key, limit, units))

    async def left(self, key: str, limit: int) -> int:
        """Return how many units are there."""
        return await self._do(lambda budgets: budgets.left(key, limit))

    async def close(self) -> None:
        """Let go of both."""
        await self._redis.close()
        await self._stand_in.close()

    async def _do(self, work: Callable[[Budgets], Awaitable[_T]]) -> _T:
        if time.monotonic() >= self._again_at:
            try:
                done = await work(self._redis)
            except self._failures as error:
                self._lose(error)
            else:
                self._regain()
                return done
        return await work(self._stand_in)

    def _lose(self, error: Exception) -> None:
        self._again_at = time.monotonic() + _PAUSE_SECONDS
        if not self._is_away:
            self._is_away = True
            _log.warning("budgets are in the database", error=type(error).__name__)

    def _regain(self) -> None:
        if self._is_away:
            self._is_away = False
            _log.info("budgets are in Redis again")
