"""The report's tables."""

from benchmarks import tables
from benchmarks.figures import Figures

_OURS = Figures(rate=1500, p50=1, p99=6, processor=500, database=0, memory=80.4, commands=1.5)
_PEER = Figures(rate=1000, p50=2, p99=12, processor=1000, database=0, memory=60, errors=3, commands=3)


def test_each_peer_has_our_ratios_in_its_row() -> None:
    """Ratios are ours to theirs, our own row has none, and errors stand beside the name."""
    text = tables.comparison({"tenantry": _OURS, "a": _PEER}, {"tenantry": "Tenantry", "a": "FastAPI"}, "tenantry")
    ours, peer = text.splitlines()[2:]
    assert ours == "| Tenantry | 1,500 | 1.00 | 6.00 | 500 |  | 1.50 | 80.4 |"
    shown = ["FastAPI (3 errors)", "1,000 (1.50x)", "2.00 (0.50x)", "12.0 (0.50x)", "1,000 (0.50x)", "", "3.00 (0.50x)"]
    assert peer == f"| {' | '.join([*shown, '60.0 (1.34x)'])} |"


def test_numbers_have_three_digits_that_count() -> None:
    """Large ones are whole, and what was not measured is empty."""
    assert [tables.number(value) for value in (12345.6, 45.67, 1.234, None)] == ["12,346", "45.7", "1.23", ""]
