"""The feed: every event once and in order, whoever comes back, and nobody waits for those who do not take theirs."""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from auth.errors import BadRequestError, RateLimitedError, UnavailableError
from auth.identifiers import OrganizationId
from resolvers import feed as feeds
from resolvers import followers, recent_events
from resolvers.event_cursors import Cursor
from resolvers.feed import EventFeed
from resolvers.followers import Follower
from resolvers.lookups import Lookups
from resolvers.rounds import Rounds
from server import Settings
from storage import failures
from storage.audit_actions import AuditAction
from storage.database import Database, new_id
from storage.embedded import EmbeddedDatabase
from storage.event_stream import Event
from storage.events import EventKind
from tests.storage import happenings
from tests.storage.directory import until

_SECONDS = 30.0
ACME, OTHER = OrganizationId(new_id()), OrganizationId(new_id())


@contextlib.asynccontextmanager
async def opened(database: Database, limit: int = 1000) -> AsyncIterator[EventFeed]:
    """Run a feed."""
    lookups = Lookups(database)
    feed = EventFeed(lookups, Rounds(lookups), limit)
    yield feed
    await feed.close()


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[EventFeed]:
    """A feed."""
    async with opened(database) as feed:
        yield feed


async def following(feed: EventFeed, cursor: Cursor | None = None) -> AsyncGenerator[tuple[Cursor, int], None]:
    """Follow documents: yield each cursor with the version that it stands behind."""
    async with feed.following(ACME, EventKind.DOCUMENTS) as follower:
        rest = None if cursor is None else await feed.resume(follower, cursor)
        if cursor is not None and rest is not None:
            for found in cursors(rest, cursor.change + 1):
                yield found
        while True:
            event = await next_event(follower)
            for found in cursors(event):
                yield found


async def next_event(follower: Follower) -> Event:
    """Return the next event, whatever rounds there are."""
    async with asyncio.timeout(_SECONDS):
        while (event := await follower.next()) is None:
            follower.take_round()
        return event


def cursors(event: Event, first: int = 0) -> list[tuple[Cursor, int]]:
    """Return the cursors of an event's changes with their versions."""
    last = len(event.changes) - 1
    return [
        (Cursor(event.token) if number == last else Cursor(event.token, event.id, number), change.version)
        for number, change in enumerate(event.changes)
        if number >= first
    ]


async def take(events: AsyncGenerator[tuple[Cursor, int], None], count: int) -> list[int]:
    """Return the next versions."""
    return [(await anext(events))[1] for _ in range(count)]


async def test_every_process_hears_everything_in_order(database: Database, settings: Settings) -> None:
    """Two feeds with clients of their own, a batch of a hundred among the events, and nothing of others."""
    assert settings.mongodb_uri is not None
    second = Database(settings.mongodb_uri.get_secret_value(), settings.database)
    async with (
        opened(database) as one,
        opened(second) as two,
        one.following(ACME, EventKind.DOCUMENTS) as here,
        two.following(ACME, EventKind.DOCUMENTS) as there,
    ):
        await happenings.documents(database, ACME, 1)
        await happenings.documents(second, OTHER, 1000)
        await happenings.act(database, ACME, AuditAction.STORE_EXPORTED)
        await happenings.documents(second, ACME, *range(2, 102))
        for follower in (here, there):
            heard = [await next_event(follower) for _ in range(2)]
            assert [change.version for event in heard for change in event.changes] == list(range(1, 102))
    await second.close()


