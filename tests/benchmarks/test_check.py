"""The guard against regressions."""

import json

from benchmarks import check
from benchmarks.check import Measured

_EXPECTED = {
    "least_requests_a_second_to_a": {"page": 0.5},
    "most_processor_time_to_a": {"page": 2.0},
    "margins": {"calls": 0.1, "commands": 0.0},
    "slack": {"calls": 0, "commands": 0.5},
    "commands": {"page": 4.0},
    "calls": {"page": 100.0},
}


def _measured(rate: float, processor: float, commands: float, calls: float) -> Measured:
    return Measured({"page": rate}, {"page": processor}, {"page": commands}, {"page": calls})


def test_what_is_within_its_margin_is_no_regression() -> None:
    """Bounds themselves are kept, and better is better."""
    assert list(check.regressions(_measured(0.5, 2.0, 4.5, 110), _EXPECTED)) == []
    assert list(check.regressions(_measured(5, 0.1, 1, 10), _EXPECTED)) == []


def test_each_regression_is_one_line() -> None:
    """All are told, each with its case and both figures."""
    lines = list(check.regressions(_measured(0.4, 2.5, 4.6, 111), _EXPECTED))
    assert [line.count("\n") for line in lines] == [0] * 4
    assert all(line.startswith("page: ") for line in lines)
    assert "111.0 calls a request, 100.0 are expected (at most 110.0)" in lines[3]


def test_expectations_name_every_case_that_is_counted() -> None:
    """No case is counted and compared with nothing."""
    expected = json.loads(check.EXPECTATIONS.read_text())
    assert set(expected["commands"]) == set(check.COUNTED)
    assert set(expected["calls"]) == set(check.COUNTED) - {"point-read-64"}
    assert (
        set(expected["least_requests_a_second_to_a"]) == set(expected["most_processor_time_to_a"]) == set(check.TIMED)
    )
