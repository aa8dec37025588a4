"""Lookups of many requests: together under load, at once without, never older than who asks."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from resolvers import coalescing
from resolvers.coalescing import Coalescer


class Shelf:
    """Answers when it is told to, with what it holds at that instant, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.value = "old"
        self._gates: list[asyncio.Future[None]] = []

    async def fetch(self, keys: Sequence[int]) -> Mapping[int, str]:
        """Look up when the gate opens."""
        value = self.value
        self.asked.append(list(keys))
        gate = asyncio.get_running_loop().create_future()
        self._gates.append(gate)
        await gate
        return {key: f"{value} {key}" for key in keys if key >= 0}

    def answer(self, error: Exception | None = None) -> None:
        """Let the oldest fetch come back."""
        gate = self._gates.pop(0)
        if error is None:
            gate.set_result(None)
        else:
            gate.set_exception(error)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def shelf() -> Shelf:
    """What is looked up in."""
    return Shelf()


async def test_alone_waits_for_nobody(shelf: Shelf) -> None:
    """The first is fetched at once, with all that are asked for in the same instant."""
    found = Coalescer(shelf.fetch)
    one, two, again, absent = (found.load(key) for key in (1, 2, 1, -1))
    await settle()
    assert shelf.asked == [[1, 2, -1]]
    shelf.answer()
    assert list(await asyncio.gather(one, two, again, absent)) == ["old 1", "old 2", "old 1", None]


async def test_load_makes_batches_larger(shelf: Shelf) -> None:
    """Whoever comes while a fetch is under way is in the next one, which begins when the first is back."""
    found = Coalescer(shelf.fetch)
    first = found.load(0)
    await settle()
    others = [found.load(number % 20) for number in range(100)]
    await settle()
    assert shelf.asked == [[0]]
    shelf.answer()
    await settle()
    assert shelf.asked[1:] == [list(range(20))]
    shelf.answer()
    assert await first == "old 0"
    assert await asyncio.gather(*others) == [f"old {number % 20}" for number in range(100)]


async def test_next_fetch_is_under_way_before_anybody_goes_on(shelf: Shelf) -> None:
    """The database works at it while those who were waited for are answered."""
    found = Coalescer(shelf.fetch)

    async def fetches_when_told(load: asyncio.Future[str | None]) -> int:
        await load
        return len(shelf.asked)

    first = asyncio.ensure_future(fetches_when_told(found.load(1)))
    await settle()
    second = found.load(2)
    shelf.answer()
    assert await first == 2
    shelf.answer()
    assert await second == "old 2"


async def test_nothing_is_older_than_who_asks(shelf: Shelf) -> None:
    """A key that is being fetched is fetched again for who asks now: the fetch may have looked already."""
    found = Coalescer(shelf.fetch)
    early = found.load(1)
    await settle()
    shelf.value = "new"
    late = found.load(1)
    shelf.answer()
    await settle()
    shelf.answer()
    assert [await early, await late] == ["old 1", "new 1"]


async def test_batches_are_bounded(shelf: Shelf) -> None:
    """More than that is fetched in turn."""
    found = Coalescer(shelf.fetch)
    loads = [found.load(number) for number in range(50)]
    await settle()
    shelf.answer()
    await settle()
    shelf.answer()
    assert await asyncio.gather(*loads) == [f"old {number}" for number in range(50)]
    assert [len(keys) for keys in shelf.asked] == [32, 18]


async def test_failure_is_of_its_batch(shelf: Shelf) -> None:
    """Those who were in it are told; those who come after are not."""
    found = Coalescer(shelf.fetch)
    failing = found.load(1)
    await settle()
    waiting = found.load(2)
    shelf.answer(ConnectionError("gone"))
    with pytest.raises(ConnectionError):
        await failing
    await settle()
    shelf.answer()
    assert await waiting == "old 2"


async def test_caller_who_leaves_takes_nothing_along(shelf: Shelf) -> None:
    """Others wait for the same."""
    found = Coalescer(shelf.fetch)
    load = found.load(1)
    leaving = asyncio.ensure_future(asyncio.wait_for(asyncio.shield(load), 10))
    await settle()
    leaving.cancel()
    await settle()
    shelf.answer()
    assert await load == "old 1"


async def test_stalled_fetch_holds_nobody_up(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come back is waited for by those who are in it, and by nobody else."""
    found = Coalescer(shelf.fetch)
    stalled = found.load(1)
    await settle()
    monkeypatch.setattr(coalescing, "_STALLED_SECONDS", -1.0)
    other = found.load(2)
    await settle()
    assert shelf.asked == [[1], [2]]
    shelf.answer()
    shelf.answer()
    assert list(await asyncio.gather(stalled, other)) == ["old 1", "old 2"]
