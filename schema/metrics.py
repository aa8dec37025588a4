"""What the edge counts: requests, operations, connections, and what is refused."""

import functools
from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import Scope

from auth.errors import ErrorCode
from storage.metrics import REGISTRY

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_OTHER = "other"
_OK = "ok"
_GRAVE = (ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE, ErrorCode.RATE_LIMITED, ErrorCode.QUERY_TOO_COMPLEX)
_GRAVEST_FIRST = [*_GRAVE, *(code for code in ErrorCode if code not in _GRAVE)]
_OUTCOMES = {429: ErrorCode.RATE_LIMITED, 500: ErrorCode.INTERNAL, 503: ErrorCode.UNAVAILABLE}
_BAD_REQUESTS = range(400, 500)

REQUESTS = Counter(
    "tenantry_http_requests_total",
    "HTTP requests by method, route and class of status (2xx).",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "tenantry_http_request_duration_seconds",
    "How long it took until the answer to an HTTP request began.",
    ["route"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
OPERATIONS = Counter(
    "tenantry_graphql_operations_total",
    "GraphQL operations over all transports, by kind (unknown: its document was refused) and outcome: "
    "ok, or the gravest code of its errors.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
EXECUTING = Gauge(
    "tenantry_graphql_requests_in_progress",
    "GraphQL requests that are executed: those that TENANTRY_MAX_REQUESTS_AT_ONCE limits.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REFUSALS = Counter(
    "tenantry_overload_refusals_total",
    "What was refused with 503 since there was too much to do: request or connection.",
    ["what"],
    registry=REGISTRY,
)
REFUSED_REQUESTS, REFUSED_CONNECTIONS = map(REFUSALS.labels, ("request", "connection"))
CONNECTIONS = Gauge(
    "tenantry_connections",
    "Open connections: http or websocket.",
    ["protocol"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
HTTP_CONNECTIONS, WEBSOCKETS = map(CONNECTIONS.labels, ("http", "websocket"))

_requests_by = functools.cache(REQUESTS.labels)
_seconds_of = functools.cache(REQUEST_SECONDS.labels)
_operations_by = functools.cache(OPERATIONS.labels)


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """Count an HTTP request that was answered after so many seconds."""
    route = getattr(scope.get("route"), "path", _OTHER)
    method = scope["method"] if scope["method"] in _METHODS else _OTHER
    _requests_by(method, route, f"{status // 100}xx").inc()
    _seconds_of(route).observe(seconds)


def count_operation(kind: str, codes: Collection[str]) -> None:
    """Count an operation with the codes of its errors."""
    gravest = next((code.value for code in _GRAVEST_FIRST if code.value in codes), _OK) if codes else _OK
    _operations_by(kind, gravest).inc()


def codes_of(status: int) -> list[str]:
    """Return what a status says of an operation whose errors have not been noted."""
    code = _OUTCOMES.get(status, ErrorCode.BAD_REQUEST if status in _BAD_REQUESTS else None)
    return [] if code is None else [code.value]
