"""The routes of `/graphql`: HTTP and WebSocket, on one schema."""

from collections.abc import Sequence

from starlette.routing import Route, WebSocketRoute

from schema.assembly import Schema
from schema.graphql_http import GraphQLEndpoint
from schema.graphql_websocket import GraphQLWebSocketEndpoint
from schema.overload import Capacity
from schema.refresh_cookies import PATH, RefreshCookies


def routes(
    schema: Schema, capacity: Capacity, *, origins: Sequence[str], secure_cookies: bool = True
) -> tuple[Route, WebSocketRoute]:
    """Return the routes; pages of these origins may connect, beside the server's own.

    Unless cookies have to be secure, they also go over plain HTTP.
    """
    cookies = RefreshCookies(always_secure=secure_cookies)
    return (
        Route(PATH, GraphQLEndpoint(schema, capacity, cookies)),
        WebSocketRoute(PATH, GraphQLWebSocketEndpoint(schema, capacity, origins=origins)),
    )
