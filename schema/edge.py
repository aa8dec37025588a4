"""The outermost layer of HTTP: every request has an id, a line in the log, an answer, and header fields for browsers.

One layer and not one for each of these: that costs a tenth of a small request (docs/benchmarks/profile.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema import problems, request_id, security_headers
from schema.request_log import RequestLine

_log = structlog.get_logger()


class Edge:
    """ASGI middleware; it answers for an exception that nobody has caught, with no detail: all of it is in the log."""

    def __init__(self, app: ASGIApp, direct: Mapping[str, Route] | None = None) -> None:
        self._app = app
        self._direct = direct or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or hand on what is none of HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id.assign(scope)
        line = RequestLine(scope)

        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                line.begin(message["status"])
                headers = security_headers.completed(message["headers"], scope.get("scheme", "http"))
                message["headers"] = [*headers, request_id.header(scope)]
            await send(message)

        try:
            await self._next(scope)(scope, receive, send_completed)
        except Exception as error:
            _log.error("unforeseen error", exc_info=error)
            if line.has_begun:
                raise
            await problems.unforeseen(Request(scope))(scope, receive, send_completed)
        finally:
            line.write()

    def _next(self, scope: Scope) -> ASGIApp:
        """Return what serves a request: past the other layers, if no page of another site has sent it."""
        route = self._direct.get(scope["path"])
        if route is None or scope["method"] != "POST" or any(name == b"origin" for name, _ in scope["headers"]):
            return self._app
        scope["route"] = route
        return route.app


class Application(Starlette):
    """Starlette, with the edge around it; what is posted to the `direct` routes goes past its other layers."""

    def __init__(self, *, direct: Sequence[Route], **arguments: Any) -> None:  # noqa: ANN401 - Starlette's
        super().__init__(**arguments)
        self._direct = {route.path: route for route in direct}

    def build_middleware_stack(self) -> ASGIApp:
        """Build all layers."""
        return Edge(super().build_middleware_stack(), self._direct)
