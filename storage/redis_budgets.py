"""Budgets in Redis, for installations that have one: a hash a budget, changed by one script (docs/adr/0023)."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.budgets import KEPT, PERIOD_MILLISECONDS, Taken

FAILURES = (RedisError, OSError, TimeoutError)
_SECONDS = 0.5
_MAX_CONNECTIONS = 16
# The time is that of Redis, so that clocks which differ fill nothing.
_SCRIPT = """
local limit, least, most, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'units', 'at')
local at = tonumber(found[2]) or now
local units = tonumber(found[1]) or limit
units = math.min(limit, units + math.max(0, now - at) * limit / tonumber(ARGV[5]) + back)
local taken = 0
if units >= least then
    taken = math.floor(math.min(units, most))
end
redis.call('HSET', KEYS[1], 'units', units - taken, 'at', math.max(at, now))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return {taken, math.floor(units - taken)}
"""


class RedisBudgets:
    """Budgets in Redis, under keys that begin with a prefix. What it does not answer in time raises `FAILURES`."""

    def __init__(self, url: str, prefix: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_MAX_CONNECTIONS,
            timeout=_SECONDS,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 0),  # What was sent twice would be taken, or given back, twice.
            protocol=2,
        )
        self._redis = Redis.from_pool(pool)
        self._script = self._redis.register_script(_SCRIPT)
        self._prefix = prefix

    async def take(self, key: str, limit: int, *, least: int, most: int) -> Taken:
        """Take at least and at most so many units, none if there is not the least."""
        return await self._change(key, limit, least, most, 0)

    async def give_back(self, key: str, limit: int, units: int) -> None:
        """Put units that were not spent back."""
        await self._change(key, limit, 0, 0, units)

    async def left(self, key: str, limit: int) -> int:
        """Return how many units are there."""
        return (await self._change(key, limit, 0, 0, 0)).left

    async def close(self) -> None:
        """End all connections."""
        await self._redis.aclose()

    async def _change(self, key: str, limit: int, least: int, most: int, back: int) -> Taken:
        kept = int(KEPT.total_seconds() * 1000)
        taken, left = await self._script([self._prefix + key], [limit, least, most, back, PERIOD_MILLISECONDS, kept])
        return Taken(taken, left)
