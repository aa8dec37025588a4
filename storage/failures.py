"""Which of the driver's errors mean that the database cannot answer now."""

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
