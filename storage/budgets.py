"""What keeps budgets of units of cost: each is a bucket that fills evenly and holds what it gets in a minute."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

PERIOD = timedelta(minutes=1)
PERIOD_MILLISECONDS = PERIOD // timedelta(milliseconds=1)
KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Taken:
    """How much was taken of a budget, all or nothing of the least that was wanted, and what is left in it."""

    units: int
    left: int


class Budgets(Protocol):
    """Where budgets are; one that nothing was taken of is full. `limit` is in units, as the others are."""

    async def take(self, key: str, limit: int, *, least: int, most: int) -> Taken:
        """Take at least and at most so many units of what gets `limit` a minute, none if there is not the least.

        One command does it, so that no two processes can take the same.
        """
        ...

    async def give_back(self, key: str, limit: int, units: int) -> None:
        """Put units that were not spent back into a budget, which never holds more than a minute's."""
        ...

    async def left(self, key: str, limit: int) -> int:
        """Return how many units are in a budget, and take none."""
        ...

    async def close(self) -> None:
        """Let go of what belongs to these budgets alone."""
        ...
