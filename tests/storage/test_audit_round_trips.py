"""What recording costs: commands within the transaction that does what is recorded, and none outside of it."""

import threading
from collections.abc import AsyncIterator

import pytest
from pymongo import monitoring

from server import Settings
from storage import deletions, move_plans, organizations
from storage.database import Database
from tests.storage import directory


class Commands(monitoring.CommandListener):
    """Notes the commands of a client: the name, the collection, and whether it is one of a transaction."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bool]] = []
        self._lock = threading.Lock()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        with self._lock:
            target = str(event.command.get(event.command_name, ""))
            self.seen.append((event.command_name, target, event.command.get("autocommit") is False))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Ignore the end of a command."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Ignore the end of a command."""


@pytest.fixture
async def watched(settings: Settings, database: Database) -> AsyncIterator[tuple[Database, Commands]]:  # noqa: ARG001 - it has to be prepared
    """A second client of the prepared database, and the commands that it sends."""
    assert settings.mongodb_uri is not None
    commands = Commands()
    client = Database(settings.mongodb_uri.get_secret_value(), settings.database, listeners=[commands])
    await client.ping()
    yield client, commands
    await client.close()


async def test_recording_is_part_of_the_transaction(database: Database, watched: tuple[Database, Commands]) -> None:
    """A change of one document is one transaction with nothing before or after it: four commands of it record."""
    organization = await directory.sign_up(database, "acme")
    client, commands = watched
    commands.seen.clear()
    await organizations.update_description(client, organization.id, "Rockets", directory.ACT)
    names = [(name, target) for name, target, _ in commands.seen]
    assert names == [
        ("findAndModify", "organizations"),
        ("find", "organizations"),
        ("update", "organizations"),
        ("insert", "audit_events"),
        ("insert", "events"),
        ("commitTransaction", "1"),
    ]
    assert all(in_transaction for _, _, in_transaction in commands.seen)


async def test_whatever_records_does_so_in_a_transaction(
    database: Database, watched: tuple[Database, Commands]
) -> None:
    """A move and a deletion, too: nothing of the trail or of the events is written by itself."""
    organization = await directory.sign_up(database, "acme", documents=5)
    client, commands = watched
    mover = await move_plans.plan(client, directory.rename_of(client, organization, "goal"))
    await mover.run()
    await deletions.mark(client, organization.id, directory.ACT)
    written = [found for found in commands.seen if found[1] in {"audit_events", "events"}]
    assert len(written) > 10
    assert all(in_transaction for _, _, in_transaction in written)
