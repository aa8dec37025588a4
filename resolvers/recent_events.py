"""The most recent events, for those who come back soon."""

from collections import deque

from auth.identifiers import OrganizationId
from storage.event_stream import Event

_MAX_WEIGHT = 5000


class RecentEvents:
    """All events of the last while, without a gap up to now; one with many changes weighs as much as they."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._weight = 0

    def add(self, event: Event) -> None:
        """Keep an event, and let go of the oldest ones."""
        self._events.append(event)
        self._weight += _weight(event)
        while self._weight > _MAX_WEIGHT:
            self._weight -= _weight(self._events.popleft())

    def since(self, token: str, organization_id: OrganizationId) -> list[Event] | None:
        """Return the organization's events that came after the one of a token; None if that one is not there."""
        found: list[Event] = []
        for event in reversed(self._events):
            if event.token == token:
                return found[::-1]
            if event.organization_id == organization_id:
                found.append(event)
        return None


def _weight(event: Event) -> int:
    return max(1, len(event.changes))
