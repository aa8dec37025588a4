"""What a request over HTTP gives to the resolvers."""

from starlette.requests import Request

from resolvers.context import Credentials, Origin, RequestContext
from schema import bearer, request_id


def of(request: Request) -> RequestContext:
    """Return the context of a request."""
    address = None if request.client is None else request.client.host
    credentials = Credentials(bearer.token(request.headers.get("authorization")))
    return RequestContext(request.state.services, credentials, Origin(address, request_id.of(request.scope)))
