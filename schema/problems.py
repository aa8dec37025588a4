"""Requests that fail before GraphQL begins: still answered as well-formed GraphQL errors, in JSON."""

from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from auth.errors import ErrorCode
from schema import errors, request_id
from schema.media_types import JSON

_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    429: ErrorCode.RATE_LIMITED,
    500: ErrorCode.INTERNAL,
    503: ErrorCode.UNAVAILABLE,
}


class ProblemError(Exception):
    """A request that cannot be executed: an HTTP status, a message for the client, header fields that belong to it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def response(request: Request, problem: ProblemError, media_type: str = JSON) -> Response:
    """Answer with the problem, as the only error of a GraphQL response without data."""
    code = _CODES.get(problem.status, ErrorCode.BAD_REQUEST)
    retryable = code in {ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE}
    extensions = errors.extensions(code, request_id.of(request.scope), retryable=retryable)
    body = orjson.dumps({"errors": [{"message": problem.message, "extensions": extensions}]})
    headers = dict(problem.headers or {})
    return Response(body, problem.status, headers, media_type=f"{media_type}; charset=utf-8")


async def http_exception(request: Request, exception: Exception) -> Response:
    """Answer for what Starlette refuses: unknown paths, methods that a route does not have."""
    if not isinstance(exception, HTTPException):
        raise exception
    return response(request, ProblemError(exception.status_code, exception.detail, exception.headers))


def unforeseen(request: Request) -> Response:
    """Answer for a defect of ours."""
    return response(request, ProblemError(500, "Something went wrong on our side. The request id leads us to it."))
