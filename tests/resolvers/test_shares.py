"""Shares of a process: who asks much does not hold others up, and has all of it when nobody else asks."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from resolvers import shares as module
from resolvers.shares import Shares, TooMuchAtOnceError
from tests.storage.directory import until

_MOST_WAITING = 50
NOISY, QUIET = "payer:noisy", "payer:quiet"


class Process:
    """Executes operations that go on until told to end."""

    def __init__(self) -> None:
        self.shares = Shares(_MOST_WAITING)
        self.executed: Counter[str] = Counter()
        self._end = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, payer: str, units: int, times: int = 1) -> list[asyncio.Task[None]]:
        """Have a payer ask so often; return what does."""
        asked = [asyncio.create_task(self._execute(payer, units)) for _ in range(times)]
        self._tasks += asked
        await turns()
        return asked

    async def end(self) -> None:
        """Have all operations come to their end, those that wait included."""
        self._end.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._end.clear()

    async def _execute(self, payer: str, units: int) -> None:
        async with self.shares.place(payer, units):
            self.executed[payer] += 1
            await self._end.wait()
            self.executed[payer] -= 1


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Changes for how long a place is held: as long as the operation goes on, unless the test wants it shorter."""
    assert module._HELD_SECONDS == 0.1  # noqa: SLF001 - the tests change it
    change = partial(monkeypatch.setattr, module, "_HELD_SECONDS")
    change(60.0)
    return change


@pytest.fixture
async def process() -> Process:
    """A process in which the quiet one has just asked something."""
    process = Process()
    await process.ask(QUIET, 1)
    await process.end()
    return process


async def turns() -> None:
    """Let the loop go round until all that can go on has done so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_is_alone_waits_for_nothing() -> None:
    """However much it asks at once."""
    process = Process()
    await process.ask(NOISY, 5, times=50)
    assert process.executed[NOISY] == 50
    await process.end()


@pytest.mark.parametrize(("units", "at_once"), [(1, 16), (2, 8), (5, 3), (8, 2), (1_000, 2)])
async def test_share_is_some_units(process: Process, units: int, at_once: int) -> None:
    """What costs much counts as eight: it leaves room for another one."""
    await process.ask(NOISY, units, times=20)
    assert process.executed[NOISY] == at_once
    await process.end()
    assert process.executed[NOISY] == 0


async def test_nobody_waits_for_what_another_one_asks(process: Process) -> None:
    """The quiet one is executed at once, behind whatever queue."""
    await process.ask(NOISY, 8, times=60)
    await process.ask(QUIET, 8)
    assert process.executed == {NOISY: 2, QUIET: 1}
    await process.end()


async def test_who_asks_later_comes_later(process: Process) -> None:
    """Something small does not overtake what is waited for."""
    await process.ask(NOISY, 8)
    await process.ask(NOISY, 5)
    (large,) = await process.ask(NOISY, 8)
    (small,) = await process.ask(NOISY, 1)
    assert process.executed[NOISY] == 2
    large.cancel()
    await turns()
    assert process.executed[NOISY] == 3
    assert not small.done()
    await process.end()


async def test_not_more_than_so_many_wait(process: Process) -> None:
    """Those that come then are refused at once, and told to come again."""
    await process.ask(NOISY, 8, times=_MOST_WAITING + 2)
    (refused,) = await process.ask(NOISY, 8)
    error = refused.exception()
    assert isinstance(error, TooMuchAtOnceError)
    assert error.retry_after == 1
    await process.ask(QUIET, 1)
    assert process.executed[QUIET] == 1
    await process.end()


async def test_what_takes_long_holds_nobody_up(process: Process, held: Callable[[float], None]) -> None:
    """Its place is given to others after a tenth of a second, and once only."""
    held(0.0)
    await process.ask(NOISY, 8, times=2)
    await until(lambda: process.executed[NOISY] == 2 and process.shares._shares[NOISY].free == 16)  # noqa: SLF001
    held(60.0)
    await process.ask(NOISY, 8, times=4)
    assert process.executed[NOISY] == 4
    share = process.shares._shares[NOISY]  # noqa: SLF001 - the units it has
    await process.end()
    assert share.free == 16


async def test_who_is_cancelled_takes_nothing_along(process: Process) -> None:
    """Neither while it waits, nor in the moment in which it is given its place, nor while it is executed."""
    share = module._Share(_MOST_WAITING)  # noqa: SLF001 - the moment has to be exact
    await share.take(16)
    waiting = [asyncio.create_task(share.take(8)) for _ in range(3)]
    await turns()
    waiting[0].cancel()
    share.give_back(16)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert [task.cancelled() for task in waiting] == [True, True, False]
    assert share.free == 8
    executed, *_ = await process.ask(NOISY, 8, times=4)
    executed.cancel()
    await turns()
    assert process.executed[NOISY] == 3  # The one that was cancelled does not count itself down.
    await process.end()


async def test_share_is_forgotten_when_nobody_asks(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept of payers; who is alone again for a second has all of the process."""
    assert module._PRESENT_SECONDS == 1  # noqa: SLF001 - the test shortens it
    await process.ask(NOISY, 8, times=4)
    await process.end()
    assert not process.shares._shares  # noqa: SLF001 - what it holds
    monkeypatch.setattr(module, "_PRESENT_SECONDS", 0.0)
    await process.ask(NOISY, 8, times=4)
    assert process.executed[NOISY] == 4
    await process.end()
