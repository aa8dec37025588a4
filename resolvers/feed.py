"""The feed: all events that this process hears of, by one change stream, and those who follow them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine

import structlog

from auth.errors import BadRequestError, RateLimitedError, TenantryError, UnavailableError
from auth.identifiers import OrganizationId
from resolvers import metrics
from resolvers.event_cursors import Cursor
from resolvers.followers import Follower
from resolvers.loaders import Loaders
from resolvers.lookups import Lookups
from resolvers.recent_events import RecentEvents
from resolvers.rounds import Rounds
from resolvers.sharing import SharedEvent
from storage import event_stream, events
from storage.audit_actions import AuditAction
from storage.database import new_id
from storage.event_stream import Event, EventStream, HistoryLostError
from storage.events import EventKind
from storage.failures import is_from_database

_LINGER_SECONDS = 3.0
_NO_PROGRESS_SECONDS = 10.0
_CATCHING_UP_AT_ONCE = 4
_SHARED_SETS = 16
_ENDING = ("session:", "admin:", "organization:")
_HARMLESS = {AuditAction.SESSION_OPENED, AuditAction.SESSION_LOGIN_FAILED}
_log = structlog.get_logger()


class EventFeed:
    """Lets up to `limit` callers an organization follow events; the stream is open for as long as somebody follows."""

    def __init__(self, lookups: Lookups, rounds: Rounds, limit: int) -> None:
        self._lookups = lookups
        self._database = lookups.database
        self._rounds = rounds
        self._limit = limit
        self._followers: dict[OrganizationId, set[Follower]] = {}
        self._shared: dict[str, SharedEvent] = {}
        self._recent = RecentEvents()
        self._opened: asyncio.Future[None] | None = None
        self._wanted_until = 0.0
        self._closed = False
        self._catching_up = asyncio.Semaphore(_CATCHING_UP_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether there is a stream."""
        return self._opened is not None

    def count(self, organization_id: OrganizationId) -> int:
        """Return how many follow an organization."""
        return len(self._followers.get(organization_id, ()))

    @contextlib.asynccontextmanager
    async def following(self, organization_id: OrganizationId, kind: EventKind) -> AsyncGenerator[Follower, None]:
        """Let somebody follow what happens from now on.

        Raises `RateLimitedError` if too many follow the organization already, and `UnavailableError`.
        """
        if self._closed:
            raise UnavailableError
        if self.count(organization_id) >= self._limit:
            raise RateLimitedError("Too much of this organization is followed already: end a subscription first.")
        follower = Follower(organization_id, kind)
        self._followers.setdefault(organization_id, set()).add(follower)
        metrics.SUBSCRIPTIONS.inc()
        try:
            await self._open()
            yield follower
        finally:
            metrics.SUBSCRIPTIONS.dec()
            follower.fail(UnavailableError())
            self._remove(follower)

    async def resume(self, follower: Follower, cursor: Cursor) -> Event | None:
        """Have a new follower hear first of what came after a cursor; return the event that the cursor is within.

        Raises `BadRequestError`, now or from the follower, if the history does not reach back to it.
        """
        event = None if cursor.event_id is None else await self._find(follower, cursor, cursor.event_id)
        missed = self._recent.since(cursor.token, follower.organization_id)
        if missed is not None:
            follower.replay(missed)
        else:
            mark = new_id()
            follower.begin_to_catch_up(mark)
            self._start(self._catch_up(follower, cursor.token, mark))
        return event

    def shared(self, event: Event) -> SharedEvent:
        """Return what all share who hear of an event at about the same time."""
        shared = self._shared.get(event.token)
        if shared is None:
            shared = self._shared[event.token] = SharedEvent(Loaders(self._lookups))
            while len(self._shared) > _SHARED_SETS:
                del self._shared[next(iter(self._shared))]
        return shared

    async def close(self) -> None:
        """End all following, and the stream."""
        self._closed = True
        self._fail_all(UnavailableError())
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _find(self, follower: Follower, cursor: Cursor, event_id: str) -> Event:
        document = await events.find(self._database, follower.organization_id, event_id)
        if document is None:
            raise _history_lost()
        return event_stream.from_document(document, cursor.token)

    def _remove(self, follower: Follower) -> None:
        present = self._followers[follower.organization_id]
        present.discard(follower)
        if not present:
            del self._followers[follower.organization_id]
        self._wanted_until = asyncio.get_running_loop().time() + _LINGER_SECONDS

    async def _open(self) -> None:
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._recent = RecentEvents()
            self._start(self._read(self._opened))
        await asyncio.shield(self._opened)

    def _wanted(self) -> bool:
        lingers = asyncio.get_running_loop().time() < self._wanted_until
        return not self._closed and (bool(self._followers) or lingers)

    async def _read(self, opened: asyncio.Future[None]) -> None:
        stream, looking_after = EventStream(self._database), asyncio.create_task(self._look_after())
        try:
            await stream.open()
            opened.set_result(None)
            while self._wanted():
                event = await stream.next()
                if event is not None:
                    self._tell(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, each of them has to know
            self._stopped(opened, error)
        finally:
            self._opened = None
            looking_after.cancel()
            await stream.close()

    def _stopped(self, opened: asyncio.Future[None], error: Exception) -> None:
        if not opened.done():
            opened.set_exception(error)
            opened.exception()  # Looked at, in case that all who waited are gone.
            return
        _log.warning("event stream stopped", error=type(error).__name__)
        self._fail_all(UnavailableError("Events were missed: read anew, and subscribe without a cursor."))

    def _tell(self, event: Event) -> None:
        self._recent.add(event)
        ending = self._rounds.begin(event.organization_id) if _may_end_rights(event) else None
        for follower in self._followers.get(event.organization_id, ()):
            if ending is not None:
                follower.look_after(ending)
            follower.tell(event)

    async def _look_after(self) -> None:
        while True:
            loaders = await self._rounds.wait(None)
            for followers in self._followers.values():
                for follower in followers:
                    follower.look_after(loaders)

    def _fail_all(self, failure: TenantryError) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.fail(failure)

    async def _catch_up(self, follower: Follower, token: str, mark: str) -> None:
        """Have a follower hear of what came after a token, up to a mark that is set for this."""
        stream = EventStream(self._database, organization_id=follower.organization_id, after=token)
        try:
            async with self._catching_up:
                if not follower.over:
                    await stream.open()
                    await events.mark(self._database, follower.organization_id, mark)
                    await self._read_up_to(mark, stream, follower)
        except HistoryLostError:
            follower.fail(_history_lost())
        except Exception as error:
            follower.fail(UnavailableError())
            if not is_from_database(error):
                raise
        finally:
            await stream.close()
            follower.caught_up()

    async def _read_up_to(self, mark: str, stream: EventStream, follower: Follower) -> None:
        """Raises `TimeoutError` if there is no progress."""
        loop = asyncio.get_running_loop()
        seen, deadline = stream.token, loop.time() + _NO_PROGRESS_SECONDS
        while not follower.over:
            event = await stream.next()
            if event is not None and event.id == mark:
                return
            if event is not None:
                if _may_end_rights(event):
                    follower.look_after(Loaders(self._lookups))
                await follower.catch_up(event, _NO_PROGRESS_SECONDS)
            if stream.token != seen:
                seen, deadline = stream.token, loop.time() + _NO_PROGRESS_SECONDS
            elif loop.time() > deadline:
                raise TimeoutError

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _may_end_rights(event: Event) -> bool:
    if event.act is None or event.act.action in _HARMLESS:
        return False
    return event.act.action.startswith(_ENDING)


def _history_lost() -> BadRequestError:
    return BadRequestError("The history does not reach back to this cursor: read anew, and subscribe without one.")
