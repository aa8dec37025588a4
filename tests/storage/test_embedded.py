"""The embedded database: one server a folder, and nothing in the way of the next start."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pymongo
import pytest
from pymongo import monitoring

from storage import embedded
from storage.database import Database
from storage.embedded import EmbeddedDatabase, EmbeddedDatabaseError, _database_lock, running_uri

_TABLES = 16

HOLDER = """
import fcntl, signal, sys
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = open(sys.argv[1], "ab")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("manner", ["obedient", "deaf"])
def test_database_that_outlived_its_server_is_ended(tmp_path: Path, manner: str) -> None:
    """The next start asks it to stop, and kills one that does not heed, as a spinning one did for an hour."""
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path / "database.lock"), manner]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with _database_lock(tmp_path, holder.pid):
            assert holder.wait(1) == -(signal.SIGTERM if manner == "obedient" else signal.SIGKILL)


def test_folder_has_one_server(tmp_path: Path) -> None:
    """A second one is told who has it; nothing runs in a folder that nobody has."""
    assert running_uri(tmp_path) is None
    first, second = EmbeddedDatabase(tmp_path), EmbeddedDatabase(tmp_path)
    try:
        first.launch()
        with pytest.raises(EmbeddedDatabaseError, match=f"in use by another server \\(process {os.getpid()}\\)"):
            second.launch()
        assert (tmp_path / "database.json").stat().st_mode & 0o777 == 0o600
    finally:
        second.stop()
        first.stop()
    assert running_uri(tmp_path) is None


class TransactionNumbers(monitoring.CommandListener):
    """Notes the numbers by which writes could be sent again."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note the number of an update, or None."""
        if event.command_name == "update":
            self.seen.append(event.command.get("txnNumber"))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Take no notice of it."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Take no notice of it."""


async def test_writes_are_not_remembered_for_being_sent_again(tmp_path: Path) -> None:
    """The embedded database would go through all of half an hour at each write; any other one is asked to."""
    embedded_one = EmbeddedDatabase(tmp_path)
    embedded_one.launch()
    try:
        uri = embedded_one.wait_until_ready()
        for given, is_numbered in ((uri, False), (uri.replace("&retryWrites=false", ""), True)):
            numbers = TransactionNumbers()
            database = Database(given, "tenantry", listeners=[numbers])
            await database["organizations"].update_one({"_id": "none"}, {"$set": {"a": 1}})
            assert [number is not None for number in numbers.seen] == [is_numbered]
            await database.close()
    finally:
        embedded_one.stop()


def test_first_start_leaves_no_table_to_be_made(tmp_path: Path) -> None:
    """A kill while SecantusDB makes a table of documents leaves what never starts again; all of them are there."""
    database = EmbeddedDatabase(tmp_path)
    database.launch()
    try:
        with pymongo.MongoClient[dict[str, object]](database.wait_until_ready()) as client:
            assert "first_start" not in client.list_database_names()
    finally:
        database.stop()
    assert len(list((tmp_path / "database").glob("secantus_documents_sh*.wt"))) == _TABLES


def test_first_start_begins_anew_after_one_that_was_cut_off(tmp_path: Path) -> None:
    """Whatever the one has left in the folder, and whether or not it can be read."""
    cut_off = EmbeddedDatabase(tmp_path)
    cut_off.launch()
    cut_off.stop()
    (tmp_path / "database.new").mkdir(exist_ok=True)
    (tmp_path / "database.new" / "WiredTiger.turtle").write_bytes(b"torn")
    database = EmbeddedDatabase(tmp_path)
    database.launch()
    try:
        with pymongo.MongoClient[dict[str, object]](database.wait_until_ready()) as client:
            assert client.admin.command("ping")["ok"] == 1
    finally:
        database.stop()


def test_lost_credentials_lose_no_data(tmp_path: Path) -> None:
    """A folder without `database.json` keeps what is stored, also when the start that makes a new one is cut off."""
    for turn in range(3):
        database = EmbeddedDatabase(tmp_path)
        database.launch()
        try:
            if turn == 1:
                continue
            with pymongo.MongoClient[dict[str, object]](database.wait_until_ready()) as client:
                if turn == 0:
                    client["kept"]["documents"].insert_one({"_id": 1})
                assert client["kept"]["documents"].find_one() == {"_id": 1}
        finally:
            database.stop()
        (tmp_path / "database.json").unlink()


def test_port_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    """Somebody who takes the port after it was found free does not keep the database from starting."""
    database = EmbeddedDatabase(tmp_path)
    try:
        with socket.socket() as stranger:
            choose, taken = embedded._free_port, iter([stranger])  # noqa: SLF001 - the choice in question

            def choose_taken() -> int:
                port = choose()
                if (thief := next(taken, None)) is not None:
                    thief.bind(("127.0.0.1", port))
                    thief.listen()
                return port

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(embedded, "_free_port", choose_taken)
                database.launch()
                uri = database.wait_until_ready()
            assert str(stranger.getsockname()[1]) not in uri
            with pymongo.MongoClient[dict[str, object]](uri, timeoutMS=20_000) as client:
                assert client.admin.command("ping")["ok"] == 1
    finally:
        database.stop()


def test_database_that_does_not_start_says_why(tmp_path: Path) -> None:
    """What it said last is part of the one line that the person who started the server reads."""
    (tmp_path / "database").write_text("no folder")
    database = EmbeddedDatabase(tmp_path)
    try:
        database.launch()
        with pytest.raises(EmbeddedDatabaseError, match=r"did not start: \w*Error.* \(see .*database\.log\)"):
            database.wait_until_ready()
    finally:
        database.stop()


def test_database_that_comes_back_deaf_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was restarted, lives, and does not answer is killed: it would be waited for in vain."""
    spawn, deaf = EmbeddedDatabase._spawn, threading.Event()  # noqa: SLF001 - the step in question

    def spawn_deaf(self: EmbeddedDatabase, *, authenticate: bool) -> None:
        spawn(self, authenticate=authenticate)
        if not deaf.is_set():
            assert self._child is not None
            os.kill(self._child.pid, signal.SIGSTOP)
            deaf.set()

    database = EmbeddedDatabase(tmp_path)
    try:
        database.launch()
        uri = database.wait_until_ready()
        monkeypatch.setattr(embedded, "_START_SECONDS", 4.0)
        monkeypatch.setattr(EmbeddedDatabase, "_spawn", spawn_deaf)
        database.watch()
        assert database._child is not None  # noqa: SLF001 - to kill it
        os.kill(database._child.pid, signal.SIGKILL)  # noqa: SLF001
        assert deaf.wait(20)
        with pymongo.MongoClient[dict[str, object]](uri, timeoutMS=20_000, serverSelectionTimeoutMS=20_000) as client:
            assert client.admin.command("ping")["ok"] == 1
    finally:
        database.stop()
