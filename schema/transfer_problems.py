"""What downloads and imports answer when they are refused: problems in the form of those of `/graphql`."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from auth.errors import ErrorCode, TenantryError, UnavailableError, UserError, UserErrorCode
from resolvers.imports import CutOffError, OffsetError, OtherConflictError
from schema import request_id, request_log
from schema.media_types import JSON
from schema.problems import ProblemError
from storage.failures import is_temporary
from storage.import_records import Finding, ImportLostError, TooManyImportsError, UploadBusyError
from storage.import_staging import MAX_BYTES, FileTooLargeError
from storage.tenant_access import NotReadableError

_STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.UNAVAILABLE: 503,
}
_RETRY = {"Retry-After": "5"}
_log = structlog.get_logger()

Endpoint = Callable[[Request], Awaitable[Response]]
"""What answers a request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, a code and a message for the client, header fields that belong to them."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


_UNAVAILABLE = Refusal(503, ErrorCode.UNAVAILABLE, UnavailableError().message, _RETRY)
_BUSY = Refusal(409, UserErrorCode.CONFLICT, "Another request is sending this upload, or was until just now.", _RETRY)
_REFUSALS: Mapping[type[Exception], Refusal] = {
    NotReadableError: _UNAVAILABLE,
    UploadBusyError: _BUSY,
    ImportLostError: _BUSY,
    OtherConflictError: Refusal(409, UserErrorCode.CONFLICT, "The upload was begun with another onConflict."),
    TooManyImportsError: Refusal(
        429, UserErrorCode.CONFLICT, "Two imports are under way in the organization already.", _RETRY
    ),
    FileTooLargeError: Refusal(413, ErrorCode.BAD_REQUEST, f"The file is larger than {MAX_BYTES} bytes."),
    ClientDisconnect: Refusal(400, ErrorCode.BAD_REQUEST, "The client went away before the body was complete."),
}


def refusal_of(error: Exception) -> Refusal | None:
    """Return what to answer for an error, or None if nobody has foreseen it."""
    match error:
        case ProblemError():
            return Refusal(error.status, ErrorCode.BAD_REQUEST, error.message, error.headers or {})
        case TenantryError(code=code) if code in _STATUSES:
            headers = {"WWW-Authenticate": "Bearer"} if code is ErrorCode.UNAUTHENTICATED else {}
            return Refusal(_STATUSES[code], code, error.message, headers)
        case UserError(code=code):
            migrating = code is UserErrorCode.ORG_MIGRATING
            return Refusal(503 if migrating else 409, code, error.message, _RETRY if migrating else {})
        case OffsetError(received=received):
            message = f"What is sent has to begin at offset {received}: so much is received."
            return Refusal(409, UserErrorCode.CONFLICT, message, {"Upload-Offset": str(received)})
        case CutOffError(received=received):
            message = "The file is cut off: its last line is no manifest. Send the rest from the offset on."
            return Refusal(422, UserErrorCode.INVALID, message, {"Upload-Offset": str(received)})
    return _UNAVAILABLE if is_temporary(error) else _REFUSALS.get(type(error))


def answering(endpoint: Endpoint) -> Endpoint:
    """Have an endpoint answer for what goes wrong."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return response(request, refusal)

    return answer


async def ending(name: str, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a download; if it cannot go on, the last one says why."""
    try:
        async for piece in pieces:
            yield piece
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        _log.info(f"{name} ended early", code=str(refusal.code))
        yield orjson.dumps({"error": {"code": str(refusal.code), "message": refusal.message}}) + b"\n"


def response(request: Request, refusal: Refusal) -> Response:
    """Answer with the refusal."""
    return _respond(request, refusal, [{"message": refusal.message}])


def findings(request: Request, upload_id: str, found: Sequence[Finding]) -> Response:
    """Answer with what is wrong with a file, each with its line and the path in it."""
    refusal = Refusal(422, UserErrorCode.INVALID, "", {"Upload-Id": upload_id})
    return _respond(request, refusal, [described(one) for one in found])


def described(finding: Finding) -> dict[str, Any]:
    """Return what clients see of a finding."""
    path = None if finding.path is None else list(finding.path)
    return {"message": finding.message, "line": finding.line, "path": path}


def _respond(request: Request, refusal: Refusal, entries: Sequence[Mapping[str, Any]]) -> Response:
    request_log.note(request.scope, errors=[str(refusal.code)])
    extensions = {
        "code": str(refusal.code),
        "retryable": "Retry-After" in refusal.headers,
        "requestId": request_id.of(request.scope),
    }
    body = orjson.dumps({"errors": [{**entry, "extensions": extensions} for entry in entries]})
    return Response(body, refusal.status, dict(refusal.headers), media_type=f"{JSON}; charset=utf-8")
