"""Following moves: what is told, to whom, and that the journal is read only when there is something to read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import pytest

import server
from auth.tokens import AccessClaims
from resolvers import migration_progress
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import ids
from server import Settings
from storage import migrations, move_events
from storage.database import Database, Session
from storage.migrations import MigrationRecord, MigrationState
from storage.organizations import OrganizationRecord
from tests.api import Member
from tests.commands import Commands, watched
from tests.storage import directory

_SECONDS = 20.0

PLANNED, COPYING, SWITCHED = MigrationState.PLANNED, MigrationState.COPYING, MigrationState.SWITCHED
CLEANED, ROLLED_BACK = MigrationState.CLEANED, MigrationState.ROLLED_BACK


@pytest.fixture
async def organization(database: Database, member: Member) -> OrganizationRecord:
    """The owner's organization."""
    found = await directory.read(database, ids.decode_organization(member.organization_id))
    assert found is not None
    return found


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What is sent to the database for those who follow."""
    commands = Commands()
    monkeypatch.setattr(server, "connect", partial(watched, listener=commands))
    return commands


@pytest.fixture
async def services(settings: Settings, member: Member, commands: Commands) -> AsyncIterator[Services]:  # noqa: ARG001 - both have to be there before
    """What the requests of a process of its own share."""
    async with server.open_state(settings) as state:
        yield state["services"]


async def write(database: Database, move: MigrationRecord, state: MigrationState) -> None:
    """Note in the journal how far a move has come, and tell of it."""
    document = {**migrations.to_document(move), "state": state}

    async def work(tx: Session) -> None:
        await database[migrations.COLLECTION].replace_one({"_id": move.id}, document, upsert=True, session=tx)
        await move_events.progressed(database, tx, move)

    await database.transaction(work)


def follow(services: Services, member: Member) -> AsyncGenerator[MigrationRecord, None]:
    """Follow the moves of the member's organization."""
    context = RequestContext(services, Credentials(member.token), Origin(None, "test"))
    assert isinstance(context.claims(), AccessClaims)
    return migration_progress.follow(context, ids.decode_organization(member.organization_id))


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
    services: Services, database: Database, member: Member, organization: OrganizationRecord
) -> None:
    """Each change is told, and after the last one it is over."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, PLANNED)
    moves = follow(services, member)
    assert await take(moves) == ("rockets", PLANNED)
    for state in (COPYING, SWITCHED, CLEANED):
        await write(database, move, state)
        assert await take(moves) == ("rockets", state)
    await assert_over(moves)


async def test_what_is_over_is_not_told(
    services: Services, database: Database, member: Member, organization: OrganizationRecord
) -> None:
    """Of the past nothing is told; the next move is followed when it begins, until it is undone."""
    for slug, state in (("one", CLEANED), ("two", ROLLED_BACK)):
        await write(database, directory.rename_of(database, organization, slug), state)
    moves = follow(services, member)
    upcoming = asyncio.ensure_future(take(moves))
    await directory.until(lambda: services.feed.count(organization.id) == 1 and services.feed.is_open)
    move = directory.rename_of(database, organization, "three")
    await write(database, move, PLANNED)
    assert await upcoming == ("three", PLANNED)
    await write(database, move, ROLLED_BACK)
    assert await take(moves) == ("three", ROLLED_BACK)
    await assert_over(moves)


async def test_slow_follower_misses_states_but_never_the_last(
    services: Services, database: Database, member: Member, organization: OrganizationRecord
) -> None:
    """Who comes back late is told how the move has ended, though others have begun since."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, PLANNED)
    slow, quick = follow(services, member), follow(services, member)
    assert await take(slow) == await take(quick) == ("rockets", PLANNED)
    for state in (COPYING, CLEANED):
        await write(database, move, state)
        assert await take(quick) == ("rockets", state)
    await assert_over(quick)
    for number in range(12):
        await write(database, directory.rename_of(database, organization, f"later-{number}"), COPYING)
    assert await take(slow) == ("rockets", CLEANED)
    await assert_over(slow)


async def test_nothing_polls(
    services: Services, database: Database, member: Member, organization: OrganizationRecord, commands: Commands
) -> None:
    """The journal is read when somebody comes, and once for all when it has changed; between that nothing is sent."""
    move = directory.rename_of(database, organization, "rockets")
    await write(database, move, PLANNED)
    followers = [follow(services, member) for _ in range(5)]
    assert await asyncio.gather(*map(take, followers)) == [("rockets", PLANNED)] * 5
    upcoming = [asyncio.ensure_future(take(moves)) for moves in followers]
    before = commands.targets("find").count(migrations.COLLECTION)
    await asyncio.wait(upcoming, timeout=1.0)
    assert commands.targets("find").count(migrations.COLLECTION) == before
    await write(database, move, COPYING)
    assert await asyncio.gather(*upcoming) == [("rockets", COPYING)] * 5
    assert commands.targets("find").count(migrations.COLLECTION) == before + 1
    for moves in followers:
        await moves.aclose()
    assert services.feed.count(organization.id) == 0
