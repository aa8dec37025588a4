"""The targets of the comparison, and whether they are kept."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.comparison import Results
from benchmarks.figures import Figures, ratio

_OURS = "tenantry"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to be: at least or at most so much; `found` is None where it was not measured."""

    title: str
    found: float | None
    wanted: float
    at_least: bool

    @property
    def is_kept(self) -> bool | None:
        """Whether it is kept."""
        if self.found is None:
            return None
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted


def of(results: Results) -> Iterator[Target]:
    """Yield the targets with what was measured."""
    for case in ("point-read-16", "point-read-64"):
        for peer in "ad":
            yield Target(f"{case}: requests/s, to ({peer})", _between(results, case, "rate", peer), 1.2, at_least=True)
        yield Target(f"{case}: processor time, to (a)", _between(results, case, "processor", "a"), 0.8, at_least=False)
        yield Target(f"{case}: p99, to (a)", _between(results, case, "p99", "a"), 0.9, at_least=False)
    page = _ours(results, "page")
    yield Target("page: database commands", None if page is None else page.commands, 4, at_least=False)
    yield Target("page: requests/s, to (b)", _between(results, "page", "rate", "b"), 2, at_least=True)
    flood = _within(results, "flood", "point-read-1", "p99")
    yield Target("flood: p99, to that idle", flood, 3, at_least=False)
    deep = _within(results, "directory-1m-deep", "directory-1k-first", "p50")
    yield Target("deep page of 1M, to the first of 1k (not on the embedded database)", deep, 1.3, at_least=False)
    sign_up = _within(results, "sign-up-10k", "sign-up-10", "p50")
    yield Target("sign-up among 10,000 organizations, to among 10", sign_up, 1.3, at_least=False)


def _ours(results: Results, case: str) -> Figures | None:
    return results.get(case, {}).get(_OURS)


def _between(results: Results, case: str, name: str, peer: str) -> float | None:
    ours, theirs = _ours(results, case), results.get(case, {}).get(peer)
    return None if ours is None or theirs is None else ratio(getattr(ours, name), getattr(theirs, name))


def _within(results: Results, case: str, base: str, name: str) -> float | None:
    one, other = _ours(results, case), _ours(results, base)
    return None if one is None or other is None else ratio(getattr(one, name), getattr(other, name))
