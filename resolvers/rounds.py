"""Rounds: whether callers who have something open may go on is asked anew, and together, every five seconds.

What somebody has done that can end rights begins a round for its organization at once.
"""

import asyncio

from auth.identifiers import OrganizationId
from resolvers.loaders import Loaders
from resolvers.lookups import Lookups

_SECONDS = 5.0


class Rounds:
    """Lets everyone who waits for the next round share one set of loaders, which knows nothing old."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._upcoming: dict[OrganizationId | None, asyncio.Future[Loaders]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, organization_id: OrganizationId | None) -> Loaders:
        """Return the loaders of the next round that concerns an organization, or none in particular."""
        loop = asyncio.get_running_loop()
        upcoming = self._upcoming.setdefault(organization_id, loop.create_future())
        if self._timer is None:
            self._timer = loop.call_later(_SECONDS, self._begin_for_all)
        return await asyncio.shield(upcoming)

    def begin(self, organization_id: OrganizationId) -> Loaders:
        """Begin a round for one organization; return its loaders."""
        loaders = Loaders(self._lookups)
        upcoming = self._upcoming.pop(organization_id, None)
        if upcoming is not None:
            upcoming.set_result(loaders)
        return loaders

    def _begin_for_all(self) -> None:
        self._timer = None
        upcoming, self._upcoming = self._upcoming, {}
        loaders = Loaders(self._lookups)
        for one in upcoming.values():
            one.set_result(loaders)
