"""Holds refusals over budget back for a moment, so that nobody can keep the server busy with them."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAUSE_SECONDS = 0.25
_TOO_MANY_REQUESTS = 429


class RefusalPause:
    """Serves as an endpoint does; a refusal is sent later, when the request takes up nothing but its connection."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _TOO_MANY_REQUESTS:
                await asyncio.sleep(_PAUSE_SECONDS)
            await send(message)

        await self._endpoint(scope, receive, send_in_time)
