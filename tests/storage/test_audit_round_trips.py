"""What recording costs: commands within the transaction that does what is recorded, and none outside of it."""

from storage import deletions, move_plans, organizations
from storage.database import Database
from tests.commands import Commands
from tests.storage import directory


async def test_recording_is_part_of_the_transaction(database: Database, watched: tuple[Database, Commands]) -> None:
    """A change of one document is one transaction with nothing before or after it: four of its commands record."""
    organization = await directory.sign_up(database, "acme")
    client, commands = watched
    commands.seen.clear()
    await organizations.update_description(client, organization.id, "Rockets", directory.ACT)
    names = [(command.name, command.target) for command in commands.seen]
    assert names == [
        ("find", "organizations"),
        ("update", "organizations"),
        ("find", "organizations"),
        ("update", "organizations"),
        ("insert", "audit_events"),
        ("insert", "events"),
        ("commitTransaction", "1"),
    ]
    assert all(command.in_transaction for command in commands.seen)


async def test_whatever_records_does_so_in_a_transaction(
    database: Database, watched: tuple[Database, Commands]
) -> None:
    """A move and a deletion, too: nothing of the trail or of the events is written by itself."""
    organization = await directory.sign_up(database, "acme", documents=5)
    client, commands = watched
    mover = await move_plans.plan(client, directory.rename_of(client, organization, "goal"))
    await mover.run()
    await deletions.mark(client, organization.id, directory.ACT)
    written = [command for command in commands.seen if command.target in {"audit_events", "events"}]
    assert len(written) > 10
    assert all(command.in_transaction for command in written)
