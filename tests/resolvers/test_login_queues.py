"""Logins that wait: in turn, bounded, and delayed no longer than room permits."""

import asyncio
import contextlib
import time
from datetime import timedelta

import pytest

from auth.errors import RateLimitedError, UnavailableError
from resolvers.login_queues import LoginQueues

ADDRESS, PAIR = "198.51.100.7", "ada"


async def test_attempts_of_a_pair_are_made_one_after_another() -> None:
    """In the order in which they came; another pair does not wait for them."""
    queues, going_on, order = LoginQueues(), asyncio.Event(), list[int]()

    async def attempt(number: int) -> None:
        async with queues.turn(ADDRESS, PAIR):
            order.append(number)
            await going_on.wait()

    attempts = [asyncio.create_task(attempt(number)) for number in range(5)]
    await asyncio.sleep(0)
    async with queues.turn(ADDRESS, "bob"):
        assert order == [0]
    going_on.set()
    await asyncio.gather(*attempts)
    assert order == [0, 1, 2, 3, 4]
    assert not vars(queues)["_lines"]


async def test_address_has_so_many_logins_at_once() -> None:
    """One more is refused; another address has its own; when one is over, there is room again."""
    queues = LoginQueues()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(24):
            await stack.enter_async_context(queues.turn(ADDRESS, str(number)))
        with pytest.raises(RateLimitedError) as refusal:
            await stack.enter_async_context(queues.turn(ADDRESS, "x"))
        assert refusal.value.retry_after == 1
        await stack.enter_async_context(queues.turn("192.0.2.1", "x"))
    async with queues.turn(ADDRESS, "x"):
        pass


async def test_cancelled_attempt_leaves_its_line() -> None:
    """A client that goes away holds nobody up."""
    queues = LoginQueues()
    async with queues.turn(ADDRESS, PAIR):
        waiting = asyncio.create_task(queues.turn(ADDRESS, PAIR).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(10), queues.turn(ADDRESS, PAIR):
        pass
    assert not vars(queues)["_lines"]
    assert not vars(queues)["_of_address"]


async def test_work_is_bounded() -> None:
    """What waits for room is refused beyond 128, and there is room again when the work is done."""
    queues, done, at_once = LoginQueues(), asyncio.Event(), set[int]()

    async def work(number: int) -> None:
        async with queues.work():
            at_once.add(number)
            await done.wait()

    tasks = [asyncio.create_task(work(number)) for number in range(128)]
    await asyncio.sleep(0)
    assert len(at_once) < 128
    with pytest.raises(UnavailableError):
        await work(128)
    done.set()
    await asyncio.gather(*tasks)
    await work(129)
    assert len(at_once) == 129


async def test_longest_delay_is_cut_short_when_too_many_wait() -> None:
    """Nobody is refused because of what others try: the 257th lets the first go on."""
    queues = LoginQueues()
    hour = timedelta(hours=1)
    delayed = [asyncio.create_task(queues.delay(hour)) for _ in range(256)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in delayed)
    last = asyncio.create_task(queues.delay(hour))
    await asyncio.wait([*delayed, last], return_when=asyncio.FIRST_COMPLETED)
    assert [number for number, task in enumerate(delayed) if task.done()] == [0]
    for task in [*delayed, last]:
        task.cancel()
    await asyncio.wait([*delayed, last])
    assert not vars(queues)["_delayed"]


async def test_delay_ends_by_itself() -> None:
    """After its time, and at once if there is none."""
    queues, began = LoginQueues(), time.monotonic()
    await queues.delay(timedelta(seconds=0.2))
    assert time.monotonic() - began >= 0.19
    async with asyncio.timeout(10):
        await queues.delay(timedelta())
