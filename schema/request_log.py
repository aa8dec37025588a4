"""Middleware that logs one line a request: never a query, a variable, a token, or a query string."""

import re
import time
from typing import Any

import structlog
from starlette.types import Message, Receive, Scope, Send

from schema.http_middleware import HTTPMiddleware

_KEY = "tenantry.request_log"
_IDS = re.compile(r"(?<=/organizations/)[^/]+|(?<=/import/)[^/]+")
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_log = structlog.get_logger()


class RequestLogMiddleware(HTTPMiddleware):
    """Logs method, path, status and duration, and what the endpoint has noted."""

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 500
        scope[_KEY] = {}

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                path=_IDS.sub("-", scope["path"]),
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 2),
                client=scope["client"][0] if scope.get("client") else None,
                **scope[_KEY],
            )


def note(scope: Scope, *, operation: str | None = None, errors: list[str] | None = None) -> None:
    """Add to the request's log line: the name of the operation, if it is one, and the codes of its errors."""
    scope[_KEY].update(described(operation, errors))


def described(operation: str | None, errors: list[str] | None) -> dict[str, Any]:
    """Return what a log line says about an operation."""
    line: dict[str, Any] = {}
    if operation is not None and _NAME.fullmatch(operation):
        line["operation"] = operation
    if errors:
        line["errors"] = errors
    return line
