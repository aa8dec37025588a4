"""Which of the driver's errors mean that the database cannot answer now, and how to wait until it can."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

_TEMPORARY = (AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError, ExecutionTimeout, WTimeoutError)
_INTERRUPTED = 11601
_PAUSE_SECONDS = 0.25
_T = TypeVar("_T")


def is_from_database(error: BaseException) -> bool:
    """Tell whether the database or the way to it failed, for whatever reason."""
    return isinstance(error, PyMongoError | TimeoutError)


def is_temporary(error: BaseException) -> bool:
    """Tell whether the same request may succeed later: no connection, no time left, too many conflicts."""
    if not isinstance(error, PyMongoError):
        return isinstance(error, TimeoutError)
    return (
        isinstance(error, _TEMPORARY)
        or error.timeout
        or getattr(error, "code", None) == _INTERRUPTED
        or error.has_error_label("TransientTransactionError")
        or error.has_error_label("UnknownTransactionCommitResult")
    )


async def outlasting(work: Callable[[], Awaitable[_T]], deadline: float) -> _T:
    """Return what `work` does, tried again while the database fails, until an instant of `time.monotonic`."""
    while True:
        try:
            return await work()
        except PyMongoError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
