"""The one translator from exceptions to GraphQL errors. What it does not know is masked, and logged."""

from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from auth.errors import ErrorCode, TenantryError, UnavailableError
from schema import echoes
from storage.failures import is_temporary

_log = structlog.get_logger()
_INTERNAL_MESSAGE = "Something went wrong on our side. The request id leads us to it."


def to_wire(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return an error as clients see it: message, locations, path, and `extensions` with code and request id."""
    known = _translate(error)
    if known is None:
        cause = error.original_error or error
        _log.error("unforeseen error", path=error.path, exc_info=cause)
        known = ErrorCode.INTERNAL, _INTERNAL_MESSAGE, False
    code, message, retryable = known
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = extensions(code, request_id, retryable=retryable)
    root = _root_cause(error)
    if isinstance(root, TenantryError):
        formatted["extensions"] |= root.details
    return formatted


def extensions(code: ErrorCode, request_id: str, *, retryable: bool = False) -> dict[str, Any]:
    """Return the `extensions` that every error has."""
    return {"code": code.value, "retryable": retryable, "requestId": request_id}


def _translate(error: GraphQLError) -> tuple[ErrorCode, str, bool] | None:
    cause = _root_cause(error)
    if isinstance(cause, TenantryError):
        return cause.code, cause.message, cause.retryable
    if is_temporary(cause):
        unavailable = UnavailableError()
        return unavailable.code, unavailable.message, unavailable.retryable
    if isinstance(cause, ValueError) and error.path is None and _points_into_the_document(error):
        return (
            ErrorCode.BAD_REQUEST,
            error.message,
            False,
        )  # A number, as one of 5,000 digits, that Python does not read.
    if isinstance(cause, GraphQLError) and (error.path is None or _points_into_the_document(cause)):
        return ErrorCode.BAD_REQUEST, _said(error), False
    return None


def _said(error: GraphQLError) -> str:
    without = echoes.without_token if isinstance(error, GraphQLSyntaxError) else echoes.without_values
    return without(error.message)


def _root_cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _points_into_the_document(error: GraphQLError) -> bool:
    """Tell errors of a field's arguments, which point into the document, from errors of what a field returned."""
    return bool(error.nodes)
