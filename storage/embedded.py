"""The embedded database: SecantusDB as a child process of the server, on a loopback port.

It is a program of its own (GPL-2.0-only) that is started, never imported. It always runs with `--sync-on-commit`
(without it, a kill loses acknowledged writes) and accepts nobody but the one user that the first start makes.

The data folder holds `server.lock` (held by the server), `database.lock` (held by the database itself, so that a
database that outlives its server is noticed), `database.json` (port and credentials, for the owner's eyes only),
`database.log` and `database/`, which is `database.new/` until the first start is done.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from storage import parent_process

_USER = "tenantry"
# It keeps the answers to the writes of the last half hour, and goes through all of them at each write that the driver
# could send again: eight milliseconds after 10,000 of them, one without. A restart forgets them anyway.
_OPTIONS = "authSource=admin&replicaSet=secantus&retryWrites=false"
_FIRST_DATABASE = "first_start"
_TABLE_MAKERS = 28  # Each name belongs to one of 16 tables; these reach them all.
_START_SECONDS = 30.0
_START_ATTEMPTS = 3
_PORTS = range(20_000, 32_000)  # The kernel gives none of these to outgoing connections.
_STOP_SECONDS = 15.0
_ORPHAN_SECONDS = 6.0
_EARLY_STOP_SECONDS = 1.0
_POLL_SECONDS = 0.01
_NUDGE_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_RESTART_PAUSES = (0.0, 0.2, 1.0, 5.0)
_STABLE_SECONDS = 30.0

# The command `hello` in MongoDB's wire protocol: OP_MSG with {hello: 1, $db: "admin"}. It needs no credentials.
_BODY = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0" + b"\0"
_MESSAGE = struct.pack("<ib", 0, 0) + struct.pack("<i", 4 + len(_BODY)) + _BODY
_HELLO = struct.pack("<iiii", 16 + len(_MESSAGE), 1, 0, 2013) + _MESSAGE


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot be started; the message is one line for the person who started the server."""


@dataclass(frozen=True, slots=True)
class _Access:
    """How to reach the database of a data folder: what `database.json` holds."""

    port: int
    password: str
    user_created: bool
    pid: int | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://{_USER}:{self.password}@127.0.0.1:{self.port}/?{_OPTIONS}"


