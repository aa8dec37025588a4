"""GraphQL over WebSocket: the sub-protocol `graphql-transport-ws` and no other, for clients that may connect."""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UnsetType

from auth.principals import Anonymous
from schema import bearer, request_context
from schema.assembly import Schema
from schema.overload import Capacity
from schema.websocket_protocol import Connection, ProtocolHandler

INIT_TIMEOUT = timedelta(seconds=10)
_MAX_REASON_BYTES = 123


class Adapter(ASGIWebSocketAdapter):
    """One connection. What is sent after its end goes nowhere, and a reason is cut to what a frame can hold."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().send_json(message)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(WebSocketDisconnect):
                await super().close(code, reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore"))


class GraphQLWebSocketEndpoint(GraphQL[Connection, None]):
    """The ASGI application behind WebSocket connections to `/graphql`."""

    graphql_transport_ws_handler_class = ProtocolHandler
    websocket_adapter_class = Adapter

    def __init__(self, schema: Schema, capacity: Capacity, *, origins: Sequence[str]) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=INIT_TIMEOUT,
            max_subscriptions_per_connection=None,  # The handler counts them.
        )
        self._capacity = capacity
        self._origins = frozenset(origins)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:  # noqa: ARG002 - Strawberry's signature
        """Tell whether pages of another origin may connect: those that CORS lets ask."""
        return origin in self._origins or "*" in self._origins

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:  # noqa: ARG002 - Strawberry's signature
        """Return what the connection's operations share."""
        client = None if request.client is None else request.client.host
        name, authorization = request_context.user_agent(request), request.headers.get("authorization")
        return Connection(request.state.services, self._capacity, client, name, authorization)

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        """Reject a client whose access token does not count; without one it is anonymous."""
        context.credentials.token = _token(context)
        principal = await context.request(uuid.uuid4().hex).principal()
        if isinstance(principal, Anonymous) and principal.token_refused:
            raise ConnectionRejectionError
        return UnsetType()

    def decode_json(self, data: str | bytes) -> object:
        """Read a message."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """Write a message."""
        return orjson.dumps(data).decode()


def _token(connection: Connection) -> str | None:
    """Return the access token in the first place that has one; one that is no string does not count."""
    given = connection.connection_params.get("accessToken")
    if given is not None:
        return given if isinstance(given, str) else ""
    authorization = connection.connection_params.get("Authorization")
    if authorization is None:
        authorization = connection.authorization
    return bearer.token(authorization) if authorization is None or isinstance(authorization, str) else ""
