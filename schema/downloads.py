"""Downloads: lines that are made while they are sent, as a file with a name of its own."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from schema import transfer_problems

_NDJSON = "application/x-ndjson"


def answer(request: Request, name: str, kind: str, pieces: AsyncGenerator[bytes, None]) -> Response:
    """Answer with newline-delimited JSON, or with its headers only; `kind` is what the log calls it."""
    file = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=_NDJSON)
    return StreamingResponse(transfer_problems.ending(kind, pieces), headers=headers, media_type=_NDJSON)
