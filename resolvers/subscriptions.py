"""Subscriptions: events, for as long as the caller may see them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TypeVar

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import charges, event_cursors
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.event_cursors import Cursor
from resolvers.followers import Follower
from resolvers.loaders import Loaders
from resolvers.sharing import Share
from storage.event_stream import Event
from storage.events import EventKind
from storage.failures import is_temporary

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Moment:
    """An event, or one change of an event that tells of several."""

    event: Event
    change: int = 0

    @property
    def cursor(self) -> str:
        """Where to go on after it."""
        event, last = self.event, self.change >= len(self.event.changes) - 1
        cursor = Cursor(event.token) if last else Cursor(event.token, event.id, self.change)
        return event_cursors.encode(event.kind, event.organization_id, cursor)


class _Gate:
    """Lets the events of one subscription pass for as long as its caller may see them."""

    def __init__(self, context: RequestContext, permission: Permission, organization_id: OrganizationId) -> None:
        self._context = context
        self._permission = permission
        self._organization_id = organization_id
        self._loaders = context.loaders
        self._is_certain = False

    async def look_after(self, loaders: Loaders) -> None:
        """Look the caller up anew in a round, or in a later one if there is no database now."""
        self._is_certain = False
        try:
            await self._authorize(loaders)
        except Exception as error:
            if not is_temporary(error):
                raise

    async def let_pass(self, loaders: Loaders | None) -> None:
        """Look the caller up if there is a round, if the last one came to nothing, or if the token has ended."""
        if loaders is not None or not self._is_certain or self._context.claims() is None:
            await self._authorize(loaders or Loaders(self._context.services.lookups))

    def rest(self) -> None:
        """Let go of what is shared about an event."""
        self._context.loaders, self._context.share = self._loaders, None

    async def _authorize(self, loaders: Loaders) -> None:
        self._is_certain = False
        self._loaders = loaders
        self._context.renew(loaders)
        await authorize(self._context, self._permission, self._organization_id)
        self._is_certain = True


async def follow(
    context: RequestContext,
    permission: Permission,
    organization_id: OrganizationId,
    kind: EventKind,
    after: str | None = None,
) -> AsyncGenerator[Moment | None, None]:
    """Yield None when the following has begun, and then what happens, or has happened after a cursor.

    The fields of an event are loaded together for all who hear of it. Raises `BadRequestError` for a cursor that cannot
    be gone on from, `RateLimitedError`, at the beginning or instead of an event that cannot be paid, `UnavailableError`
    for a caller who is too slow, and `UnauthenticatedError` or `ForbiddenError` instead of the first event that the
    caller may not see any more, or within five seconds.
    """
    cursor = None if after is None else event_cursors.decode(kind, organization_id, after)
    feed, gate = context.services.feed, _Gate(context, permission, organization_id)
    async with feed.following(organization_id, kind) as follower:
        await gate.let_pass(None)
        rest = None if cursor is None else await feed.resume(follower, cursor)
        yield None
        if rest is not None and cursor is not None:
            async for moment in _moments(context, gate, follower, rest, cursor.change + 1):
                yield moment
        while True:
            event = await follower.next()
            if event is not None:
                async for moment in _moments(context, gate, follower, event):
                    yield moment
            elif (due := follower.take_round()) is not None:
                await gate.look_after(due)


async def _moments(
    context: RequestContext, gate: _Gate, follower: Follower, event: Event, first: int = 0
) -> AsyncGenerator[Moment, None]:
    for number in range(first, max(1, len(event.changes))):
        await gate.let_pass(follower.take_round())
        await charges.pay_event(context)
        shared, principal = context.services.feed.shared(event), await context.principal()
        context.loaders = shared.loaders
        if event.kind is not EventKind.MIGRATION:  # Which move is told of is not the event's to say.
            context.share = Share(shared.results, (principal.rights, number))
        yield Moment(event, number)
    gate.rest()


async def while_allowed(
    context: RequestContext,
    permission: Permission,
    organization_id: OrganizationId,
    pieces: AsyncGenerator[_T, None],
) -> AsyncGenerator[_T, None]:
    """Yield what is an organization's; before each piece, everything about the caller is looked up anew.

    Raises `UnauthenticatedError` or `ForbiddenError` instead of the first piece that the caller may not see any more,
    or within five seconds when there is none.
    """
    async with contextlib.aclosing(pieces):
        upcoming = asyncio.ensure_future(anext(pieces, None))
        try:
            while True:
                due = asyncio.ensure_future(context.services.rounds.wait(organization_id))
                await asyncio.wait({upcoming, due}, return_when=asyncio.FIRST_COMPLETED)
                due.cancel()
                context.renew()
                await authorize(context, permission, organization_id)
                if not upcoming.done():
                    continue
                piece = upcoming.result()
                if piece is None:
                    return
                yield piece
                upcoming = asyncio.ensure_future(anext(pieces, None))
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
