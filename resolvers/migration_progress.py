"""The progress of moves: one reader of the journal for all in this process who follow the same organization."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from auth.identifiers import MigrationId, OrganizationId
from storage import migrations
from storage.database import Database
from storage.migrations import MigrationRecord, MigrationState
from storage.pages import PageRequest

_INTERVAL_SECONDS = 0.25
_LATEST = PageRequest(limit=10)
_OVER = {MigrationState.CLEANED, MigrationState.ROLLED_BACK}


class _Follower:
    """Someone who follows one move: the mailbox holds the latest state that was not taken yet."""

    def __init__(self) -> None:
        self._over_before: set[MigrationId] | None = None
        self._latest: MigrationRecord | None = None
        self._mailbox: asyncio.Queue[MigrationRecord | Exception] = asyncio.Queue(maxsize=1)

    def tell(self, moves: Sequence[MigrationRecord]) -> None:
        """Hear of the organization's latest moves, newest first; those that are over at first count for nothing."""
        if self._over_before is None:
            self._over_before = {move.id for move in moves if move.state in _OVER}
        if self._latest is not None and self._latest.state in _OVER:
            return
        move = next((move for move in reversed(moves) if move.id not in self._over_before), None)
        if move is not None and move != self._latest:
            self._latest = move
            self.put(move)

    def put(self, news: MigrationRecord | Exception) -> None:
        """Put news into the mailbox, in the place of older ones."""
        if self._mailbox.full():
            self._mailbox.get_nowait()
        self._mailbox.put_nowait(news)

    async def take(self) -> MigrationRecord:
        """Return the latest state as soon as there is one that was not taken; raise what has ended the reading."""
        news = await self._mailbox.get()
        if isinstance(news, Exception):
            raise news
        return news


@dataclass(frozen=True, slots=True)
class _Watch:
    """Those who follow one organization, and the task that reads for them."""

    followers: set[_Follower]
    reading: asyncio.Task[None]


class MigrationProgress:
    """Lets any number of callers follow moves; a journal is read for as long as somebody follows."""

    def __init__(self) -> None:
        self._watches: dict[OrganizationId, _Watch] = {}

    async def follow(
        self, database: Database, organization_id: OrganizationId
    ) -> AsyncGenerator[MigrationRecord, None]:
        """Yield the move that is under way, or the next to begin, at once and when it has changed, until it is over.

        Who takes its time misses states, but never the last one.
        """
        watch, follower = self._watch(database, organization_id), _Follower()
        watch.followers.add(follower)
        try:
            while True:
                move = await follower.take()
                yield move
                if move.state in _OVER:
                    return
        finally:
            watch.followers.discard(follower)
            if not watch.followers:
                self._stop(organization_id, watch)

    def _watch(self, database: Database, organization_id: OrganizationId) -> _Watch:
        watch = self._watches.get(organization_id)
        if watch is None or watch.reading.done():
            followers: set[_Follower] = set()
            watch = _Watch(followers, asyncio.create_task(_read(database, organization_id, followers)))
            self._watches[organization_id] = watch
        return watch

    def _stop(self, organization_id: OrganizationId, watch: _Watch) -> None:
        watch.reading.cancel()
        if self._watches.get(organization_id) is watch:
            del self._watches[organization_id]


async def _read(database: Database, organization_id: OrganizationId, followers: set[_Follower]) -> None:
    """Tell all followers what the journal says, four times a second: a change stream can do so in its place.

    Who comes during a read waits for the next one, which tells it what was over when it came.
    """
    try:
        while True:
            present = list(followers)
            moves = await migrations.find_page(database, organization_id, _LATEST)
            for follower in present:
                follower.tell(moves.items)
            await asyncio.sleep(_INTERVAL_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, each of them has to know
        for follower in followers:
            follower.put(error)