@pytest.mark.parametrize("recent", [5000, 0])
async def test_resuming_begins_behind_each_cursor(
    database: Database, feed: EventFeed, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    """Also within an event that tells of several changes, whether it is still remembered or not."""
    monkeypatch.setattr(recent_events, "_MAX_WEIGHT", recent)
    events = following(feed)
    first = asyncio.ensure_future(anext(events))
    await until(lambda: feed.is_open and feed.count(ACME) == 1)
    for versions in ([1], [2, 3, 4], [5]):
        await happenings.documents(database, ACME, *versions)
        await happenings.documents(database, OTHER, 1000)
    found = [await first] + [await anext(events) for _ in range(4)]
    for cursor, version in found:
        again = following(feed, cursor)
        assert await take(again, 5 - version) == list(range(version + 1, 6))
        await again.aclose()
    late = following(feed, found[2][0])
    assert await take(late, 2) == [4, 5]
    await happenings.documents(database, ACME, 6)
    assert await take(late, 1) == await take(events, 1) == [6]
    await late.aclose()
    await events.aclose()


async def reader(feed: EventFeed, cursor: Cursor, total: int, seed: int) -> list[int]:
    """Follow with many disconnections, coming back each time with the last cursor, until all is heard."""
    chance, heard = random.Random(seed), list[int]()
    while len(heard) < total:
        events = following(feed, cursor)
        for _ in range(chance.randrange(1, 30)):
            if len(heard) == total:
                break
            cursor, version = await anext(events)
            heard.append(version)
        await events.aclose()
        await asyncio.sleep(chance.choice([0, 0, 0.05]))
    return heard


async def test_nothing_is_missed_or_doubled_by_coming_back(
    database: Database, feed: EventFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several writers, and readers that come and go, with cursors that are remembered and others that are not."""
    monkeypatch.setattr(recent_events, "_MAX_WEIGHT", 20)
    monkeypatch.setattr(feeds, "_LINGER_SECONDS", 0.0)
    start = following(feed)
    begun = asyncio.ensure_future(anext(start))
    await until(lambda: feed.is_open)
    await happenings.documents(database, ACME, 0)
    cursor, _ = await begun
    await start.aclose()

    async def write(first: int) -> None:
        for number in range(first, first + 60, 3):
            await happenings.documents(database, ACME, number, number + 1, number + 2)
            await happenings.documents(database, OTHER, 1000)

    readers = [asyncio.ensure_future(reader(feed, cursor, 240, seed)) for seed in range(4)]
    await asyncio.gather(*(write(1 + 60 * number) for number in range(4)))
    heard = await asyncio.wait_for(asyncio.gather(*readers), 2 * _SECONDS)
    assert sorted(heard[0]) == list(range(1, 241))
    assert all(versions == heard[0] for versions in heard)
    for first in range(1, 241, 60):
        of_writer = [version for version in heard[0] if first <= version < first + 60]
        assert of_writer == sorted(of_writer)


async def test_who_is_too_slow_is_dropped_alone(
    database: Database, feed: EventFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others get everything; the one who comes back with the last cursor does, too."""
    monkeypatch.setattr(followers, "_MAX_WAITING", 5)
    quick, slow = following(feed), following(feed)
    upcoming = [asyncio.ensure_future(anext(events)) for events in (quick, slow)]
    await until(lambda: feed.is_open and feed.count(ACME) == 2)
    await happenings.documents(database, ACME, 1)
    (_, _), (cursor, _) = await asyncio.gather(*upcoming)
    for version in range(2, 9):
        await happenings.documents(database, ACME, version)
        assert await take(quick, 1) == [version]
    with pytest.raises(UnavailableError, match="last cursor"):
        await anext(slow)
    again = following(feed, cursor)
    assert await take(again, 7) == list(range(2, 9))
    await again.aclose()
    await quick.aclose()


async def test_stream_is_open_while_somebody_follows(
    database: Database, feed: EventFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened for the first, shared by the second, and closed after the last."""
    monkeypatch.setattr(feeds, "_LINGER_SECONDS", 0.1)
    assert not feed.is_open
    async with feed.following(ACME, EventKind.ACT):
        async with feed.following(OTHER, EventKind.ACT):
            assert feed.is_open
        assert feed.is_open
    await until(lambda: not feed.is_open)
    async with feed.following(ACME, EventKind.DOCUMENTS) as follower:
        await happenings.documents(database, ACME, 1)
        assert (await next_event(follower)).changes[0].version == 1


async def test_there_is_a_limit_for_each_organization(database: Database) -> None:
    """One more is refused until one has gone; another organization is another matter."""
    async with opened(database, limit=1) as feed:
        async with feed.following(ACME, EventKind.ACT):
            with pytest.raises(RateLimitedError):
                async with feed.following(ACME, EventKind.DOCUMENTS):
                    pass
            assert feed.count(ACME) == 1
            async with feed.following(OTHER, EventKind.ACT):
                pass
        async with feed.following(ACME, EventKind.ACT):
            pass


@pytest.mark.parametrize("token", ["00", "82abab", "3300000010730002000000117400"])
async def test_token_of_nowhere_is_refused(feed: EventFeed, token: str) -> None:
    """Also one that no server has given."""
    with pytest.raises(BadRequestError, match="does not reach back"):
        await anext(following(feed, Cursor(token)))


async def test_event_that_is_gone_cannot_be_gone_on_within(database: Database, feed: EventFeed) -> None:
    """The rest of its changes is not known any more."""
    events = following(feed)
    first = asyncio.ensure_future(anext(events))
    await until(lambda: feed.is_open)
    await happenings.documents(database, ACME, 1, 2)
    cursor, _ = await first
    await events.aclose()
    await database["events"].delete_one({"_id": cursor.event_id})
    with pytest.raises(BadRequestError, match="does not reach back"):
        await anext(following(feed, cursor))


async def test_act_that_may_end_rights_comes_after_a_round(database: Database, feed: EventFeed) -> None:
    """Whatever was told before or after it waits until the caller was looked after; others' acts are no matter."""
    async with feed.following(ACME, EventKind.ACT) as follower, feed.following(OTHER, EventKind.ACT) as other:
        await happenings.act(database, ACME, AuditAction.SESSION_ENDED, 1)
        await happenings.act(database, OTHER, AuditAction.STORE_EXPORTED, 1)
        assert (await asyncio.wait_for(other.next(), _SECONDS)) is not None
        assert await follower.next() is None
        assert follower.take_round() is not None
        assert await follower.next() is not None
        assert follower.take_round() is None


async def test_feed_goes_on_when_the_database_comes_back(tmp_path: Path) -> None:
    """It was killed, and what is written after its return is heard, as is what a cursor of before leads to."""
    embedded = EmbeddedDatabase(tmp_path)
    embedded.launch()
    try:
        database = Database(embedded.wait_until_ready(), "tenantry")
        async with opened(database) as feed:
            events = following(feed)
            first = asyncio.ensure_future(anext(events))
            await until(lambda: feed.is_open)
            await happenings.documents(database, ACME, 1, 2)
            cursor, _ = await first
            embedded.watch()
            os.kill(json.loads((tmp_path / "database.json").read_text())["pid"], signal.SIGKILL)
            await failures.outlasting(
                lambda: happenings.documents(database, ACME, 3), deadline=time.monotonic() + _SECONDS
            )
            assert await take(events, 2) == [2, 3]
            async with opened(database) as other:
                again = following(other, cursor)
                assert await take(again, 2) == [2, 3]
                await again.aclose()
            await events.aclose()
        await database.close()
    finally:
        embedded.stop()
