"""A Redis of the tests' own, on a free port of this machine, which keeps nothing."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e import process

_SECONDS = 10.0


class RedisServer:
    """One `redis-server`, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "The tests need redis-server: apt-get install redis-server."
        self._port = process.free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        options = {"port": str(self._port), "bind": "127.0.0.1", "dir": str(folder), "save": "", "appendonly": "no"}
        self._command = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _SECONDS
        while not self._listens():
            assert time.monotonic() < deadline, "redis-server does not listen."
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, with all that it holds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.connect(("127.0.0.1", self._port))
            return True
        return False


@contextlib.contextmanager
def running(folder: Path) -> Iterator[RedisServer]:
    """Start a Redis; at the end nothing of it lives."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
