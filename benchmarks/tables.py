"""The report as Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.figures import Figures, ratio

_COLUMNS = {
    "requests/s": "rate",
    "p50 ms": "p50",
    "p99 ms": "p99",
    "µs a request": "processor",
    "database µs": "database",
    "commands": "commands",
    "MiB": "memory",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, its first column to the left and all others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def comparison(servers: Mapping[str, Figures], titles: Mapping[str, str], ours: str) -> str:
    """Return the table of one case: a row a server; behind each figure of a peer, how many times that ours is."""
    rows = []
    for key, figures in servers.items():
        mine = None if key == ours else servers.get(ours)
        rows.append([titles[key] + _failed(figures), *(_cell(name, figures, mine) for name in _COLUMNS.values())])
    return table(["", *_COLUMNS], rows)


def number(value: float | None) -> str:
    """Return a figure with as many digits as it is worth: three that count, or all before the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(value: float | None) -> str:
    """Return a ratio."""
    return "" if value is None else f"{value:.2f}x"


def _cell(name: str, figures: Figures, ours: Figures | None) -> str:
    value, own = getattr(figures, name), None if ours is None else getattr(ours, name)
    if not value:
        return number(value) if name in {"rate", "commands"} else ""
    return number(value) if own is None else f"{number(value)} ({times(ratio(own, value))})"


def _failed(figures: Figures) -> str:
    return f" ({figures.errors:.0f} errors)" if figures.errors else ""
