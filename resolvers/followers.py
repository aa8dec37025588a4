"""Followers: each hears the events of one kind of one organization, in their order, and when to be looked after."""

import asyncio
from collections import deque
from collections.abc import Iterable

from auth.errors import TenantryError, UnavailableError
from auth.identifiers import OrganizationId
from resolvers.loaders import Loaders
from storage.event_stream import Event
from storage.events import EventKind

_MAX_WAITING = 256
_TOO_SLOW = "Events come faster than you take them: subscribe again after the last cursor that you have."


class Follower:
    """The mailbox of one subscription: what it has missed, and what happens now.

    What only says that something has changed (a move) is kept once.
    """

    def __init__(self, organization_id: OrganizationId, kind: EventKind) -> None:
        self.organization_id = organization_id
        self.kind = kind
        self._past: deque[Event] = deque()
        self._present: deque[Event] = deque()
        self._round: Loaders | None = None
        self._failure: TenantryError | None = None
        self._mark: str | None = None
        self._catching_up = False
        self._news = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self._failure is not None

    async def next(self) -> Event | None:
        """Return the next event, or None if before it the caller has to be looked after.

        Raises what has ended the following.
        """
        while (event := self._take()) is None and self._round is None:
            self._news.clear()
            await self._news.wait()
        return event

    def take_round(self) -> Loaders | None:
        """Return the loaders of a round that is due."""
        loaders, self._round = self._round, None
        return loaders

    def tell(self, event: Event) -> None:
        """Hear of something that happens now."""
        if self._mark is not None:
            if event.id == self._mark:
                self._mark = None
        elif event.kind is self.kind:
            self._add(event)

    def look_after(self, loaders: Loaders) -> None:
        """Hear of a round: nothing is told before the caller was looked after."""
        self._round = loaders
        self._news.set()

    def fail(self, failure: TenantryError) -> None:
        """Hear that nothing comes any more."""
        self._failure = self._failure or failure
        self._past.clear()
        self._present.clear()
        self._news.set()
        self._taken.set()

    def replay(self, events: Iterable[Event]) -> None:
        """Hear at once of all that was missed up to now."""
        self._present.clear()
        self._past.extend(event for event in events if event.kind is self.kind)
        self._news.set()

    def begin_to_catch_up(self, mark: str) -> None:
        """Hear of what happens now only behind the mark, and only after the rest was caught up with."""
        self._present.clear()
        self._mark, self._catching_up = mark, True

    async def catch_up(self, event: Event, seconds: float) -> None:
        """Hear of something that was missed, when there is room for it; too slow who makes none in time."""
        if event.kind is not self.kind:
            return
        while len(self._past) >= _MAX_WAITING and not self.over:
            self._taken.clear()
            try:
                await asyncio.wait_for(self._taken.wait(), seconds)
            except TimeoutError:
                self.fail(UnavailableError(_TOO_SLOW))
        if not self.over:
            self._past.append(event)
            self._news.set()

    def caught_up(self) -> None:
        """Go on with what happens now."""
        self._catching_up = False
        self._news.set()

    def _add(self, event: Event) -> None:
        if self.kind is EventKind.MIGRATION:
            self._present.clear()
        if len(self._present) >= _MAX_WAITING:
            self.fail(UnavailableError(_TOO_SLOW))
        elif not self.over:
            self._present.append(event)
            self._news.set()

    def _take(self) -> Event | None:
        if self._failure is not None:
            raise self._failure
        if self._round is not None:
            return None
        if self._past:
            self._taken.set()
            return self._past.popleft()
        return self._present.popleft() if self._present and not self._catching_up else None
