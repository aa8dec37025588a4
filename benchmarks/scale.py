"""Cases that need a database of their own: large directories, many tenant collections; and memory, and starts.

They are measured on Tenantry and on peer (a), since seeding takes long.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import cases, contenders, worlds
from benchmarks.cases import Case
from benchmarks.comparison import Bench, Results, tell
from benchmarks.contenders import Contender
from benchmarks.figures import median
from benchmarks.processes import Server
from benchmarks.worlds import World

_DIRECTORIES = {"1k": 1_000, "100k": 100_000, "1m": 1_000_000}
_FEW, _MANY = 10, 10_000
_MEMORY_CONNECTIONS, _SLICE_SECONDS = 64, 5
_STARTS, _STEPS = 3, 5

NAMES = ("directory-1k", "directory-100k", "directory-1m", "tenants-10", "tenants-10k", "memory", "starts")
DEFAULT = tuple(name for name in NAMES if name != "directory-1m")


def directory(bench: Bench, chosen: Sequence[Contender], size: str) -> tuple[Results, dict[str, str]]:
    """Measure the first page of a directory of this size and one behind nine tenths of it, over one connection."""
    measured = [
        Case(f"directory-{size}-first", f"first page of {_DIRECTORIES[size]:,}", 1, cases.first_pages, patient=True),
        Case(f"directory-{size}-deep", f"deep page of {_DIRECTORIES[size]:,}", 1, cases.deep_pages, patient=True),
    ]
    return _staged(bench, chosen, measured, stage=size, organizations=_DIRECTORIES[size], stores=False)


def tenants(bench: Bench, chosen: Sequence[Contender], size: str) -> tuple[Results, dict[str, str]]:
    """Measure sign-ups, and documents of one tenant, among so many organizations that have collections."""
    organizations = {"10": _FEW, "10k": _MANY}[size]
    among = f"among {organizations:,} organizations with collections"
    measured = [
        Case(f"sign-up-{size}", f"sign-up {among}", 1, cases.sign_ups, repeatable=False, patient=True),
        Case(f"document-read-{size}", f"document, read {among}", 16, cases.document_reads),
        Case(f"document-create-{size}", f"document, create {among}", 8, cases.document_creations),
    ]
    return _staged(bench, chosen, measured, stage=size, organizations=organizations, stores=True)


def _staged(
    bench: Bench, chosen: Sequence[Contender], measured: Sequence[Case], *, stage: str, organizations: int, stores: bool
) -> tuple[Results, dict[str, str]]:
    results: Results = {case.name: {} for case in measured}
    for contender in chosen:
        with worlds.prepared(
            contender, bench.database, bench.folder, stage=stage, organizations=organizations, stores=stores
        ) as world:
            for case in measured:
                rounds = [bench.measure(world, case) for _ in range(bench.rounds)]
                results[case.name][contender.key] = median(rounds)
        tell(f"{contender.title} with {organizations:,} organizations")
    return results, {case.name: case.title for case in measured}


def memory(bench: Bench, at_work: Sequence[World], requests: int) -> dict[str, list[tuple[int, float]]]:
    """Return the resident memory of each server in MiB, started anew, after more and more point reads: five steps."""
    case = Case("memory", "point reads", _MEMORY_CONNECTIONS, cases.point_reads)
    found: dict[str, list[tuple[int, float]]] = {}
    for world in at_work:
        name = world.contender.database("core")
        with worlds.started(world.contender, bench.database.uri, name, bench.folder) as server:
            anew = replace(world, server=server)
            steps = [(0, server.mebibytes())]
            while steps[-1][0] < requests:
                done = steps[-1][0] + _at_least(bench, anew, case, requests // _STEPS)
                steps.append((done, server.mebibytes()))
            found[world.contender.title] = steps
        tell(f"{world.contender.title} after {requests:,} requests")
    return found


def _at_least(bench: Bench, world: World, case: Case, requests: int) -> int:
    done = 0
    while done < requests:
        done += round(bench.measure(world, case, _SLICE_SECONDS).rate * _SLICE_SECONDS)
    return done


def starts(bench: Bench, at_work: Sequence[World]) -> dict[str, float]:
    """Return the seconds from start to first answer: each server alone, and Tenantry with its own database.

    All have started before, so that keys and indexes are there.
    """
    found = {}
    for world in at_work:
        start = partial(world.contender.start, bench.database.uri, world.contender.database("core"), bench.folder)
        found[f"{world.contender.title}, alone"] = statistics.median(_seconds_to_answer(start) for _ in range(_STARTS))
    start = partial(contenders.start_with_database, bench.folder)
    _seconds_to_answer(start)
    found["Tenantry and its embedded database"] = statistics.median(_seconds_to_answer(start) for _ in range(_STARTS))
    return found


def _seconds_to_answer(start: Callable[[], Server]) -> float:
    server = start()
    try:
        return server.until_it_answers()
    finally:
        server.stop()
