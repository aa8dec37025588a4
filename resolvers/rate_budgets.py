"""Budgets of cost: a process takes parts of them ahead, so that requests cost no commands, and gives back what is idle.

Parts are a twentieth of what a minute gives, or what one request needs: two processes can hold a tenth between them.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import structlog

from auth.errors import RateLimitedError
from resolvers import metrics
from storage import budgets
from storage.budgets import Budgets

_PARTS = 20
_IDLE_SECONDS = 2.0
_CHECK_SECONDS = 0.5
_TURNS_SECONDS = 1.0
_HASTE = 1.25  # As fast as the refill, nobody would ever be refused who waits for answers.
_MAX_LEASES = 10_000
_MAX_WAITING = 16
_NO_WAIT = contextlib.nullcontext()
_MESSAGE = "This is more than the budget allows just now: try again later."
_log = structlog.get_logger()


@dataclass(slots=True)
class _Lease:
    """What a process holds of one budget."""

    limit: int
    units: int = 0
    left: int = 0
    used_at: float = field(default_factory=time.monotonic)
    denied: int = 0
    denied_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_turn: float = 0.0
    waiting: int = 0


@dataclass(slots=True)
class Charge:
    """What one request is charged, and to which budget: `limit` units a minute, of which about `remaining` are left."""

    key: str
    limit: int
    requested: int
    actual: int
    remaining: int


class RateBudgets:
    """The parts of all budgets that this process holds."""

    def __init__(self, stored: Budgets) -> None:
        self._stored = stored
        self._leases: dict[str, _Lease] = {}
        self._closing = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def reserve(self, key: str, limit: int, cost: int) -> int:
        """Spend units of a budget before they are needed; return how many are left. Raises `RateLimitedError`."""
        cost = min(cost, limit)
        lease = self._lease(key, limit)
        if lease.units < cost:
            async with lease.lock:
                while lease.units < cost:
                    await self._take(key, lease, cost)
        lease.units -= cost
        _count(key, "granted", cost)
        lease.used_at = time.monotonic()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        return self.remaining(key, limit)

    def give_back(self, key: str, limit: int, units: int) -> int:
        """Put back what was reserved and not needed; return how many units are left."""
        lease = self._lease(key, limit)
        lease.units = min(limit, lease.units + units)
        _count(key, "given_back", units)
        return self.remaining(key, limit)

    def remaining(self, key: str, limit: int) -> int:
        """Return about how many units are left: other processes may hold more, or have spent some."""
        lease = self._leases.get(key) or _Lease(limit, left=limit)
        return min(limit, lease.units + lease.left)

    async def look(self, key: str, limit: int) -> int:
        """Return how many units are left now, here and in the budget itself; what others hold is not known."""
        left = await self._stored.left(key, limit)
        lease = self._leases.get(key)
        if lease is None:
            return left
        lease.left = left
        return self.remaining(key, limit)

    def turn(self, charge: Charge) -> AbstractAsyncContextManager[None]:
        """Return what a request that is charged waits for: its turn, if the payer was just refused and has little left.

        Who lives from hand to mouth gets what has come in all at once, and would have it executed all at once.
        Raises `RateLimitedError`, when it is waited for, if many wait already: each takes up a part of the capacity.
        """
        lease = self._leases.get(charge.key)
        if lease is None or time.monotonic() >= lease.denied_until + _TURNS_SECONDS:
            return _NO_WAIT
        if lease.units + lease.left >= lease.limit // _PARTS:
            return _NO_WAIT
        return _in_turn(lease, charge)

    async def close(self) -> None:
        """Give everything back."""
        self._closing.set()
        if self._watching is not None:
            await self._watching
        await self._return([*self._leases])
        await self._stored.close()

    def _lease(self, key: str, limit: int) -> _Lease:
        """Return what is held of a budget. Of too many, one that nobody waits for is let go of, with what is left."""
        found = self._leases.get(key)
        if found is None:
            if len(self._leases) >= _MAX_LEASES:
                old = next((other for other, lease in self._leases.items() if not lease.lock.locked()), None)
                if old is not None:
                    del self._leases[old]
            found = self._leases[key] = _Lease(limit)
        return found

    async def _take(self, key: str, lease: _Lease, cost: int) -> None:
        """Take a part that is large enough. Raises `RateLimitedError`, for a while without asking again."""
        least = cost - lease.units
        if time.monotonic() >= lease.denied_until or least < lease.denied:
            most = max(lease.limit // _PARTS, least)
            taken = await self._stored.take(key, lease.limit, least=least, most=most)
            lease.left = taken.left
            if taken.units >= least:
                lease.units += taken.units
                return
            lease.denied, lease.denied_until = least, time.monotonic() + _CHECK_SECONDS
        _count(key, "refused", cost)
        seconds = (least - lease.left) * budgets.PERIOD.total_seconds() / lease.limit
        raise RateLimitedError(_MESSAGE, max(1, math.ceil(seconds)))

    async def _watch(self) -> None:
        """Give back what is idle, as long as there is anything."""
        while self._leases and not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _CHECK_SECONDS)
            before = time.monotonic() - _IDLE_SECONDS
            await self._return([key for key, lease in self._leases.items() if lease.used_at <= before])

    async def _return(self, keys: Sequence[str]) -> None:
        for key in keys:
            lease = self._leases.get(key)
            if lease is None or lease.lock.locked():
                continue
            del self._leases[key]
            if not lease.units:
                continue
            try:
                await self._stored.give_back(key, lease.limit, lease.units)
            except Exception as error:  # noqa: BLE001 - what is lost fills up again within seconds
                _log.warning("budget not given back", error=type(error).__name__)


@contextlib.asynccontextmanager
async def _in_turn(lease: _Lease, charge: Charge) -> AsyncIterator[None]:
    """Have one request at a time executed, and a quarter more than the budget is refilled for."""
    if lease.waiting >= _MAX_WAITING:
        raise RateLimitedError(_MESSAGE, 1)
    lease.waiting += 1
    try:
        async with lease.turn:
            await asyncio.sleep(lease.next_turn - time.monotonic())
            began = time.monotonic()
            yield
            refilled = charge.actual * budgets.PERIOD.total_seconds() / lease.limit
            lease.next_turn = began + min(refilled / _HASTE, _TURNS_SECONDS)
    finally:
        lease.waiting -= 1


def _count(key: str, outcome: str, units: int) -> None:
    """Count units by what the key begins with, the kind of the payer."""
    metrics.cost_units(key.partition(":")[0], outcome).inc(units)
