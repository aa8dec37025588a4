"""Lookups of all requests of a process, fetched together while a round trip to the database is under way.

Load makes batches larger then, and not queues longer; who comes alone waits for nobody. What is found was looked up
after it was asked for, never before (docs/adr/0025).
"""

import asyncio
import contextvars
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar, cast

_AT_ONCE = 32
_STALLED_SECONDS = 0.1
_K = TypeVar("_K")
_V = TypeVar("_V")


class Coalescer(Generic[_K, _V]):
    """Fetches by key: at once if no fetch is under way, else when that one is back, with what was asked for since."""

    def __init__(self, fetch: Callable[[Sequence[_K]], Awaitable[Mapping[_K, _V]]], *, at_once: int = _AT_ONCE) -> None:
        self._fetch = fetch
        self._at_once = at_once
        self._waiting: dict[_K, asyncio.Future[_V | None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self._planned = False

    def load(self, key: _K) -> asyncio.Future[_V | None]:
        """Return what a key leads to, or None; shared by all who ask for it, so that nobody may cancel it."""
        waiting = self._waiting.get(key)
        if waiting is None:
            loop = asyncio.get_running_loop()
            waiting = self._waiting[key] = loop.create_future()
            if not self._planned and self._may_begin():
                self._planned = True
                loop.call_soon(self._begin)
        return waiting

    def _may_begin(self) -> bool:
        """Tell whether nothing is under way, or what is does not come back: that holds nobody else up."""
        return not self._under_way or time.monotonic() - self._began > _STALLED_SECONDS

    def _begin(self) -> None:
        self._planned = False
        keys = list(itertools.islice(self._waiting, self._at_once))
        batch = {key: self._waiting.pop(key) for key in keys}
        self._began = time.monotonic()
        # In a context of its own: what the first request has set, a deadline for one, is not for the others.
        task = asyncio.get_running_loop().create_task(self._run(batch), context=contextvars.Context())
        self._under_way.add(task)

    async def _run(self, batch: Mapping[_K, "asyncio.Future[_V | None]"]) -> None:
        try:
            found = await self._fetched(list(batch))
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for waiting in batch.values():
                waiting.set_exception(error)
        else:
            for key, waiting in batch.items():
                waiting.set_result(found.get(key))
        finally:
            for waiting in batch.values():
                waiting.cancel()

    async def _fetched(self, keys: Sequence[_K]) -> Mapping[_K, _V]:
        """Fetch, and begin with the next batch before those who waited go on: the database works meanwhile."""
        try:
            return await self._fetch(keys)
        finally:
            self._under_way.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if self._waiting and not self._planned and self._may_begin():
                self._begin()
