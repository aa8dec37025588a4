"""What a request over HTTP gives to the resolvers."""

from starlette.requests import HTTPConnection, Request

from resolvers.context import Credentials, Origin, RequestContext
from schema import bearer, request_id

_MAX_CLIENT_LENGTH = 200


def of(request: Request) -> RequestContext:
    """Return the context of a request."""
    address = None if request.client is None else request.client.host
    credentials = Credentials(bearer.token(request.headers.get("authorization")))
    origin = Origin(address, request_id.of(request.scope), user_agent(request))
    return RequestContext(request.state.services, credentials, origin)


def user_agent(connection: HTTPConnection) -> str | None:
    """Return what a client calls itself, as far as it is short."""
    name = connection.headers.get("user-agent", "").strip()
    return name[:_MAX_CLIENT_LENGTH] or None
