"""The report as Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.figures import Figures, ratio

_FIGURES = ("requests/s", "p50 ms", "p99 ms", "µs a request", "database µs", "commands", "MiB")
_RATIOS = ("Tenantry's requests/s", "p99", "µs")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, its first column to the left and all others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def comparison(servers: Mapping[str, Figures], titles: Mapping[str, str], ours: str) -> str:
    """Return the table of one case: a row a server, and what Tenantry's figures are of each peer's."""
    rows = []
    for key, figures in servers.items():
        against = [""] * 3 if key == ours or ours not in servers else _ratios(servers[ours], figures)
        rows.append([titles[key] + _failed(figures), *_shown(figures), *against])
    return table(["", *_FIGURES, *_RATIOS], rows)


def number(value: float | None) -> str:
    """Return a figure with as many digits as it is worth: three that count, or all before the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(value: float | None) -> str:
    """Return a ratio."""
    return "" if value is None else f"{value:.2f}x"


def _shown(figures: Figures) -> list[str]:
    found = (figures.rate, figures.p50, figures.p99, figures.processor, figures.database or None, figures.commands)
    return [*map(number, found), f"{figures.memory:.0f}"]


def _ratios(ours: Figures, theirs: Figures) -> list[str]:
    pairs = ((ours.rate, theirs.rate), (ours.p99, theirs.p99), (ours.processor, theirs.processor))
    return [times(ratio(*pair)) for pair in pairs]


def _failed(figures: Figures) -> str:
    return f" ({figures.errors:.0f} errors)" if figures.errors else ""
