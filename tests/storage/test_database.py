"""The connection: transactions are whole, deadlines hold."""

import asyncio
import time

import pytest
from pymongo import monitoring

from server import Settings
from storage.database import Database, Session, new_id, now
from storage.failures import is_temporary


class Canceller(monitoring.CommandListener):
    """Cancels a task as soon as one of its commands is on its way."""

    task: asyncio.Task[None] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Cancel the task."""
        if self.task is not None:
            self.task.get_loop().call_soon_threadsafe(self.task.cancel)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Note nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Note nothing."""


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
