"""Middleware that answers for an exception that nobody has caught: no detail for the client, all of it in the log."""

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema import problems

_log = structlog.get_logger()


class UnforeseenErrorMiddleware:
    """Stands inside the request's id and log line, so that both belong to the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            _log.error("unforeseen error", exc_info=error)
            if has_begun:
                raise
            await problems.unforeseen(Request(scope))(scope, receive, send)
