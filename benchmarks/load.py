"""Load on a server: by wrk where there is one, else by the generator in this folder; the same for every server."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_calls import SEPARATOR, Call
from benchmarks.processes import Server

WRK = shutil.which("wrk")
CHECKOUT = Path(__file__).parents[1]
_SCRIPT = Path(__file__).parent / "load.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator of load saw: latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int


@dataclass(frozen=True, slots=True)
class Generator:
    """How load is generated: `processors` are those that it runs on, None for all."""

    processors: Iterable[int] | None = None
    wrk: str | None = WRK

    def run(self, server: Server, calls: Sequence[Call], connections: int, seconds: int) -> Load:
        """Send the calls in turn for so long."""
        with self.running(server, calls, connections, seconds) as process:
            return _result(process)

    def patiently(
        self, server: Server, calls: Sequence[Call], connections: int, seconds: int, requests: int | None = None
    ) -> Load:
        """Send the calls in turn for so long, so many at most, and wait for all answers."""
        arguments = ["--seconds", str(seconds), "--connections", str(connections)]
        arguments += [] if requests is None else ["--requests", str(requests)]
        with _file(server, calls) as path:
            return _result(self._start([*_own(server, path), *arguments]))

    @contextlib.contextmanager
    def running(
        self, server: Server, calls: Sequence[Call], connections: int, seconds: int
    ) -> "Iterator[subprocess.Popen[str]]":
        """Send the calls meanwhile, for so long at most."""
        with _file(server, calls) as path:
            if self.wrk is None:
                command = [*_own(server, path), "--seconds", str(seconds), "--connections", str(connections)]
            else:
                command = [self.wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(_SCRIPT)]
                command += [server.url, "--", str(path)]
            with self._start(command) as process:
                try:
                    yield process
                finally:
                    process.kill()

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        if self.processors is not None:
            os.sched_setaffinity(process.pid, self.processors)
        return process


def _own(server: Server, path: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.generator", server.url, str(path)]


@contextlib.contextmanager
def _file(server: Server, calls: Sequence[Call]) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=".calls") as file:
        file.write(SEPARATOR.join(call.encode(server.host) for call in calls))
        file.flush()
        yield Path(file.name)


def _result(process: "subprocess.Popen[str]") -> Load:
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return Load(**json.loads(output.splitlines()[-1]))
