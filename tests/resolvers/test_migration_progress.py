"""Following moves: what is told, to whom, and how often the journal is read for it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

import pytest
from pymongo import monitoring
from pymongo.errors import PyMongoError

from resolvers.migration_progress import MigrationProgress
from server import Settings
from storage import migrations
from storage.database import Database
from storage.migrations import MigrationRecord, MigrationState
from storage.organizations import OrganizationRecord
from storage.placements import StoreStrategy
from tests.storage import directory

_SECONDS = 20.0
_INTERVAL_SECONDS = 0.25
_READS = 8

PLANNED, COPYING = MigrationState.PLANNED, MigrationState.COPYING
CLEANED, ROLLED_BACK = MigrationState.CLEANED, MigrationState.ROLLED_BACK


class Reads(monitoring.CommandListener):
    """Tells when the journal is read."""

    def __init__(self) -> None:
        self._at: asyncio.Queue[float] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    async def next(self, count: int) -> list[float]:
        """Return the times of the next reads, as soon as there were so many."""
        while not self._at.empty():
            self._at.get_nowait()
        async with asyncio.timeout(_SECONDS):
            return [await self._at.get() for _ in range(count)]

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a read; the driver works in threads."""
        if event.command_name == "find" and event.command["find"] == migrations.COLLECTION:
            self._loop.call_soon_threadsafe(self._at.put_nowait, time.monotonic())

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Note nothing more."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Note nothing more."""


@pytest.fixture
def organization(database: Database) -> OrganizationRecord:
    """An organization, of which the journal alone matters here."""
    return directory.new_organization(database, "acme", StoreStrategy.COLLECTION)


async def write(database: Database, move: MigrationRecord, state: MigrationState) -> None:
    """Note in the journal how far a move has come."""
    document = {**migrations.to_document(move), "state": state}
    await database[migrations.COLLECTION].replace_one({"_id": move.id}, document, upsert=True)


async def take(moves: AsyncGenerator[MigrationRecord, None]) -> tuple[str, MigrationState]:
    """Return the slug that the next event is about, and the state that it tells."""
    async with asyncio.timeout(_SECONDS):
        move = await anext(moves)
    return move.target.slug, move.state


async def assert_over(moves: AsyncGenerator[MigrationRecord, None]) -> None:
    """Assert that there are no more events."""
    async with asyncio.timeout(_SECONDS):
        assert await anext(moves, None) is None


async def test_move_is_followed_from_its_present_state_to_its_end(
    database: Database, organization: OrganizationRecord
) -> None:
    """Each change is told, and after the last one it is over."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, PLANNED)
    moves = MigrationProgress().follow(database, organization.id)
    for state in (PLANNED, COPYING, MigrationState.SWITCHED):
        await write(database, move, state)
        assert await take(moves) == ("rockets", state)
    await write(database, move, CLEANED)
    assert await take(moves) == ("rockets", CLEANED)
    await assert_over(moves)


async def test_what_is_over_is_not_told(database: Database, organization: OrganizationRecord) -> None:
    """Of the past nothing is told; the next move is followed when it begins, until it is undone."""
    for slug, state in (("one", CLEANED), ("two", ROLLED_BACK)):
        await write(database, directory.rename_of(database, organization, slug), state)
    await write(database, directory.rename_of(database, other(database), "theirs"), COPYING)
    moves = MigrationProgress().follow(database, organization.id)
    upcoming = asyncio.ensure_future(take(moves))
    await asyncio.wait({upcoming}, timeout=4 * _INTERVAL_SECONDS)
    assert not upcoming.done()
    move = directory.rename_of(database, organization, "three")
    await write(database, move, PLANNED)
    assert await upcoming == ("three", PLANNED)
    await write(database, move, ROLLED_BACK)
    assert await take(moves) == ("three", ROLLED_BACK)
    await assert_over(moves)


async def test_move_that_is_over_before_it_is_seen_is_told(
    settings: Settings, database: Database, organization: OrganizationRecord
) -> None:
    """A move that begins and ends between two reads is told with its last state."""
    async with counted(settings) as (reader, reads):
        moves = MigrationProgress().follow(reader, organization.id)
        upcoming = asyncio.ensure_future(take(moves))
        await reads.next(2)
        await write(database, directory.rename_of(database, organization, "rockets"), CLEANED)
        assert await upcoming == ("rockets", CLEANED)
        await assert_over(moves)


async def test_slow_follower_misses_states_but_never_the_last(
    settings: Settings, database: Database, organization: OrganizationRecord
) -> None:
    """Who comes back late is told how the move has ended, though others have begun since."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, PLANNED)
    async with counted(settings) as (reader, reads):
        progress = MigrationProgress()
        slow, quick = progress.follow(reader, organization.id), progress.follow(reader, organization.id)
        assert await take(slow) == await take(quick) == ("rockets", PLANNED)
        for state in (COPYING, CLEANED):
            await write(database, move, state)
            assert await take(quick) == ("rockets", state)
        await assert_over(quick)
        for number in range(12):
            await write(database, directory.rename_of(database, organization, f"later-{number}"), COPYING)
        await reads.next(2)
        assert await take(slow) == ("rockets", CLEANED)
        await assert_over(slow)


async def test_all_followers_of_an_organization_share_one_reader(
    settings: Settings, database: Database, organization: OrganizationRecord
) -> None:
    """Five cost as much as one, and reading ends with the last of them."""
    before = asyncio.all_tasks()
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, COPYING)
    async with counted(settings) as (reader, reads):
        progress = MigrationProgress()
        followers = [progress.follow(reader, organization.id) for _ in range(5)]
        assert await asyncio.gather(*map(take, followers)) == [("rockets", COPYING)] * 5
        times = await reads.next(_READS)
        assert times[-1] - times[0] >= (_READS - 1) * _INTERVAL_SECONDS
        (reading,) = {task for task in asyncio.all_tasks() - before if "_read" in repr(task.get_coro())}
        for follower in followers[1:]:
            await follower.aclose()
        assert not reading.cancelling()
        await write(database, move, CLEANED)
        assert await take(followers[0]) == ("rockets", CLEANED)
        await assert_over(followers[0])
        await asyncio.wait({reading}, timeout=_SECONDS)
        assert reading.cancelled()


async def test_failure_is_told_to_all_and_the_next_begins_anew(
    settings: Settings, database: Database, organization: OrganizationRecord
) -> None:
    """Nobody waits for a reader that has failed."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, COPYING)
    progress = MigrationProgress()
    async with counted(settings) as (reader, _):
        followers = [progress.follow(reader, organization.id) for _ in range(2)]
        assert await asyncio.gather(*map(take, followers)) == [("rockets", COPYING)] * 2
        reader.client.close()
        for follower in followers:
            with pytest.raises(PyMongoError):
                await take(follower)
    later = progress.follow(database, organization.id)
    assert await take(later) == ("rockets", COPYING)
    await later.aclose()


@contextlib.asynccontextmanager
async def counted(settings: Settings) -> AsyncGenerator[tuple[Database, Reads], None]:
    """Connect once more to the database, and note the reads of its journal."""
    assert settings.mongodb_uri is not None
    reads = Reads()
    database = Database(settings.mongodb_uri.get_secret_value(), settings.database, listeners=[reads])
    yield database, reads
    await database.close()


def other(database: Database) -> OrganizationRecord:
    """Return another organization."""
    return directory.new_organization(database, "other", StoreStrategy.COLLECTION)
