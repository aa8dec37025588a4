"""Where the processor time of a request goes, by part. Run: `python -m benchmarks.profile`.

The application runs in this process, without the web server, and is asked by sixteen clients at once. A profiler makes
small functions look dearer than they are: the time a request is measured without it, the shares with it.
"""

import argparse
import asyncio
import contextlib
import cProfile
import os
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import server
from benchmarks import cases, comparison, contenders, database
from benchmarks.calls import send, settings_of
from benchmarks.comparison import Bench
from benchmarks.http_calls import Call
from schema import logs
from tests.api import started

_CLIENTS, _ROUNDS, _REQUESTS = 16, 3, 800
_ORGANIZATIONS = 1_000
_CASES = ("point-read-16", "viewer", "page", "document-read")
_PARTS = {
    "/graphql/": "graphql-core",
    "/strawberry/": "Strawberry",
    "/starlette/": "Starlette",
    "/structlog/": "log",
    "/logging/": "log",
    "/prometheus_client/": "metrics",
    "/pymongo/": "driver",
    "/motor/": "driver",
    "/bson/": "driver",
    "/aiodataloader/": "loaders",
    "/asyncio/": "asyncio",
}
_OURS = ("schema", "resolvers", "storage", "auth")


@dataclass(frozen=True, slots=True)
class Profile:
    """One case: microseconds of processor time and function calls a request, and the shares of its parts."""

    microseconds: float
    calls: float
    shares: Mapping[str, float]


def part(file: str) -> str:
    """Return the part that a file belongs to; what is written in C belongs to none."""
    for piece, name in _PARTS.items():
        if piece in file:
            return name
    relative = file.removeprefix(f"{contenders.CHECKOUT}/")
    folder = relative.partition("/")[0]
    return f"{folder}/" if folder in _OURS else "built in" if file == "~" else "other"


async def profile(call: Call, settings: server.Settings) -> Profile:
    """Measure a case, and profile it."""
    async with started(server.create_app(settings)) as app:

        async def client() -> None:
            for _ in range(_REQUESTS // _CLIENTS):
                assert await asyncio.create_task(send(app, call)) == 200

        async def ask() -> float:
            began = time.process_time()
            await asyncio.gather(*(client() for _ in range(_CLIENTS)))
            return time.process_time() - began

        await ask()
        seconds = min([await ask() for _ in range(_ROUNDS)])
        profiler = cProfile.Profile()
        profiler.enable()
        await ask()
        profiler.disable()
    return _profile(pstats.Stats(profiler), seconds)


def _profile(stats: pstats.Stats, seconds: float) -> Profile:
    times, calls = Counter[str](), 0
    for (file, _, _), (_, count, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        times[part(file)] += own
        calls += count
    whole = sum(times.values())
    shares = {name: own / whole for name, own in times.most_common()}
    return Profile(1e6 * seconds / _REQUESTS, calls / _REQUESTS, shares)


def table(profiles: Mapping[str, Profile]) -> str:
    """Return the profiles as a Markdown table, a column a case."""
    parts = sorted({name for one in profiles.values() for name in one.shares})
    rows = [
        ["", *profiles],
        ["---", *("---:" for _ in profiles)],
        ["processor time, µs", *(f"{one.microseconds:,.0f}" for one in profiles.values())],
        ["function calls", *(f"{one.calls:,.0f}" for one in profiles.values())],
        *([f"of it {name}", *(f"{one.shares.get(name, 0):.0%}" for one in profiles.values())] for name in parts),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    ours = [one for one in contenders.ALL if one.is_ours]
    with tempfile.TemporaryDirectory() as folder, database.shared() as shared:
        bench = Bench(shared, Path(folder), rounds=1, seconds=1)
        with comparison.at_work(bench, ours, _ORGANIZATIONS) as (world,):
            settings = settings_of(world, shared.uri, Path(folder))
            chosen = {case.name: case.calls(world, 1)[0] for case in cases.ALL if case.name in _CASES}
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
                logs.configure(as_json=True)
                found = {name: asyncio.run(profile(call, settings)) for name, call in chosen.items()}
    print(table(found))  # noqa: T201 - a command


if __name__ == "__main__":
    main()
