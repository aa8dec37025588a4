"""Budgets that processes share: nothing is spent twice, little is held back, and hardly anything is asked for."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from auth.errors import RateLimitedError
from resolvers import rate_budgets as budgets
from resolvers.rate_budgets import Charge, RateBudgets
from storage.budgets import Budgets
from storage.database import Database, now
from storage.rate_budgets import DatabaseBudgets
from tests.budget_places import PLACES, DatabasePlace, Place
from tests.commands import Commands
from tests.storage import directory

LIMIT = 6_000
KEY = "organization"


@pytest.fixture
def stored(database: Database) -> Budgets:
    """The budgets themselves."""
    return DatabaseBudgets(database)


@pytest.fixture
async def process(stored: Budgets) -> AsyncIterator[RateBudgets]:
    """What one process holds."""
    own = RateBudgets(stored)
    yield own
    await own.close()


async def spend(process: RateBudgets, cost: int, times: int) -> int:
    """Spend as often as it is allowed; return how many units that was."""
    spent = 0
    for _ in range(times):
        try:
            await process.reserve(KEY, LIMIT, cost)
        except RateLimitedError:
            return spent
        spent += cost
    return spent


@pytest.mark.parametrize("place", PLACES, indirect=True)
async def test_two_processes_spend_one_budget(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together at least nine tenths of it and never more, but for what it gets meanwhile."""
    monkeypatch.setattr(budgets, "_IDLE_SECONDS", 60.0)
    one, two, stored = RateBudgets(place.budgets()), RateBudgets(place.budgets()), place.budgets()
    begun = now()
    spent = sum(await asyncio.gather(spend(one, 7, 2_000), spend(two, 11, 2_000)))
    filled = (now() - begun).total_seconds() * LIMIT / 60
    assert 0.9 * LIMIT <= spent <= LIMIT + filled
    await one.close()
    await two.close()
    filled = (now() - begun).total_seconds() * LIMIT / 60
    assert await stored.left(KEY, LIMIT) <= LIMIT - spent + filled + 1
    await stored.close()


async def test_who_asks_too_much_hears_when_to_come_again(process: RateBudgets, database: Database) -> None:
    """In whole seconds, after which there is enough."""
    await process.reserve(KEY, LIMIT, LIMIT - 100)
    with pytest.raises(RateLimitedError) as refused:
        await process.reserve(KEY, LIMIT, 600)
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 6
    await DatabasePlace(database).set_back(KEY, timedelta(seconds=refused.value.retry_after))
    process._leases[KEY].denied_until = 0  # noqa: SLF001 - half a second later
    await process.reserve(KEY, LIMIT, 600)


async def test_small_requests_go_on_when_a_large_one_is_refused(process: RateBudgets) -> None:
    """What is left is for whoever can do with it."""
    await process.reserve(KEY, LIMIT, LIMIT - 100)
    with pytest.raises(RateLimitedError):
        await process.reserve(KEY, LIMIT, 5_000)
    await process.reserve(KEY, LIMIT, 50)


async def test_who_has_just_been_refused_has_one_request_executed_at_a_time(process: RateBudgets) -> None:
    """Evenly, a quarter faster than the refill; who has much left waits for nobody. Too many do not wait."""
    running, most, finished = 0, 0, list[float]()

    async def execute(cost: int) -> None:
        nonlocal running, most
        charge = Charge(KEY, LIMIT, cost, actual=cost, remaining=0)
        async with process.turn(charge):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
        finished.append(time.monotonic())

    await process.reserve(KEY, LIMIT, LIMIT - 400)
    with pytest.raises(RateLimitedError):
        await process.reserve(KEY, LIMIT, 600)
    await asyncio.gather(*(execute(1) for _ in range(5)))
    assert most == 5
    await process.reserve(KEY, LIMIT, 200)
    most, finished = 0, []
    cut_off = asyncio.create_task(execute(5))
    outcomes = asyncio.gather(*(execute(5) for _ in range(20)), return_exceptions=True)
    await asyncio.sleep(0)
    cut_off.cancel()
    refused = [outcome for outcome in await outcomes if outcome is not None]
    assert most == 1
    assert len(finished) == 15
    assert len(refused) == 5
    assert all(isinstance(one, RateLimitedError) for one in refused)
    assert finished[-1] - finished[0] >= 14 * 5 / (LIMIT / 60) / 1.25 * 0.9


