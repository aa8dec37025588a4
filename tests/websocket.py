"""How tests speak `graphql-transport-ws` to an application within this process, as a server would hand it on."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Message

PROTOCOL = "graphql-transport-ws"
_SECONDS = 20.0


class ClosedError(Exception):
    """The server has closed the connection, or refused it: `code` says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Socket:
    """The client's end of one connection; messages that it has no room for wait at the server."""

    def __init__(self, room: int) -> None:
        self.to_server: asyncio.Queue[Message] = asyncio.Queue()
        self.from_server: asyncio.Queue[Message] = asyncio.Queue(maxsize=room)

    async def opened(self) -> str | None:
        """Wait for the handshake; return the sub-protocol. Raises `ClosedError` if it is refused."""
        return (await self._next()).get("subprotocol")

    def send_text(self, text: str) -> None:
        """Send a message as it is."""
        self.to_server.put_nowait({"type": "websocket.receive", "text": text})

    def send(self, kind: str, **rest: Any) -> None:  # noqa: ANN401 - whatever the test gives
        """Send a message of the protocol."""
        self.send_text(json.dumps({"type": kind, **rest}))

    def subscribe(self, name: str, query: str, **variables: Any) -> None:  # noqa: ANN401 - whatever the test gives
        """Begin an operation."""
        self.send("subscribe", id=name, payload={"query": query, "variables": variables})

    async def receive(self) -> dict[str, Any]:
        """Return the next message. Raises `ClosedError`."""
        message: dict[str, Any] = json.loads((await self._next())["text"])
        return message

    async def init(self, token: str | None = None) -> None:
        """Introduce the client, and wait until the server agrees."""
        self.send("connection_init", payload={} if token is None else {"accessToken": token})
        assert await self.receive() == {"type": "connection_ack"}

    async def next(self, name: str) -> dict[str, Any]:
        """Return the payload of the next message, which has to be a result of this operation."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", name), message
        payload: dict[str, Any] = message["payload"]
        payload.pop("extensions", None)
        return payload

    async def all(self, name: str) -> list[dict[str, Any]]:
        """Return the payloads of an operation up to its completion, while no other one runs."""
        payloads = []
        while (message := await self.receive()) != {"type": "complete", "id": name}:
            assert (message["type"], message["id"]) == ("next", name), message
            message["payload"].pop("extensions", None)
            payloads.append(message["payload"])
        return payloads

    async def error_code(self, name: str) -> str:
        """Return the code of the error that the operation ends with before it has begun."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("error", name), message
        (error,) = message["payload"]
        code: str = error["extensions"]["code"]
        return code

    async def close_code(self) -> int:
        """Wait until the server closes the connection; return the code."""
        try:
            message = await self.receive()
        except ClosedError as closed:
            return closed.code
        raise AssertionError(message)

    async def _next(self) -> Message:
        async with asyncio.timeout(_SECONDS):
            message = await self.from_server.get()
        if message["type"] == "websocket.close":
            raise ClosedError(message["code"], message["reason"])
        return message


@contextlib.asynccontextmanager
async def connection(
    app: ASGIApp, *, protocols: Sequence[str] = (PROTOCOL,), headers: Mapping[str, str] | None = None, room: int = 0
) -> AsyncIterator[Socket]:
    """Ask for a connection to `/graphql`; at the end the client goes away, and the application has to notice."""
    socket = Socket(room)
    sent = {"host": "tenantry.test", **(headers or {})}
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "subprotocols": list(protocols),
        "client": ("127.0.0.1", 50_000),
    }
    socket.to_server.put_nowait({"type": "websocket.connect"})
    serving = asyncio.ensure_future(app(scope, socket.to_server.get, socket.from_server.put))
    try:
        yield socket
    finally:
        socket.to_server.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(_SECONDS):
            await serving


@contextlib.asynccontextmanager
async def connected(app: ASGIApp, token: str | None = None) -> AsyncIterator[Socket]:
    """Connect and introduce the client."""
    async with connection(app) as socket:
        await socket.opened()
        await socket.init(token)
        yield socket
