"""Subscriptions: events, for as long as the caller may see them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TypeVar

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize
from resolvers.context import RequestContext

_RECHECK_SECONDS = 5.0
_T = TypeVar("_T")


async def while_allowed(
    context: RequestContext,
    permission: Permission,
    organization_id: OrganizationId,
    events: AsyncGenerator[_T, None],
) -> AsyncGenerator[_T, None]:
    """Yield an organization's events; before each, everything about the caller is looked up anew.

    Raises `UnauthenticatedError` or `ForbiddenError` instead of the first event that the caller may not see any more,
    or within five seconds when there is none.
    """
    async with contextlib.aclosing(events):
        upcoming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                await asyncio.wait({upcoming}, timeout=_RECHECK_SECONDS)
                context.renew()
                await authorize(context, permission, organization_id)
                if not upcoming.done():
                    continue
                event = upcoming.result()
                if event is None:
                    return
                yield event
                upcoming = asyncio.ensure_future(anext(events, None))
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
