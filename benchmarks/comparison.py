"""The comparison: rounds of all cases on all servers, by turns, one server at work at a time on the same database."""

import contextlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import cases, counting_proxy, worlds
from benchmarks.cases import Case
from benchmarks.contenders import Contender
from benchmarks.database import SharedDatabase
from benchmarks.figures import Figures, median
from benchmarks.load import Generator, Load
from benchmarks.worlds import World

Results = dict[str, dict[str, Figures]]
"""The figures of each case, by the key of the server."""

_COUNTED, _COUNTED_SLOW = 240, 24
_IDLE_SECONDS, _IDLE_ATTEMPTS, _IDLE_RATE = 2.0, 60, 5.0
_LONG_SECONDS = 600
_FLOOD_LEAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how measurements are made.

    With two processors or more the server has the first for itself; the database and the load share the others.
    """

    database: SharedDatabase
    folder: Path
    rounds: int
    seconds: int
    generator: Generator = field(default_factory=Generator)
    server_processors: Sequence[int] | None = None

    def pinned(self) -> "Bench":
        """Return the same with processors assigned, those of the database at once."""
        first, *others = sorted(os.sched_getaffinity(0))
        if not others:
            return self
        if self.database.group is not None:
            self.database.group.pin(others)
        return replace(self, generator=replace(self.generator, processors=others), server_processors=[first])

    def described(self) -> str:
        """Return how things are measured."""
        share = (
            ""
            if self.server_processors is None
            else (" The server has one processor for itself; the database and the load share the others.")
        )
        return f"one worker, rounds of {self.seconds} s: {self.rounds}, servers by turns.{share}"

    def measure(self, world: World, case: Case, seconds: int | None = None) -> Figures:
        """Measure one case on one server, which is held before and afterwards."""
        seconds = self.seconds if seconds is None else seconds
        world.server.release()
        try:
            if self.server_processors is not None:
                world.server.pin(self.server_processors)
            with self._flooded(world, case.flood, seconds):
                calls = case.calls(world, seconds)
                before, database_before = world.server.seconds(), self.database_seconds()
                generate = self.generator.patiently if case.patient else self.generator.run
                load = generate(world.server, calls, case.connections, seconds)
                used, database_used = world.server.seconds() - before, self.database_seconds() - database_before
            return _figures(load, used, database_used, world.server.mebibytes())
        finally:
            world.server.until_idle()
            world.server.hold()

    @contextlib.contextmanager
    def _flooded(self, world: World, connections: int, seconds: int) -> Iterator[None]:
        if not connections:
            yield
            return
        lasting = seconds + int(_FLOOD_LEAD_SECONDS) + 1
        with self.generator.running(world.server, cases.logins(world, lasting), connections, lasting):
            time.sleep(_FLOOD_LEAD_SECONDS)
            yield

    def database_seconds(self) -> float:
        """Return the processor time that the database has taken so far, 0 if it is not one of ours."""
        return 0.0 if self.database.group is None else self.database.group.seconds()


def _figures(load: Load, used: float, database_used: float, memory: float) -> Figures:
    requests = max(load.requests, 1)
    return Figures(
        rate=load.requests / load.seconds,
        p50=load.p50,
        p99=load.p99,
        processor=used / requests * 1e6,
        database=database_used / requests * 1e6,
        memory=memory,
        errors=load.errors,
    )


def run(bench: Bench, at_work: Sequence[World], chosen: Sequence[Case]) -> Results:
    """Run all rounds, each server first in turn; return medians."""
    found: dict[str, dict[str, list[Figures]]] = {case.name: {} for case in chosen}
    for number in range(bench.rounds):
        for case in chosen:
            for world in _from(at_work, number):
                if number == 0 and case.repeatable and not case.flood:
                    bench.measure(world, case, 1)  # What the first requests alone have to do is not timed.
                found[case.name].setdefault(world.contender.key, []).append(bench.measure(world, case))
        tell(f"round {number + 1} of {bench.rounds}")
    return {case: {key: median(rounds) for key, rounds in servers.items()} for case, servers in found.items()}


def _from(at_work: Sequence[World], number: int) -> list[World]:
    first = number % len(at_work)
    return [*at_work[first:], *at_work[:first]]


def count(bench: Bench, chosen: Sequence[Case], world: World) -> dict[str, float]:
    """Return the database commands a request of each case, from a run of its own through a proxy that counts."""
    with counting_proxy.running(*bench.database.address) as proxy:
        uri = bench.database.uri_through(proxy.port)
        name = world.contender.database("core")
        with worlds.started(world.contender, uri, name, bench.folder) as server:
            counted = replace(world, server=server)
            background = _idle_rate(proxy)
            return {case.name: _count(bench, case, counted, proxy, background) for case in chosen if not case.flood}


def _idle_rate(proxy: counting_proxy.CountingProxy) -> float:
    """Return how many commands a second it sends that nobody asked for, when it has caught up: mails are sent late."""
    rate = math.inf
    for _ in range(_IDLE_ATTEMPTS):
        before = proxy.commands.total()
        time.sleep(_IDLE_SECONDS)
        rate = (proxy.commands.total() - before) / _IDLE_SECONDS
        if rate < _IDLE_RATE:
            break
    return rate


def _count(bench: Bench, case: Case, world: World, proxy: counting_proxy.CountingProxy, background: float) -> float:
    requests = _COUNTED if not case.patient else _COUNTED_SLOW
    calls = case.calls(world, 1)
    bench.generator.patiently(world.server, calls, case.connections, _LONG_SECONDS, case.connections)
    calls = case.calls(world, 1)
    before = proxy.commands.total()
    load = bench.generator.patiently(world.server, calls, case.connections, _LONG_SECONDS, requests)
    if load.errors:
        tell(f"{world.contender.title}, {case.title}: {load.errors} of {load.requests} requests failed while counted.")
    commands = proxy.commands.total() - before - background * load.seconds
    return round(max(commands, 0.0) / load.requests, 2)


def with_commands(results: Results, key: str, counts: dict[str, float]) -> None:
    """Add what was counted."""
    for case, commands in counts.items():
        results[case][key] = replace(results[case][key], commands=commands)


@contextlib.contextmanager
def at_work(bench: Bench, contenders: Sequence[Contender], organizations: int) -> Iterator[list[World]]:
    """Have all servers ready on their seeded databases, and held."""
    with contextlib.ExitStack() as stack:
        found = []
        for contender in contenders:
            prepared = worlds.prepared(
                contender, bench.database, bench.folder, stage="core", organizations=organizations
            )
            found.append(stack.enter_context(prepared))
            tell(f"{contender.title} is ready")
        yield found


def tell(what: str) -> None:
    """Say on the terminal how far it is."""
    print(what, flush=True)  # noqa: T201 - a command
