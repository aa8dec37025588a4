"""The routes of `/graphql`: HTTP and WebSocket, on one schema."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute

from schema.assembly import Schema
from schema.graphql_http import GraphQLEndpoint
from schema.graphql_websocket import GraphQLWebSocketEndpoint


def routes(schema: Schema, *, origins: Sequence[str]) -> list[BaseRoute]:
    """Return the routes; pages of these origins may connect, beside the server's own."""
    return [
        Route("/graphql", GraphQLEndpoint(schema)),
        WebSocketRoute("/graphql", GraphQLWebSocketEndpoint(schema, origins=origins)),
    ]
