"""Servers started as a person starts them: processes of their own, spoken to over the network, watched from outside."""

import asyncio
import contextlib
import functools
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from auth import keys
from auth.algorithms import Algorithm
from tests.api import API

CHECKOUT = Path(__file__).parents[2]
DEADLINE = 40.0  # Seconds that anything may take on a machine that has much else to do.

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and only Linux ends orphans")

_MARK = "E2E_STARTED_BY"
_REQUEST_SECONDS = 30.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command that has ended left: its exit code, what it printed, and how many seconds it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float


class ServerProcess:
    """One `python server.py` and all that it has started."""

    def __init__(self, popen: subprocess.Popen[bytes], mark: str, port: int, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.seconds_to_ready = 0.0
        self._popen = popen
        self._mark = f"{_MARK}={mark}".encode()
        self._stdout, self._stderr = _output_paths(folder, mark)
        self._started = time.monotonic()

    @property
    def pid(self) -> int:
        """The id of the server's own process, which leads a process group."""
        return self._popen.pid

    @property
    def database_pid(self) -> int:
        """The id of the process that runs the embedded database now."""
        pid: int = json.loads((self.data_dir / "database.json").read_text())["pid"]
        return pid

    @property
    def stdout(self) -> str:
        """What was printed so far."""
        return self._stdout.read_text()

    @property
    def stderr(self) -> str:
        """What was logged so far."""
        return self._stderr.read_text()

    @property
    def lives(self) -> bool:
        """Whether the server's own process has not ended."""
        return self._popen.poll() is None

    def terminate(self) -> None:
        """Ask the server to stop, as a service manager does."""
        self._popen.terminate()

    def interrupt(self) -> None:
        """Send SIGINT to the whole process group, as a terminal does on Ctrl-C."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the server's own process, and no other, at once."""
        self._popen.kill()

    async def wait(self, seconds: float = DEADLINE) -> int:
        """Wait until the server's own process has ended; return its exit code."""
        return await asyncio.to_thread(self._popen.wait, seconds)

    async def outcome(self) -> Outcome:
        """Wait until the server's own process has ended; return what it left."""
        code = await self.wait()
        return Outcome(code, self.stdout, self.stderr, time.monotonic() - self._started)

    async def until_ready(self) -> None:
        """Wait until the server is ready; fail with its log if it ends instead."""
        async with self.http() as http:

            async def ready() -> bool:
                assert self.lives, f"The server ended: {self.stderr}"
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get("/readyz")).status_code == httpx.codes.OK
                return False

            await until(ready, "the server is ready")
        self.seconds_to_ready = time.monotonic() - self._started

    async def until_all_gone(self) -> None:
        """Wait until neither the server, nor a worker, nor the database lives."""

        async def gone() -> bool:
            return not self.lives and not self.processes()

        await until(gone, "nothing that the server started lives")

    def processes(self) -> dict[int, str]:
        """Return the command line of each living process that comes from this start, by process id (Linux)."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            # A process that ends meanwhile, and one that nobody has waited for, have nothing to read.
            with contextlib.suppress(OSError):
                if self._mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def workers(self) -> list[int]:
        """Return the process ids of the workers (Linux)."""
        return [pid for pid, line in self.processes().items() if "multiprocessing.spawn" in line]

    def http(self, *, fresh_connections: bool = False, seconds: float = _REQUEST_SECONDS) -> httpx.AsyncClient:
        """Return a client of the server; with `fresh_connections` each request opens one of its own."""
        limits = httpx.Limits(max_keepalive_connections=0 if fresh_connections else None)
        return httpx.AsyncClient(
            base_url=self.url, verify=_no_certificates(), trust_env=False, timeout=seconds, limits=limits
        )

    @contextlib.asynccontextmanager
    async def api(self, *, fresh_connections: bool = False, seconds: float = _REQUEST_SECONDS) -> AsyncIterator[API]:
        """Speak GraphQL to the server."""
        async with self.http(fresh_connections=fresh_connections, seconds=seconds) as http:
            yield API(http)

    async def end(self) -> None:
        """Make sure that nothing lives which came from this start: ask first, then kill."""
        if self.lives:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await self.wait(10)

        async def gone() -> bool:
            left = [*self.processes(), *([self.pid] if self.lives else [])]
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not left

        await until(gone, "nothing is left of the test")


@contextlib.asynccontextmanager
async def launched(folder: Path, *arguments: str, stdin: str = "", **settings: str) -> AsyncIterator[ServerProcess]:
    """Start `python server.py ARGUMENTS` with its data in `folder/data`; at the end nothing of it lives.

    `settings` are named without their prefix, in lower case. The process runs in `folder`, where no `.env` is that
    belongs to whoever runs the tests.
    """
    process = _launch(folder, arguments, stdin, settings)
    try:
        yield process
    except BaseException:
        show(f"--- {process.url}\n{process.stdout}{process.stderr}")
        raise
    finally:
        await process.end()


@contextlib.asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[ServerProcess]:
    """Start a server and wait until it is ready; at the end nothing of it lives."""
    async with launched(folder, **settings) as process:
        await process.until_ready()
        yield process


async def run(folder: Path, *arguments: str, stdin: str = "", **settings: str) -> Outcome:
    """Run a command that ends by itself."""
    async with launched(folder, *arguments, stdin=stdin, **settings) as process:
        return await process.outcome()


def production_keys() -> dict[str, str]:
    """Return the settings that production wants beside a database: keys, and a way for mails, which leads nowhere."""
    mails = {"public_url": "https://app.example.com", "smtp_url": "smtp://127.0.0.1:9", "mail_from": "mail@example.com"}
    return {name: keys.generate(Algorithm.EDDSA) for name in ("jwt_keys", "audit_keys")} | mails


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until a condition holds; fail, with what it was, after the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not await condition():
        assert time.monotonic() < deadline, f"Not within {DEADLINE} seconds: {what}."
        await asyncio.sleep(_POLL_SECONDS)


def free_port() -> int:
    """Return a port that nothing uses now, and that the kernel does not give to outgoing connections meanwhile."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def show(text: str) -> None:
    """Print what pytest is to show with the test."""
    print(text)  # noqa: T201 - pytest captures it


def _launch(folder: Path, arguments: tuple[str, ...], stdin: str, settings: Mapping[str, str]) -> ServerProcess:
    mark, port = uuid.uuid4().hex, free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
    environment |= {_MARK: mark, "TENANTRY_PORT": str(port), "TENANTRY_DATA_DIR": str(folder / "data")}
    environment |= {f"TENANTRY_{name.upper()}": value for name, value in settings.items()}
    given = folder / f"{mark}.stdin"
    given.write_text(stdin)
    stdout, stderr = _output_paths(folder, mark)
    with given.open("rb") as standard_input, stdout.open("wb") as output, stderr.open("wb") as errors:
        popen = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "server.py"), *arguments],
            cwd=folder,
            env=environment,
            stdin=standard_input,
            stdout=output,
            stderr=errors,
            start_new_session=True,  # So that Ctrl-C is for the server, not for the tests.
        )
    return ServerProcess(popen, mark, port, folder)


def _output_paths(folder: Path, mark: str) -> tuple[Path, Path]:
    return folder / f"{mark}.stdout", folder / f"{mark}.stderr"


@functools.cache
def _no_certificates() -> ssl.SSLContext:
    """Return a context that trusts nobody: all is plain HTTP, and reading the usual certificates takes long."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
