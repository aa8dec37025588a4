"""Processes under measurement: started in a group of their own, held while others are measured, looked at in /proc."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import httpx

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS, _STOP_SECONDS, _POLL_SECONDS = 60.0, 10.0, 0.005
_IDLE_ATTEMPTS, _IDLE_SECONDS, _IDLE_SHARE = 100, 0.1, 0.2
_SESSION, _USER_TIME, _SYSTEM_TIME = 3, 11, 12  # Fields of /proc/PID/stat behind the name.


class Group:
    """A process and all that it has started, which share its session."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def pids(self) -> list[int]:
        """Return the processes that live."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _session(path) == self._leader]

    def seconds(self) -> float:
        """Return the processor time that they have used."""
        used = 0
        for pid in self.pids():
            fields = _stat(Path(f"/proc/{pid}"))
            used += int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME]) if fields else 0
        return used / _TICKS

    def mebibytes(self) -> float:
        """Return their resident memory."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return sum(pages) * _PAGE_BYTES / 2**20

    def pin(self, processors: Iterable[int]) -> None:
        """Have all their threads, and those to come, run on these processors."""
        for pid in self.pids():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(ProcessLookupError):  # One that has just ended.
                    os.sched_setaffinity(int(thread.name), processors)


class Server(Group):
    """A server that was started here."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self._log = folder / f"server-{port}.log"
        self._began = time.perf_counter()
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(  # noqa: S603 - our own commands
                command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
            )
        super().__init__(self._popen.pid)

    def until_it_answers(self) -> float:
        """Wait for an answer to a request; return the seconds since the start."""
        with httpx.Client(trust_env=False, timeout=_START_SECONDS) as http:
            while time.perf_counter() < self._began + _START_SECONDS:
                assert self._popen.poll() is None, f"It ended: {self._log.read_text()[-2000:]}"
                try:
                    http.post(f"{self.url}/graphql", json={"query": "{ __typename }"})
                except httpx.TransportError:
                    time.sleep(_POLL_SECONDS)
                else:
                    return time.perf_counter() - self._began
        raise TimeoutError(f"It does not answer: {self._log.read_text()[-2000:]}")

    def until_idle(self) -> None:
        """Wait until it has done what nobody waits for any more, such as requests that were cut off at the end."""
        for _ in range(_IDLE_ATTEMPTS):
            before = self.seconds()
            time.sleep(_IDLE_SECONDS)
            if self.seconds() - before < _IDLE_SECONDS * _IDLE_SHARE:
                return

    def hold(self) -> None:
        """Have it do nothing while others are measured."""
        os.killpg(self._popen.pid, signal.SIGSTOP)

    def release(self) -> None:
        """Have it go on."""
        os.killpg(self._popen.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, and end it."""
        if self._popen.poll() is None:
            self.release()
            self._popen.terminate()
            try:
                self._popen.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._popen.pid, signal.SIGKILL)
                self._popen.wait()


def end_on_request() -> None:
    """Have this process end in order when it is asked to: servers that are held would stay for good."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def free_port() -> int:
    """Return a port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stat(folder: Path) -> list[str]:
    """Return the fields behind the name, which may hold spaces; none if the process is gone."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _session(folder: Path) -> int | None:
    fields = _stat(folder)
    return int(fields[_SESSION]) if fields and fields[0] != "Z" else None
