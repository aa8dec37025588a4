"""Refuses at once what cannot be served soon, so that what is served stays fast."""

import contextlib
from collections.abc import Iterator

from schema.problems import ProblemError

_MESSAGE = "There is too much to do just now. Try again shortly."


class Capacity:
    """How many requests a process executes at once: those whose bodies have come, until their answers begin."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way = 0

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Execute one of them; raise `ProblemError` if there are as many as there may be."""
        if self._under_way >= self._limit:
            raise overloaded()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


def overloaded() -> ProblemError:
    """Return the problem that there is too much to do just now."""
    return ProblemError(503, _MESSAGE, {"Retry-After": "1"})
