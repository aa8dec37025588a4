"""The connection: transactions are whole, deadlines hold."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pymongo import monitoring
from pymongo.errors import ConnectionFailure

from server import Settings
from storage.database import Database, Session, new_id, now
from storage.embedded import EmbeddedDatabase
from storage.failures import is_temporary
from tests.commands import Listener
from tests.storage import directory


class Canceller(Listener):
    """Cancels a task as soon as one of its commands is on its way."""

    task: asyncio.Task[None] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Cancel the task."""
        if self.task is not None:
            self.task.get_loop().call_soon_threadsafe(self.task.cancel)


async def test_cancelled_transaction_writes_all_or_nothing(settings: Settings, database: Database) -> None:
    """A caller that is cancelled in the middle never leaves a statement outside of its transaction.

    Found by cutting moves off: the driver sent the first statement of a cancelled transaction by itself.
    """
    assert settings.mongodb_uri is not None
    canceller = Canceller()
    cancelled = Database(settings.mongodb_uri.get_secret_value(), settings.database, listeners=[canceller])
    await database.client[settings.database].command("create", "pairs")

    async def write(number: int) -> None:
        async def both(tx: Session) -> None:
            await cancelled["pairs"].insert_one({"_id": number}, session=tx)
            await cancelled["pairs"].insert_one({"_id": -number}, session=tx)

        await cancelled.transaction(both)

    for number in range(1, 31):
        canceller.task = asyncio.create_task(write(number))
        await asyncio.wait([canceller.task])
        await cancelled.settle()
    canceller.task = None
    found = {document["_id"] async for document in database["pairs"].find()}
    assert {number for number in found if -number not in found} == set()
    await cancelled.close()


async def test_conflicting_transactions_are_repeated(database: Database) -> None:
    """Increments in conflicting transactions all count."""
    await database["counters"].insert_one({"_id": 1, "n": 0})

    async def increment(tx: Session) -> None:
        document = await database["counters"].find_one({"_id": 1}, session=tx)
        assert document is not None
        await database["counters"].update_one({"_id": 1}, {"$set": {"n": document["n"] + 1}}, session=tx)

    await asyncio.gather(*(database.transaction(increment) for _ in range(12)))
    document = await database["counters"].find_one({"_id": 1})
    assert document is not None
    assert document["n"] == 12


async def test_failed_transaction_leaves_nothing(database: Database) -> None:
    """What a transaction wrote before it failed is gone, and the failure is the caller's."""

    async def write(tx: Session) -> None:
        await database["pairs"].insert_one({"_id": 1}, session=tx)
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        await database.transaction(write)
    assert await database["pairs"].count_documents({}) == 0


async def test_unreachable_database_is_given_up_on_in_time() -> None:
    """An operation on a database that is not there ends within its deadline, as a failure that may pass."""
    database = Database("mongodb://127.0.0.1:9/?replicaSet=none", "none")
    started = time.monotonic()
    with pytest.raises(Exception, match=r"127\.0\.0\.1:9") as failure:
        await database.ping()
    assert time.monotonic() - started < 4
    assert is_temporary(failure.value)
    await database.close()


def test_ids_rise_with_time() -> None:
    """Ids are 24 hexadecimal digits, all different, in order of creation."""
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(set(ids))
    assert {len(one) for one in ids} == {24}


def test_instants_are_whole_milliseconds() -> None:
    """What is stored is what was meant: BSON holds no microseconds."""
    assert {now().microsecond % 1000 for _ in range(100)} == {0}


class Cutter:
    """A way to a database that loses the answer to the first commit, and kills the database after it."""

    def __init__(self, port: int, pid: Callable[[], int]) -> None:
        self._port, self._pid = port, pid
        self._committing: asyncio.StreamWriter | None = None

    async def forward(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        try:
            server, requests = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionRefusedError:
            answers.close()
            return
        await asyncio.gather(
            self._requests(client, requests, answers), self._answers(server, answers), return_exceptions=True
        )
        for writer in (requests, answers):
            writer.close()

    async def _requests(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, answers: asyncio.StreamWriter
    ) -> None:
        while data := await client.read(65_536):
            if b"commitTransaction" in data and self._committing is None:
                self._committing = answers
            server.write(data)
        server.close()

    async def _answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while data := await server.read(65_536):
            if self._committing is client:
                os.kill(self._pid(), signal.SIGKILL)
                break
            client.write(data)
        client.close()


async def test_commit_whose_answer_is_lost_is_not_done_again(tmp_path: Path) -> None:
    """A database that dies after the commit has it when it is back: the work is not run a second time.

    Found by killing databases under writers: it does not know the transaction any more, and says that it may be
    repeated.
    """
    embedded = EmbeddedDatabase(tmp_path)
    embedded.launch()
    uri = await asyncio.to_thread(embedded.wait_until_ready)
    embedded.watch()
    access = json.loads((tmp_path / "database.json").read_text())
    cutter = Cutter(access["port"], lambda: json.loads((tmp_path / "database.json").read_text())["pid"])
    proxy = await asyncio.start_server(cutter.forward, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    direct = uri.replace(f":{access['port']}", f":{port}").replace("replicaSet=secantus", "directConnection=true")
    database = Database(direct, "test")
    runs = 0

    async def work(tx: Session) -> None:
        nonlocal runs
        runs += 1
        await database["things"].insert_one({"_id": new_id()}, session=tx)

    async def back() -> bool:
        try:
            await database.ping()
        except ConnectionFailure:
            return False
        return True

    try:
        with pytest.raises(ConnectionFailure):
            await database.transaction(work)
        assert runs == 1
        await directory.until_it_is(back)
        assert await database["things"].count_documents({}) == 1
    finally:
        await asyncio.to_thread(database.client.close)  # It waits for answers that this loop carries.
        await database.close()
        proxy.close()
        await asyncio.to_thread(embedded.stop)
