"""The proxy that counts commands, before a real database."""

import asyncio

import pymongo
import pytest

from benchmarks import counting_proxy
from benchmarks.database import SharedDatabase
from storage.database import Database


async def test_every_command_is_counted_once(mongodb_uri: str, database: Database) -> None:
    """What a driver sends for its caller is counted by name, what it sends for itself is not, and answers come back."""
    await database["things"].insert_one({"_id": 1})
    shared = SharedDatabase(mongodb_uri, "the run's")

    def read_thrice() -> list[object]:
        with pymongo.MongoClient[dict[str, object]](shared.uri_through(proxy.port)) as client:
            return [client[database.name]["things"].find_one() for _ in range(3)]

    with counting_proxy.running(*shared.address) as proxy:
        assert await asyncio.to_thread(read_thrice) == [{"_id": 1}] * 3
    assert proxy.commands == {"find": 3}


def test_connections_that_are_open_are_ended_without_a_word(mongodb_uri: str, caplog: pytest.LogCaptureFixture) -> None:
    """Found in a report that ended in tracebacks: a driver's connections outlive what they were counted for."""
    shared = SharedDatabase(mongodb_uri, "the run's")
    with counting_proxy.running(*shared.address) as proxy:
        uri = shared.uri_through(proxy.port)
        client = pymongo.MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=1000)
        client.admin.command("ping")
    client.close()
    assert [record for record in caplog.records if record.name == "asyncio"] == []
