"""Budgets in the database and in Redis: the same promises, whatever the place."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from storage.budgets import Budgets
from tests.budget_places import PLACES, Place

pytestmark = pytest.mark.parametrize("place", PLACES, indirect=True)

LIMIT = 6_000
KEY = "organization"


@pytest.fixture
async def budgets(place: Place) -> AsyncIterator[Budgets]:
    """The budgets, as one process has them."""
    own = place.budgets()
    yield own
    await own.close()


async def test_new_budget_is_full(budgets: Budgets) -> None:
    """Who has spent nothing has a minute's units."""
    assert await budgets.left(KEY, LIMIT) == LIMIT
    taken = await budgets.take(KEY, LIMIT, least=1_000, most=2_000)
    assert (taken.units, taken.left) == (2_000, LIMIT - 2_000)


async def test_least_is_all_or_nothing(budgets: Budgets) -> None:
    """Who wants more than there is gets none, and takes nothing away from those who want less."""
    await budgets.take(KEY, LIMIT, least=5_000, most=5_000)
    assert (await budgets.take(KEY, LIMIT, least=2_000, most=3_000)).units == 0
    assert 1_000 <= (await budgets.take(KEY, LIMIT, least=500, most=3_000)).units <= 1_100


async def test_no_two_take_the_same(place: Place) -> None:
    """Of many who take at once, as many get something as there are units for."""
    processes = [place.budgets() for _ in range(4)]
    wanted = [process.take(KEY, LIMIT, least=500, most=500) for process in processes for _ in range(10)]
    assert sum(taken.units for taken in await asyncio.gather(*wanted)) == LIMIT
    for process in processes:
        await process.close()


async def test_budget_fills_evenly_and_holds_a_minute(place: Place, budgets: Budgets) -> None:
    """A tenth in six seconds; after an hour as much as after a minute."""
    await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)
    await place.set_back(KEY, timedelta(seconds=6))
    assert 600 <= await budgets.left(KEY, LIMIT) <= 700
    assert 600 <= (await budgets.take(KEY, LIMIT, least=600, most=10_000)).units <= 800
    await place.set_back(KEY, timedelta(hours=1))
    assert await budgets.left(KEY, LIMIT) == LIMIT
    assert (await budgets.take(KEY, LIMIT, least=1, most=10_000)).units == LIMIT


async def test_clock_that_lags_fills_nothing(place: Place, budgets: Budgets) -> None:
    """Nor does it empty anything."""
    await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)
    await place.set_back(KEY, -timedelta(minutes=10))
    assert (await budgets.take(KEY, LIMIT, least=1, most=LIMIT)).units == 0
    assert await budgets.left(KEY, LIMIT) == 0


async def test_what_is_given_back_is_there(budgets: Budgets) -> None:
    """But never more than a minute's."""
    await budgets.take(KEY, LIMIT, least=5_000, most=5_000)
    await budgets.give_back(KEY, LIMIT, 3_000)
    assert 4_000 <= await budgets.left(KEY, LIMIT) <= 4_100
    await budgets.give_back(KEY, LIMIT, 3_000)
    assert await budgets.left(KEY, LIMIT) == LIMIT


async def test_budgets_are_apart(budgets: Budgets) -> None:
    """What one has spent is nothing to another."""
    await budgets.take(KEY, LIMIT, least=LIMIT, most=LIMIT)
    assert (await budgets.take("another", LIMIT, least=LIMIT, most=LIMIT)).units == LIMIT
