"""The audit trail of an organization as a file, over HTTP: lines that can be checked without us."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers import audit_trails
from schema import downloads, ids, request_context, transfer_problems


def routes() -> list[BaseRoute]:
    """Return the route of the download."""
    return [Route("/organizations/{organization}/audit", transfer_problems.answering(_download), methods=["GET"])]


async def _download(request: Request) -> Response:
    context = request_context.of(request)
    organization = await audit_trails.find(context, ids.decode_organization(request.path_params["organization"]))
    found = audit_trails.lines(context, organization)
    return downloads.answer(request, f"{organization.slug}-audit", "audit download", found)
