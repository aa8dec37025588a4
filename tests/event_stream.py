"""How tests read Server-Sent Events of an application within this process, byte for byte and at their own pace."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
_SECONDS = 20.0


class Stream:
    """The client's end of one response; the server waits with what the client has not taken."""

    def __init__(self) -> None:
        self.to_server: asyncio.Queue[Message] = asyncio.Queue()
        self.from_server: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self.status = 0
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        """Take the head of the response."""
        head = await self._next()
        self.status = head["status"]
        self.headers = {name.decode(): value.decode() for name, value in head["headers"]}

    async def chunk(self) -> bytes:
        """Return the next part of the body, empty at the end."""
        message = await self._next()
        body: bytes = message.get("body", b"")
        assert bool(body) == message["more_body"]
        return body

    async def next(self) -> dict[str, Any]:
        """Return the next result, which has to come before the end; comments do not count."""
        while (chunk := await self.chunk()) == COMMENT:
            pass
        head, data, *rest = chunk.split(b"\n")
        assert (head, data[:6], rest) == (b"event: next", b"data: ", [b"", b""]), chunk
        result: dict[str, Any] = json.loads(data[6:])
        return result

    async def rest(self) -> list[dict[str, Any]]:
        """Return all results to come; the last event is the completion, and then the response ends."""
        results, chunk = [], await self.chunk()
        while chunk != COMPLETE:
            if chunk != COMMENT:
                result = json.loads(chunk.removeprefix(b"event: next\ndata: "))
                result.pop("extensions", None)
                results.append(result)
            chunk = await self.chunk()
        assert await self.chunk() == b""
        return results

    async def _next(self) -> Message:
        async with asyncio.timeout(_SECONDS):
            return await self.from_server.get()


@contextlib.asynccontextmanager
async def streaming(
    app: ASGIApp,
    query: str,
    *,
    token: str | None = None,
    method: str = "POST",
    more: Mapping[str, Any] | None = None,
    **variables: Any,  # noqa: ANN401 - whatever the test gives
) -> AsyncIterator[Stream]:
    """Ask for a stream of events; at the end the client goes away, and the application has to notice.

    The body has `more` beside query and variables.
    """
    stream = Stream()
    headers = {"host": "tenantry.test", "accept": "text/event-stream", "content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": urlencode({"query": query, "variables": json.dumps(variables)}).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
    }
    body = json.dumps({"query": query, "variables": variables, **(more or {})}).encode()
    stream.to_server.put_nowait({"type": "http.request", "body": body, "more_body": False})
    serving = asyncio.ensure_future(app(scope, stream.to_server.get, stream.from_server.put))
    try:
        await stream.begin()
        yield stream
    finally:
        stream.to_server.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(_SECONDS):
            while not serving.done():
                taken = asyncio.ensure_future(stream.from_server.get())
                await asyncio.wait({serving, taken}, return_when=asyncio.FIRST_COMPLETED)
                taken.cancel()
        await serving
