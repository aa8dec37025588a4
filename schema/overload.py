"""Refuses at once what cannot be served soon, so that what is served stays fast."""

from schema import metrics
from schema.problems import ProblemError

_MESSAGE = "There is too much to do just now. Try again shortly."


class Capacity:
    """How many requests a process executes at once: those whose bodies have come, until their answers begin."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way = 0

    def __enter__(self) -> None:
        """Begin to execute one of them; raise `ProblemError` if there are as many as there may be."""
        if self._under_way >= self._limit:
            raise overloaded()
        self._under_way += 1
        metrics.EXECUTING.inc()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._under_way -= 1
        metrics.EXECUTING.dec()


def overloaded() -> ProblemError:
    """Return the problem that there is too much to do just now, and count it."""
    metrics.REFUSED_REQUESTS.inc()
    return ProblemError(503, _MESSAGE, {"Retry-After": "1"})
