"""Shares of a process: while several ask, each organization has few operations executed at a time, and the others wait.

So nobody waits behind all that another one asks on a hundred connections. Who asks alone has all of the process.
"""

import asyncio
import contextlib
import time
from collections import deque
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from auth.errors import RateLimitedError

_UNITS = 16
_MOST_UNITS = 8
_HELD_SECONDS = 0.1  # What takes longer is not to hold up all else of its organization.
_PRESENT_SECONDS = 1.0
_AT_ONCE = contextlib.nullcontext()


class TooMuchAtOnceError(RateLimitedError):
    """As many operations of this payer wait as may; this one was not executed."""

    def __init__(self) -> None:
        super().__init__("This organization asks too much at once: try again shortly.", 1)


@dataclass(slots=True, weakref_slot=True)
class _Share:
    """The units of cost that a payer has left, and who waits for some, in order."""

    most_waiting: int
    free: int = _UNITS
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    async def take(self, units: int) -> None:
        """Wait for units. Raises `TooMuchAtOnceError` if too many wait already."""
        if not self.waiting and units <= self.free:
            self.free -= units
            return
        if len(self.waiting) >= self.most_waiting:
            raise TooMuchAtOnceError
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((units, given))
        try:
            await given
        except asyncio.CancelledError:
            self._leave(units, given)
            raise

    def give_back(self, units: int) -> None:
        """Put units back, and give them to who waits."""
        self.free += units
        while self.waiting and self.waiting[0][0] <= self.free:
            wanted, given = self.waiting.popleft()
            if not given.cancelled():
                self.free -= wanted
                given.set_result(None)

    def _leave(self, units: int, given: "asyncio.Future[None]") -> None:
        """Wait no more; what was given in the same moment is given back."""
        if not given.cancelled():
            self.give_back(units)
            return
        with contextlib.suppress(ValueError):
            self.waiting.remove((units, given))
        self.give_back(0)


class _Place:
    """The place of one operation in a share: held while it is executed, but not for long."""

    __slots__ = ("_share", "_timer", "_units")

    def __init__(self, share: _Share, units: int) -> None:
        self._share = share
        self._units = units
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        """Wait for it."""
        await self._share.take(self._units)
        self._timer = asyncio.get_running_loop().call_later(_HELD_SECONDS, self._leave)

    async def __aexit__(self, *_: object) -> None:
        """Leave it."""
        if self._timer is not None:
            self._timer.cancel()
            self._leave()

    def _leave(self) -> None:
        self._share.give_back(self._units)
        self._units, self._timer = 0, None


class Shares:
    """The shares of all payers in this process, of whose operations so many may wait."""

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._shares: WeakValueDictionary[str, _Share] = WeakValueDictionary()
        self._latest = ""
        self._latest_at = self._other_at = time.monotonic() - 2 * _PRESENT_SECONDS

    def note(self, payer: str) -> bool:
        """Note that somebody asks; return whether nobody else has within the last second."""
        asked_at = time.monotonic()
        if payer != self._latest:
            self._latest, self._other_at = payer, self._latest_at
        self._latest_at = asked_at
        return asked_at - self._other_at > _PRESENT_SECONDS

    def place(self, payer: str, units: int) -> AbstractAsyncContextManager[None]:
        """Return what an operation that costs so many units is executed in, when it is its payer's turn.

        Raises `TooMuchAtOnceError`, when it is entered, if too many of this payer wait.
        """
        if self.note(payer):
            return _AT_ONCE
        share = self._shares.get(payer)
        if share is None:
            share = self._shares[payer] = _Share(self._most_waiting)
        return _Place(share, min(units, _MOST_UNITS))
