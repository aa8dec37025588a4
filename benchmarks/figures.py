"""Figures: percentiles, medians over rounds, ratios."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of all values does not exceed; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round of one case says of one server, or the medians of rounds.

    Latencies in milliseconds, processor time in microseconds a request, memory in MiB.
    """

    rate: float
    p50: float
    p99: float
    processor: float
    database: float
    memory: float
    errors: float = 0.0
    commands: float | None = None


def median(rounds: Sequence[Figures]) -> Figures:
    """Return the median of each figure; of errors, all, since one is too many. Commands are counted once."""
    names = [field.name for field in fields(Figures) if field.name not in {"errors", "commands"}]
    medians = {name: statistics.median(getattr(one, name) for one in rounds) for name in names}
    return Figures(**medians, errors=sum(one.errors for one in rounds), commands=rounds[0].commands)


def ratio(ours: float, theirs: float) -> float | None:
    """Return how many times theirs ours is; None where there is nothing to compare with."""
    return ours / theirs if theirs else None