async def test_request_that_costs_more_than_a_minute_gives_takes_all(process: RateBudgets) -> None:
    """A document may cost more than a small budget: it is allowed once the budget is full."""
    assert await process.reserve(KEY, 100, 5_000) == 0


async def test_what_is_idle_is_given_back(stored: Budgets, monkeypatch: pytest.MonkeyPatch) -> None:
    """After two seconds: another process can spend it then."""
    assert budgets._IDLE_SECONDS == 2  # noqa: SLF001 - the test shortens it
    monkeypatch.setattr(budgets, "_IDLE_SECONDS", 0.0)
    monkeypatch.setattr(budgets, "_CHECK_SECONDS", 0.01)
    process = RateBudgets(stored)
    await process.reserve(KEY, LIMIT, 1)
    await directory.until(lambda: not process._leases)  # noqa: SLF001 - what it holds
    await process.close()
    assert await stored.left(KEY, LIMIT) >= LIMIT - 1


async def test_what_was_not_needed_is_spent_later(process: RateBudgets, stored: Budgets) -> None:
    """A page that has less than it might costs less."""
    await process.reserve(KEY, LIMIT, 5_000)
    process.give_back(KEY, LIMIT, 4_900)
    assert process.remaining(KEY, LIMIT) >= LIMIT - 101
    await process.close()
    assert await stored.left(KEY, LIMIT) >= LIMIT - 101


async def test_whoever_looks_spends_nothing(process: RateBudgets, stored: Budgets) -> None:
    """What is left is what the process holds, and what is in the budget: others may have spent some of that."""
    assert await process.look(KEY, LIMIT) == LIMIT
    await process.reserve(KEY, LIMIT, 100)
    assert await process.look(KEY, LIMIT) >= LIMIT - 100
    await stored.take(KEY, LIMIT, least=2_000, most=2_000)
    assert LIMIT - 2_100 <= await process.look(KEY, LIMIT) <= LIMIT - 500  # It fills by a hundred a second.
    assert process.remaining(KEY, LIMIT) <= LIMIT - 500


async def test_requests_cost_no_commands(watched: tuple[Database, Commands]) -> None:
    """A hundred cheap ones cost one, and so do a hundred that are refused."""
    client, commands = watched
    process = RateBudgets(DatabaseBudgets(client))
    await process.reserve(KEY, LIMIT, 1)
    commands.seen.clear()
    await spend(process, 1, 100)
    assert commands.names == []
    await process.reserve(KEY, LIMIT, LIMIT - 1_000)
    commands.seen.clear()
    for _ in range(100):
        with pytest.raises(RateLimitedError):
            await process.reserve(KEY, LIMIT, 3_000)
    assert len(commands.names) <= 2
    await process.close()


async def test_requests_at_once_take_one_part(watched: tuple[Database, Commands]) -> None:
    """A hundred that begin together wait for one command."""
    client, commands = watched
    process = RateBudgets(DatabaseBudgets(client))
    await asyncio.gather(*(process.reserve(KEY, LIMIT, 1) for _ in range(100)))
    assert commands.names.count("findAndModify") == 2  # The first finds no budget and makes one.
    await process.close()


async def test_what_is_held_of_many_budgets_is_bounded(process: RateBudgets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks from ever new addresses has the oldest parts let go of; everybody is served all the same."""
    monkeypatch.setattr(budgets, "_MAX_LEASES", 3)
    keys = [f"network:{number}" for number in range(10)]
    for key in keys:
        await process.reserve(key, LIMIT, 1)
    assert [key for key in keys if process.remaining(key, LIMIT) < LIMIT] == keys[-3:]
