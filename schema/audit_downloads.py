"""The audit trail of an organization as a file, over HTTP: lines that can be checked without us."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from resolvers import audit_trails
from schema import ids, request_context, transfer_problems

_NDJSON = "application/x-ndjson"


def routes() -> list[BaseRoute]:
    """Return the route of the download."""
    return [Route("/organizations/{organization}/audit", transfer_problems.answering(_download), methods=["GET"])]


async def _download(request: Request) -> Response:
    context = request_context.of(request)
    organization = await audit_trails.find(context, ids.decode_organization(request.path_params["organization"]))
    name = f"{organization.slug}-audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=_NDJSON)
    found = transfer_problems.ending("audit download", audit_trails.lines(context, organization))
    return StreamingResponse(found, headers=headers, media_type=_NDJSON)
