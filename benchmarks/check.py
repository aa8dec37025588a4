"""The guard against getting slower: ratios to peer (a), commands and function calls. Run: `make bench-check`.

What is expected stands in `expectations.json`, with generous margins for what a busy machine can move; `--write` writes
the counts of this run into it, and leaves the ratios.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import agreement, calls, cases, comparison, contenders, database, processes
from benchmarks.calls import Cases
from benchmarks.comparison import Bench, Results, tell
from benchmarks.worlds import World

EXPECTATIONS = Path(__file__).parent / "expectations.json"

TIMED = ("point-read-16", "page")
COUNTED = ("point-read-1", "point-read-64", "page", "viewer", "document-create", "document-read", "document-page")
_ORGANIZATIONS = 1_000
Counts = Mapping[str, float]
Expectations = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is compared with what is expected, each by the name of its case."""

    rates: Counts
    processor: Counts
    commands: Counts
    calls: Counts


def regressions(measured: Measured, expected: Expectations) -> Iterator[str]:
    """Yield a line for each figure that is worse than it may be.

    Ratios are bounds themselves; counts may be passed by a share, `margins`, and commands by a part of one, since
    others than requests send some, too.
    """
    for case, least in expected["least_requests_a_second_to_a"].items():
        if measured.rates[case] < least:
            yield f"{case}: {measured.rates[case]:.2f} times the requests/s of (a), at least {least} are expected."
    for case, most in expected["most_processor_time_to_a"].items():
        if measured.processor[case] > most:
            yield f"{case}: {measured.processor[case]:.2f} times the processor time of (a), {most} may be."
    for what, found in (("commands", measured.commands), ("calls", measured.calls)):
        for case, count in expected[what].items():
            most = count * (1 + expected["margins"][what]) + expected["slack"][what]
            if found[case] > most:
                yield f"{case}: {found[case]:.1f} {what} a request, {count:.1f} are expected (at most {most:.1f})."


def operations(world: World) -> Cases:
    """Return one call of each case whose function calls are counted."""
    chosen = [case for case in cases.ALL if case.name in COUNTED and case.connections <= 16]
    return {case.name: case.calls(world, 1)[0] for case in chosen}


def measure(bench: Bench) -> Measured:
    """Measure Tenantry and peer (a)."""
    present = [contender for contender in contenders.ALL if contender.key in {"tenantry", "a"}]
    with comparison.at_work(bench, present, _ORGANIZATIONS) as at_work:
        agreement.check(at_work)
        for world in at_work:
            world.server.hold()
        results = comparison.run(bench, at_work, [case for case in cases.ALL if case.name in TIMED])
        ours = at_work[0]
        counted = comparison.count(bench, [case for case in cases.ALL if case.name in COUNTED], ours)
        in_process = calls.a_request(ours, bench.database.uri, operations, bench.folder)
    return Measured(_to_a(results, "rate"), _to_a(results, "processor"), counted, in_process)


def _to_a(results: Results, name: str) -> Counts:
    return {case: getattr(servers["tenantry"], name) / getattr(servers["a"], name) for case, servers in results.items()}


def write(measured: Measured, expected: Expectations) -> None:
    """Write the counts down as what is expected from now on."""
    counts = {name: dict(sorted(getattr(measured, name).items())) for name in ("commands", "calls")}
    EXPECTATIONS.write_text(json.dumps({**expected, **counts}, indent=2) + "\n")


def main() -> None:
    """Print one line a regression, and fail if there is any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="expect from now on what is counted in this run")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of what is timed")
    parser.add_argument("--seconds", type=int, default=2, help="how long each of them is")
    given = parser.parse_args()
    processes.end_on_request()
    expected = json.loads(EXPECTATIONS.read_text())
    with database.shared() as shared, tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        measured = measure(Bench(shared, Path(folder), given.rounds, given.seconds).pinned())
    tell(json.dumps({name: getattr(measured, name) for name in Measured.__slots__}, indent=2))
    if given.write:
        write(measured, expected)
        return
    found = list(regressions(measured, expected))
    tell("\n".join(found) or "Nothing has become slower than expected.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
