"""Killing servers and databases in the middle of moves: nothing acknowledged is lost, nothing is left behind.

`--kills` says how many kills there are: 10 unless given, 20 in CI, 500 and more with `make soak`.
"""

import itertools
import random
import secrets

import pytest

from storage.placements import StoreStrategy
from tests.e2e import fire, process
from tests.e2e.conftest import FolderMaker
from tests.e2e.fire import Battle, Victim

# A rename, then each strategy from each other one and back.
_GOALS: list[StoreStrategy | None] = [
    None,
    StoreStrategy.DATABASE,
    None,
    StoreStrategy.SHARED,
    None,
    StoreStrategy.DATABASE,
    StoreStrategy.COLLECTION,
    StoreStrategy.SHARED,
    StoreStrategy.COLLECTION,
]


@pytest.mark.timeout(900)
async def test_no_kill_loses_a_write(make_used_folder: FolderMaker, kills: int, battle_number: int) -> None:
    """After every kill each acknowledged write is there once, and the organization is wholly old or wholly new."""
    seed = secrets.randbelow(1_000_000)
    process.show(f"seed {seed}")
    moment = random.Random(seed)
    battle = Battle(make_used_folder(), moment)
    goals = itertools.cycle(_GOALS[battle_number % len(_GOALS) :] + _GOALS[: battle_number % len(_GOALS)])
    victims = itertools.cycle(moment.sample(list(Victim), len(Victim)))
    done = 0
    while done < kills:
        async with fire.serving(battle) as server:
            while done < kills:
                victim = next(victims)
                await fire.fight(battle, server, next(goals), victim)
                done += 1
                if victim is not Victim.DATABASE:
                    break
                await fire.check(battle)
    async with fire.serving(battle):
        pass
    process.show(f"{battle.ledger.acknowledged} acknowledged, {battle.ledger.uncertain} uncertain, {battle.kills}")
    assert battle.ledger.acknowledged > kills
