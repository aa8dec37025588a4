"""What kind of operation a request has: told where its document is known, heard by who counts requests."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Observed:
    """What is known of an operation: query, mutation, subscription, or unknown as yet."""

    kind: str = "unknown"


_observed: ContextVar[Observed | None] = ContextVar("observed", default=None)


def observe() -> Observed:
    """Return what is going to hold the kind of the operation that this task executes."""
    observed = Observed()
    _observed.set(observed)
    return observed


def tell(kind: str) -> None:
    """Say of what kind the operation is."""
    observed = _observed.get()
    if observed is not None:
        observed.kind = kind
