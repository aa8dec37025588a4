"""Compare Tenantry with its peers. Run: `make bench`, or `python -m benchmarks --help`.

Two minutes: `python -m benchmarks --cases point-read-16,page --rounds 1 --seconds 1 --peers a`.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import agreement, cases, comparison, contenders, database, floors, processes, scale, targets
from benchmarks.cases import Case
from benchmarks.comparison import Bench, tell
from benchmarks.contenders import CHECKOUT, Contender
from benchmarks.report import Report
from benchmarks.worlds import World

_FLOORS = "floors"
_ORGANIZATIONS = 1_000
_LARGE_PEERS = {"tenantry", "a"}


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    names = [case.name for case in cases.ALL]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = f"of {', '.join([*names, *scale.NAMES, _FLOORS])}; a beginning stands for all that begin so"
    default = ",".join([*names, *scale.DEFAULT, _FLOORS])
    parser.add_argument("--cases", default=default, help=f"{given}; all but directory-1m unless given")
    parser.add_argument("--peers", default="a,b,c,d,e", help="which peers, of a, b, c, d, e")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each case; figures are medians")
    parser.add_argument("--seconds", type=int, default=2, help="how long a case is measured on a server in a round")
    parser.add_argument("--memory-requests", type=int, default=50_000, help="after how many memory is looked at")
    parser.add_argument("--no-pinning", action="store_true", help="leave processors to the kernel")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "docs" / "benchmarks", help="where the report goes")
    return parser.parse_args()


def servers(peers: str) -> tuple[list[Contender], list[str]]:
    """Return those that can run here, their packages installed, and why others cannot."""
    keys = {"tenantry", *peers.split(",")}
    wanted = [contender for contender in contenders.ALL if contender.key in keys]
    missing = {contender.key: reason for contender in wanted if (reason := contender.missing())}
    present = [contender for contender in wanted if contender.key not in missing]
    for contender in present:
        contender.install()
    return present, list(missing.values())


def selection(names: str) -> Callable[[str], bool]:
    """Return whether a case was asked for: by its name, or by a beginning of it."""
    wanted = tuple(name.strip() for name in names.split(",") if name.strip())
    return lambda name: any(name == one or name.startswith(f"{one}-") for one in wanted)


def measure_core(bench: Bench, at_work: Sequence[World], report: Report, chosen: Sequence[Case]) -> None:
    """Measure all that needs no more than a thousand organizations, and count commands."""
    agreement.check(at_work)
    tell("All say the same.")
    for world in at_work:
        world.server.hold()
    report.results |= comparison.run(bench, at_work, chosen)
    report.cases |= {case.name: case.title for case in chosen}
    for world in at_work:
        counts = comparison.count(bench, chosen, world)
        comparison.with_commands(report.results, world.contender.key, counts)


def measure_scale(bench: Bench, present: Sequence[Contender], report: Report, wanted: Callable[[str], bool]) -> None:
    """Measure what needs databases of its own."""
    large = [contender for contender in present if contender.key in _LARGE_PEERS]
    for name in filter(wanted, scale.NAMES):
        kind, _, size = name.partition("-")
        if kind == "directory":
            results, titles = scale.directory(bench, large, size)
        elif kind == "tenants":
            results, titles = scale.tenants(bench, large, size)
        else:
            continue
        report.results |= results
        report.cases |= titles


def run(given: argparse.Namespace, bench: Bench, present: Sequence[Contender], report: Report) -> None:
    """Measure what was asked for."""
    wanted = selection(given.cases)
    chosen = [case for case in cases.ALL if wanted(case.name)]
    if chosen or wanted("memory") or wanted("starts") or wanted(_FLOORS):
        with comparison.at_work(bench, present, _ORGANIZATIONS) as at_work:
            measure_core(bench, at_work, report, chosen)
            ours = at_work[0]
            if wanted(_FLOORS):
                report.floors = floors.measured(bench, contenders.ALL[0].database("core"))
            if wanted("memory"):
                large = [world for world in at_work if world.contender.key in _LARGE_PEERS]
                report.memory = scale.memory(bench, large, given.memory_requests)
            if wanted("starts"):
                report.starts = scale.starts(bench, [ours])
    measure_scale(bench, present, report, wanted)


def main() -> None:
    """Write the report, and print it."""
    processes.end_on_request()
    given = arguments()
    present, left_out = servers(given.peers)
    for line in left_out:
        tell(line)
    with database.shared() as shared, tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        bench = Bench(shared, Path(folder), given.rounds, given.seconds)
        bench = bench if given.no_pinning else bench.pinned()
        titles = {one.key: one.title if one.is_ours else f"({one.key}) {one.title}" for one in present}
        report = Report(shared.title, bench.described(), titles, left_out=left_out)
        run(given, bench, present, report)
    report.write(given.output)
    tell(report.markdown())
    for target in targets.of(report.results):
        if target.is_kept is False:
            tell(f"Missed: {target.title}.")


if __name__ == "__main__":
    main()
