"""What is written into `docs/benchmarks/`: tables and pictures."""

import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks import load, plots, tables, targets
from benchmarks.comparison import Results
from benchmarks.figures import Figures

_PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "motor", "fastapi", "ariadne", "bcrypt")
_PICTURES = {"rate": "Requests a second", "p99": "p99 in milliseconds", "processor": "Processor time, µs a request"}
_COLUMNS = (
    'Each figure is the median of the rounds. "µs a request" is processor time of all processes of a server, '
    '"database µs" that of the database; "commands" are database commands a request, counted in a run of their own. '
    "Behind a peer's figure stands Tenantry's divided by it: above one is better for requests, below one for all else."
)


@dataclass
class Report:
    """All that was measured."""

    database: str
    how: str
    titles: Mapping[str, str]
    cases: dict[str, str] = field(default_factory=dict)
    results: Results = field(default_factory=dict)
    floors: Sequence[tuple[str, float, float]] = ()
    memory: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the report."""
        parts = [
            "# Tenantry beside its peers",
            f"`{shlex.join(['python', '-m', 'benchmarks', *sys.argv[1:]])}`, {self.how} {self.left_out_line()}".strip(),
            f"{_machine()}; {self.database}; {_versions()}.",
            _COLUMNS,
            *self._targets(),
            *(f"## {self.cases[case]}\n\n{self._table(case)}" for case in self.results),
            *self._floors(),
            *self._memory(),
            *self._starts(),
        ]
        return "\n\n".join(parts) + "\n"

    def left_out_line(self) -> str:
        """Return who was left out, and why."""
        return " ".join(self.left_out)

    def pictures(self) -> dict[str, str]:
        """Return the pictures, by their names."""
        return {f"{name}.svg": plots.bars(title, self._panels(name)) for name, title in _PICTURES.items()}

    def write(self, folder: Path) -> None:
        """Write all of it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in self.pictures().items():
            (folder / f"comparison-{name}").write_text(picture)
        shown = "\n\n".join(f"![{title}](comparison-{name}.svg)" for name, title in _PICTURES.items())
        (folder / "comparison.md").write_text(f"{self.markdown()}\n{shown}\n")

    def _table(self, case: str) -> str:
        return tables.comparison(self.results[case], self.titles, "tenantry")

    def _panels(self, name: str) -> dict[str, dict[str, float]]:
        def values(servers: Mapping[str, Figures]) -> dict[str, float]:
            return {self.titles[key]: getattr(figures, name) for key, figures in servers.items()}

        return {self.cases[case]: values(servers) for case, servers in self.results.items()}

    def _targets(self) -> list[str]:
        rows = [
            [target.title, tables.number(target.found), f"{'≥' if target.at_least else '≤'} {target.wanted}", kept]
            for target in targets.of(self.results)
            if (kept := {True: "kept", False: "missed", None: ""}[target.is_kept])
        ]
        return ["## Targets\n\n" + tables.table(["", "measured", "target", ""], rows)] if rows else []

    def _floors(self) -> list[str]:
        rows = [[what, tables.number(rate), tables.number(used)] for what, rate, used in self.floors]
        head = ["", "a second", "µs each"]
        return ["## What nothing can be quicker than here\n\n" + tables.table(head, rows)] if rows else []

    def _memory(self) -> list[str]:
        rows = [
            [title, *(f"{mebibytes:.0f} MiB after {requests:,}" for requests, mebibytes in steps)]
            for title, steps in self.memory.items()
        ]
        head = [""] * max((len(row) for row in rows), default=0)
        return ["## Memory after point reads over 64 connections\n\n" + tables.table(head, rows)] if rows else []

    def _starts(self) -> list[str]:
        rows = [[what, f"{seconds:.2f} s"] for what, seconds in self.starts.items()]
        return ["## From start to first answer\n\n" + tables.table(["", "median of 3"], rows)] if rows else []


def _machine() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return f"{len(names) or 1} processors, {processor}, {system}, Python {platform.python_version()}"


def _versions() -> str:
    found = [f"{package} {version(package)}" for package in _PACKAGES]
    if shutil.which("node"):
        node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)  # noqa: S607 - whichever is there
        found.append(f"Node {node.stdout.strip()}")
    return ", ".join([*found, "load by wrk" if load.WRK else "load by benchmarks/generator.py"])
