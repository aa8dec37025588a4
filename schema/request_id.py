"""Middleware that names every request: the client's own `X-Request-ID` if it is a harmless word, else a new one."""

import re
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from schema.http_middleware import HTTPMiddleware

_HEADER = "X-Request-ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = "tenantry.request_id"


class RequestIDMiddleware(HTTPMiddleware):
    """Puts the request id into the scope, the log and the response."""

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get(_HEADER, "")
        scope[_KEY] = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_HEADER] = of(scope)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=of(scope)):
            await self._app(scope, receive, send_with_id)


def of(scope: Scope) -> str:
    """Return the id of a request."""
    request_id: str = scope[_KEY]
    return request_id