class EmbeddedDatabase:
    """The database of one data folder: started, watched and stopped by the server that holds the folder's lock."""

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir
        self._storage = data_dir / "database"
        self._first_storage = data_dir / "database.new"  # Until all is there that a first start makes.
        self._server_lock: IO[str] | None = None
        self._access: _Access | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._answers = False
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def launch(self) -> None:
        """Take the folder's lock and start the database without waiting until it answers.

        Raises `EmbeddedDatabaseError` when another server uses the folder, when it cannot be written to, or when
        SecantusDB is not installed.
        """
        if importlib.util.find_spec("secantus") is None:
            raise EmbeddedDatabaseError(
                "The embedded database is not installed: pip install -r requirements.lock, or set TENANTRY_MONGODB_URI."
            )
        try:
            self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._server_lock = _lock_server(self._dir)
        except OSError as error:
            raise EmbeddedDatabaseError(
                f"TENANTRY_DATA_DIR: the folder {self._dir} cannot be used: {error.strerror}."
            ) from None
        access = _read_access(self._dir)
        if access is None:
            access = _Access(_free_port(), secrets.token_urlsafe(32), user_created=False)
            _write_access(self._dir, access)
        elif not _is_free(access.port):
            access = replace(access, port=_free_port())
        self._access = access
        self._spawn(authenticate=access.user_created)

    def wait_until_ready(self) -> str:
        """Wait until the database answers; return its connection string. The first start also prepares it."""
        self._wait_for_first_answer()
        assert self._access is not None  # noqa: S101 - launch() has set it
        if not self._access.user_created:
            _prepare(self._access)
            self._terminate()
            if self._first_storage.exists():
                self._first_storage.replace(self._storage)
            self._access = replace(self._access, user_created=True)
            _write_access(self._dir, self._access)
            self._spawn(authenticate=True)
            self._wait_for_first_answer()
        return self._access.uri

    def watch(self) -> None:
        """From now on start the database again, on the same port, whenever it ends unasked."""
        self._watcher = threading.Thread(target=self._restart_when_dead, name="embedded-database", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop the database cleanly and give the data folder up."""
        self._stopping.set()
        self._terminate()
        if self._watcher is not None:
            self._watcher.join(_STOP_SECONDS)
            self._terminate()  # The watcher may have been starting it again just then.
        if self._server_lock is not None:
            self._server_lock.close()

    def _spawn(self, *, authenticate: bool) -> None:
        assert self._access is not None  # noqa: S101 - launch() has set it
        config = self._dir / "database.toml"
        config.touch()  # Without a named file it would look for one in other folders.
        command = [sys.executable, "-m", "secantus", "--config", str(config.resolve())]
        command += ["--host", "127.0.0.1", "--port", str(self._access.port)]
        is_first = not self._storage.exists()
        storage = self._first_storage if is_first else self._storage
        command += ["--storage-path", str(storage.resolve())]
        command += ["--sync-on-commit", "--log-level", "WARNING", *(["--auth"] if authenticate else [])]
        launcher = [sys.executable, "-S", "-E", parent_process.__file__, str(os.getpid())]
        with (
            _database_lock(self._dir, self._access.pid) as lock,
            (self._dir / "database.log").open("ab") as log,
        ):
            if is_first:  # What a first start has left that was cut off may never start again.
                shutil.rmtree(storage, ignore_errors=True)
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [*launcher, *command],
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                umask=0o077,
                start_new_session=True,  # Ctrl-C is for the server, which stops the database last.
            )
        self._answers = False
        self._access = replace(self._access, pid=self._child.pid)
        _write_access(self._dir, self._access)

    def _wait_for_first_answer(self) -> None:
        """Wait until the database answers; one that ends instead, its port taken meanwhile, is started on another."""
        for attempt in range(1, _START_ATTEMPTS + 1):
            try:
                self._wait_for_answer()
            except EmbeddedDatabaseError:
                assert self._access is not None  # noqa: S101 - launch() has set both
                assert self._child is not None  # noqa: S101
                if self._child.poll() is None or attempt == _START_ATTEMPTS:
                    raise
                self._access = replace(self._access, port=_free_port())
                self._spawn(authenticate=self._access.user_created)
            else:
                return

    def _wait_for_answer(self) -> None:
        """Wait until the database answers a command. An open port is too early: it would miss a request to stop."""
        assert self._access is not None  # noqa: S101 - launch() has set both
        assert self._child is not None  # noqa: S101
        deadline = time.monotonic() + _START_SECONDS
        while not self._stopping.is_set():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self._access.port), _ANSWER_SECONDS) as connection,
            ):
                connection.sendall(_HELLO)
                if connection.recv(1):
                    self._answers = True
                    return
            if self._child.poll() is not None or time.monotonic() > deadline:
                log = self._dir / "database.log"
                raise EmbeddedDatabaseError(f"The embedded database did not start: {_last_line(log)} (see {log}).")
            time.sleep(_POLL_SECONDS)

    def _restart_when_dead(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            assert self._child is not None  # noqa: S101 - launch() has set it
            self._child.wait()
            if time.monotonic() - started > _STABLE_SECONDS:
                deaths = 0
            if self._stopping.wait(_RESTART_PAUSES[min(deaths, len(_RESTART_PAUSES) - 1)]):
                return
            deaths += 1
            try:
                self._spawn(authenticate=True)
                self._wait_for_answer()
            except (EmbeddedDatabaseError, OSError):  # The next round tries again.
                self._child.kill()  # One that lives and does not answer would be waited for in vain.

    def _terminate(self) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(_NUDGE_SECONDS)
            self._nudge()
            # One that is still starting may miss the request, and has nothing to lose.
            self._child.wait(_STOP_SECONDS if self._answers else _EARLY_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _nudge(self) -> None:
        """Connect once: SecantusDB waits for a connection, or two seconds, before it heeds a request to stop."""
        assert self._access is not None  # noqa: S101 - launch() has set it
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._access.port), 1):
            pass


def running_uri(data_dir: Path) -> str | None:
    """Return the connection string of the database that a server runs in this folder, or None if none does."""
    with contextlib.suppress(OSError), (data_dir / "server.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            access = _read_access(data_dir)
            return access.uri if access is not None and access.user_created else None
    return None


def _lock_server(data_dir: Path) -> IO[str]:
    lock = (data_dir / "server.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedDatabaseError(
            f"The data folder {data_dir} is in use by another server (process {holder}): "
            "stop that one, or choose another TENANTRY_DATA_DIR."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextlib.contextmanager
def _database_lock(data_dir: Path, last_pid: int | None) -> Iterator[IO[bytes]]:
    """Hold the lock that the database inherits, first ending one that has outlived its server.

    It is asked, and killed if it does not heed: every commit is on the disk, and the lock shows that it is still there.
    """
    with (data_dir / "database.lock").open("ab") as lock:
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            if _locked_within(lock, 0):
                break
            if last_pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(last_pid, signal_number)
            if _locked_within(lock, _ORPHAN_SECONDS):
                break
        else:
            raise EmbeddedDatabaseError(
                f"An earlier database (process {last_pid}) still uses {data_dir} and does not stop."
            )
        yield lock


def _locked_within(lock: IO[bytes], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _prepare(access: _Access) -> None:
    """Make the tables that documents are in, and the user.

    SecantusDB makes each of the tables for the first collection in it. A kill in that moment leaves a database that
    never starts again, so it is done while there is nothing to lose.
    """
    # Imported here since only the very first start needs the driver before the server itself is imported.
    import pymongo
    from pymongo.errors import OperationFailure

    with pymongo.MongoClient[dict[str, object]]("127.0.0.1", access.port, directConnection=True) as client:
        for number in range(_TABLE_MAKERS):
            collection = client[_FIRST_DATABASE][str(number)]
            collection.insert_one({})
            collection.drop()
        roles = [{"role": "root", "db": "admin"}]
        try:
            client.admin.command("createUser", _USER, pwd=access.password, roles=roles)
        except OperationFailure:  # The credentials got lost, the database did not.
            client.admin.command("updateUser", _USER, pwd=access.password, roles=roles)


def _read_access(data_dir: Path) -> _Access | None:
    try:
        return _Access(**json.loads((data_dir / "database.json").read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise EmbeddedDatabaseError(f"{data_dir / 'database.json'} is not readable as written by a server.") from None


def _write_access(data_dir: Path, access: _Access) -> None:
    draft = data_dir / "database.json.new"
    draft.touch(mode=0o600)
    with draft.open("w") as file:
        json.dump(asdict(access), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(data_dir / "database.json")


def _last_line(log: Path) -> str:
    return next(reversed(log.read_text(errors="replace").splitlines()), "it said nothing")


def _free_port() -> int:
    return next(port for port in iter(lambda: secrets.choice(_PORTS), None) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
