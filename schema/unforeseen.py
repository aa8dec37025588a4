"""Middleware that answers for an exception that nobody has caught: no detail for the client, all of it in the log."""

import structlog
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from schema import problems
from schema.http_middleware import HTTPMiddleware

_log = structlog.get_logger()


class UnforeseenErrorMiddleware(HTTPMiddleware):
    """Stands inside the request's id and log line, so that both belong to the answer."""

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
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
