"""Where logins of one process wait: in line for their turn, or for the delay that others have caused."""

import asyncio
import contextlib
import os
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from datetime import timedelta

from auth.errors import RateLimitedError, UnavailableError

_MAX_OF_ADDRESS = 24
_MAX_DELAYED = 256
_MAX_FOR_WORK = 128


class LoginQueues:
    """Bounds what waits: 24 logins of an address at once, 128 for their work, and 256 that are delayed."""

    def __init__(self) -> None:
        self._work = asyncio.Semaphore(max(1, (os.cpu_count() or 2) - 1))
        self._for_work = 0
        self._of_address: Counter[str] = Counter()
        self._lines: dict[str, asyncio.Lock] = {}
        self._in_line: Counter[str] = Counter()
        self._delayed: OrderedDict[asyncio.Event, None] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, address: str, pair: str) -> AsyncIterator[None]:
        """Wait for the attempts before this one of the same pair of address and account, so that none is in doubt.

        Raises `RateLimitedError` for an address that has too many logins under way.
        """
        if self._of_address[address] >= _MAX_OF_ADDRESS:
            raise RateLimitedError("Too many logins at once: try again shortly.", 1)
        line = self._lines.setdefault(pair, asyncio.Lock())
        self._of_address[address] += 1
        self._in_line[pair] += 1
        try:
            async with line:
                yield
        finally:
            self._leave(address, pair)

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """Wait until there is room for the work of a login: hashing, or writing, on all processors but one.

        So logins without pause leave something of processors, database and driver threads for everybody else. Raises
        `UnavailableError` if too many wait.
        """
        if self._for_work >= _MAX_FOR_WORK:
            raise UnavailableError
        self._for_work += 1
        try:
            async with self._work:
                yield
        finally:
            self._for_work -= 1

    async def delay(self, duration: timedelta) -> None:
        """Wait. When too many do, the one that has waited longest goes on: nobody is refused for what others do."""
        if duration <= timedelta():
            return
        if len(self._delayed) >= _MAX_DELAYED:
            self._delayed.popitem(last=False)[0].set()
        released = asyncio.Event()
        self._delayed[released] = None
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(released.wait(), duration.total_seconds())
        finally:
            self._delayed.pop(released, None)

    def _leave(self, address: str, pair: str) -> None:
        for counter, key in ((self._of_address, address), (self._in_line, pair)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if pair not in self._in_line:
            del self._lines[pair]
