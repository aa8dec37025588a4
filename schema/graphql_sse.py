"""GraphQL over Server-Sent Events: the "distinct connections mode" of the protocol of the npm package `graphql-sse`."""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from auth.errors import ErrorCode, UnauthenticatedError
from resolvers import live_connections
from schema import execution, persisted_operations, request_context, request_id, request_log, server_protocols
from schema.assembly import Schema
from schema.execution import Execution, WrongKindError
from schema.graphql_request import GraphQLRequest
from schema.media_types import EVENT_STREAM
from schema.problems import ProblemError

_KEEP_ALIVE_SECONDS = 12.0
_COMMENT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def respond(schema: Schema, request: Request, parameters: GraphQLRequest) -> Response:
    """Execute an operation; raise `ProblemError` if it may not come by this method.

    All else that is wrong with an operation is told by an event, as the protocol wants it.
    """
    at_once = (OperationType.QUERY,) if request.method == "GET" else execution.AT_ONCE
    request_log.note(request.scope, operation=parameters.operation_name)
    try:
        executed = await persisted_operations.execute(schema, parameters, request_context.of(request), at_once)
    except WrongKindError:
        raise ProblemError(405, "Mutations are sent by POST.", {"Allow": "POST"}) from None
    return _EventStream(request, executed)


class _EventStream(Response):
    """The results of one operation, each produced when the client has taken those before."""

    media_type = EVENT_STREAM

    def __init__(self, request: Request, executed: Execution) -> None:
        self.status_code = 200
        self.init_headers(_HEADERS)
        self._request = request
        self._executed = executed
        self._codes: set[str] = set()
        self._is_complete = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until there are no more, the caller counts no more, the client is gone, or the server stops."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await _send(send, _COMMENT)
        results = asyncio.create_task(self._send_results(send))
        gone = asyncio.create_task(_until_gone(receive))
        stopping = asyncio.create_task(server_protocols.stopping(scope).wait())
        ended = asyncio.create_task(self._until_ended())
        tasks = {results, gone, stopping, ended}
        try:
            finished = await _first(tasks, send)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            request_log.note(self._request.scope, errors=sorted(self._codes))
        if results in finished:
            results.result()
        elif ended in finished and not self._is_complete:
            if ErrorCode.UNAUTHENTICATED.value not in self._codes:  # The subscription may have noticed it just before.
                await self._send_result(send, execution.failure(UnauthenticatedError()))
            await self._complete(send)
        await _send(send, b"", more=False)

    async def _send_results(self, send: Send) -> None:
        try:
            async with contextlib.aclosing(self._executed.results) as results:
                async for result in results:
                    await self._send_result(send, result)
        except Exception as error:  # noqa: BLE001 - the translator masks and logs it
            await self._send_result(send, execution.failure(error))
        await self._complete(send)

    async def _complete(self, send: Send) -> None:
        await _send(send, _COMPLETE)
        self._is_complete = True

    async def _send_result(self, send: Send, result: ExecutionResult) -> None:
        found = execution.wire(result, request_id.of(self._request.scope))
        await _send(send, b"event: next\ndata: " + orjson.dumps(execution.body(result, found)) + b"\n\n")
        self._codes.update(error["extensions"]["code"] for error in found)

    async def _until_ended(self) -> None:
        """Return when the caller of a subscription counts no more; anonymous callers have nothing to lose."""
        context = request_context.of(self._request)
        if self._executed.live and context.claims() is not None:
            await live_connections.ended(context)
        else:
            await asyncio.Event().wait()


async def _first(tasks: Collection[asyncio.Task[Any]], send: Send) -> set[asyncio.Task[Any]]:
    """Return the tasks that are finished first; until then, have nobody between think that the connection is idle."""
    while True:
        finished, _ = await asyncio.wait(tasks, timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if finished:
            return finished
        await _send(send, _COMMENT)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
