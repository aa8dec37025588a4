"""Logs and counts requests, one line each: never a query, a variable, a token, or a query string."""

import re
import time
from typing import Any

import structlog
from starlette.types import Scope

from schema import metrics, operation_kinds
from schema.refresh_cookies import PATH

_KEY = "tenantry.request_log"
_IDS = re.compile(r"(?<=/organizations/)[^/]+|(?<=/import/)[^/]+")
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_log = structlog.get_logger()


class RequestLine:
    """What is logged of a request: method, path, status and duration, and what the endpoint has noted; it counts."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._started = time.perf_counter()
        self._answered = 0.0
        self._status = 500
        self._observed = operation_kinds.observe()
        scope[_KEY] = {}

    @property
    def has_begun(self) -> bool:
        """Whether the answer has begun."""
        return self._answered > 0

    def begin(self, status: int) -> None:
        """Hear that the answer begins."""
        self._status, self._answered = status, time.perf_counter()

    def write(self) -> None:
        """Count the request, and log it."""
        scope, ended = self._scope, time.perf_counter()
        metrics.count_request(scope, self._status, (self._answered or ended) - self._started)
        if scope["path"] == PATH and scope["method"] != "OPTIONS":
            metrics.count_operation(self._observed.kind, scope[_KEY].get("errors") or metrics.codes_of(self._status))
        _log.info(
            "request",
            method=scope["method"],
            path=_IDS.sub("-", scope["path"]),
            status=self._status,
            duration_ms=round((ended - self._started) * 1000, 2),
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
