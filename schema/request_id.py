"""The name of a request: the client's own `X-Request-ID` if it is a harmless word, else a new one."""

import os
import re
from contextvars import ContextVar

from starlette.types import Scope
from structlog.typing import EventDict, WrappedLogger

_HEADER = b"x-request-id"
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_KEY = "tenantry.request_id"
_present: ContextVar[str | None] = ContextVar("request_id", default=None)


def assign(scope: Scope) -> None:
    """Name a request, and have all that its task logs carry the name."""
    given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    if _ACCEPTABLE.fullmatch(given):
        scope[_KEY] = given.decode()
        _present.set(scope[_KEY])
    else:
        scope[_KEY] = new()


def new() -> str:
    """Return an id that all carry which this task logs from now on."""
    request_id = os.urandom(16).hex()
    _present.set(request_id)
    return request_id


def add_to_log(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the id to a line, as a processor of structlog."""
    request_id = _present.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def of(scope: Scope) -> str:
    """Return the id of a request."""
    request_id: str = scope[_KEY]
    return request_id


def header(scope: Scope) -> tuple[bytes, bytes]:
    """Return the header field that tells a client the id."""
    return _HEADER, of(scope).encode()
