"""Percentiles, medians over rounds, ratios."""

from benchmarks.figures import Figures, median, percentile, ratio


def _round(rate: float, *, errors: float = 0) -> Figures:
    return Figures(rate=rate, p50=1, p99=rate / 10, processor=2, database=3, memory=4, errors=errors)


def test_percentile_is_a_value_that_was_measured() -> None:
    """The share counts from the least; the last value stands for the whole, and nothing for nothing."""
    ordered = [float(value) for value in range(1, 101)]
    assert [percentile(ordered, share) for share in (0, 0.5, 0.99, 1)] == [1, 51, 100, 100]
    assert percentile([], 0.5) == 0


def test_each_figure_has_a_median_of_its_own_and_errors_add_up() -> None:
    """One round that was disturbed changes nothing; one error in any round is not forgotten."""
    found = median([_round(100), _round(1, errors=2), _round(110, errors=1)])
    assert (found.rate, found.p99, found.errors) == (100, 10, 3)


def test_ratio_to_nothing_is_none() -> None:
    """What was not measured is not infinitely slower."""
    assert ratio(3, 2) == 1.5
    assert ratio(3, 0) is None
