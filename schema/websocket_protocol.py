"""The protocol `graphql-transport-ws`: Strawberry's handler, with operations executed as over HTTP.

Limits, deadline, errors and loaders are those of `schema.graphql_http`; each operation has a request id of its own.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth.errors import BadRequestError, ErrorCode, UnauthenticatedError, UnavailableError
from resolvers import live_connections
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import execution, graphql_request, metrics, operation_kinds, persisted_operations, request_log
from schema import request_id as request_ids
from schema.assembly import Schema
from schema.execution import Execution
from schema.graphql_request import DEADLINE_SECONDS, GraphQLRequest
from schema.overload import Capacity
from schema.problems import ProblemError
from storage.failures import is_temporary

_MAX_OPERATIONS = 100
_MAX_ID_LENGTH = 128
_TRY_AGAIN_LATER = 1013
_TYPES = {"connection_init", "ping", "pong", "subscribe", "complete"}
_CLOSINGS = {ErrorCode.UNAUTHENTICATED: (4401, "Unauthorized"), ErrorCode.FORBIDDEN: (4403, "Forbidden")}
_log = structlog.get_logger()


@dataclass(slots=True)
class Connection:
    """What the operations of one connection share; `connection_params` is the payload of `connection_init`.

    `client` is the network address of the client, `user_agent` what it calls itself. Each subscription that runs has a
    scope in `live`, by which it is ended.
    """

    services: Services
    capacity: Capacity
    client: str | None
    user_agent: str | None
    authorization: str | None
    connection_params: dict[str, object] = field(default_factory=dict)
    credentials: Credentials = field(default_factory=lambda: Credentials(None, of_connection=True))
    live: dict[Operation[Any, Any], asyncio.Timeout] = field(default_factory=dict)

    def request(self, request_id: str) -> RequestContext:
        """Return the context of one operation."""
        return RequestContext(self.services, self.credentials, Origin(self.client, request_id, self.user_agent))


class ProtocolHandler(BaseGraphQLTransportWSHandler[Connection, None]):
    """Speaks with one client, for as long as its caller counts."""

    _watching: asyncio.Task[None] | None = None

    async def handle_message(self, message: Message) -> None:
        """Close the connection for a message of the wrong form, as the protocol wants it; else do as it says."""
        problem = _problem(message)
        if problem is None:
            await super().handle_message(message)
        else:
            await self.handle_invalid_message(problem)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Find out who it is; without a database, have the client come back."""
        try:
            await super().handle_connection_init(message)
        except Exception as error:
            if not is_temporary(error):
                raise
            await self.websocket.close(_TRY_AGAIN_LATER, "Try again later")
        if self.connection_acknowledged and self.context.credentials.token is not None and self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    async def shutdown(self) -> None:
        """Let go of all that belongs to the connection."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await super().shutdown()

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, unless too many are running."""
        admitted = self.connection_acknowledged and message["id"] not in self.operations
        if admitted and len(self.operations) >= _MAX_OPERATIONS:
            problem = BadRequestError(f"A connection runs at most {_MAX_OPERATIONS} operations at once.")
            refusal = execution.failure(problem)
            found = execution.wire(refusal, uuid.uuid4().hex)
            await self.send_message(_message(message["id"], refusal, found, begun=False))
        else:
            # Strawberry carries it from here to where it is executed; it would want a text that may not be there.
            message["payload"]["query"] = cast("str", graphql_request.from_parameters(message["payload"]))
            await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Connection, None]) -> None:
        """Execute an operation and send what comes of it; one line in the log tells of it."""
        request_id, codes, started = request_ids.new(), set[str](), time.perf_counter()
        observed = operation_kinds.observe()
        try:
            ended_by = await self._send_results(operation, request_id, codes)
        except WebSocketDisconnected:
            return
        finally:
            metrics.count_operation(observed.kind, codes)
            _log.info(
                "operation",
                duration_ms=round((time.perf_counter() - started) * 1000, 2),
                client=self.context.client,
                **request_log.described(operation.operation_name, sorted(codes)),
            )
        if ended_by is not None:
            await self._end(ended_by)

    async def _send_results(
        self, operation: Operation[Connection, None], request_id: str, codes: set[str]
    ) -> ErrorCode | None:
        """Return why the operation was ended by us after it had begun, if it was."""
        begun, ended_by = False, None

        async def send(result: ExecutionResult) -> None:
            nonlocal begun, ended_by
            found = execution.wire(result, request_id)
            codes.update(error["extensions"]["code"] for error in found)
            ended_by = execution.refusal(result, found)
            await operation.send_operation_message(_message(operation.id, result, found, begun=begun))
            begun = True

        try:
            async with self._lifetime(operation) as lifetime:
                executed = await self._execute(operation, request_id)
                if executed.live:
                    self.context.live[operation] = lifetime
                async with contextlib.aclosing(executed.results) as results:
                    async for result in results:
                        await send(result)
        except WebSocketDisconnected:
            raise
        except Exception as error:  # noqa: BLE001 - the translator masks and logs it
            await send(execution.failure(error))
        await operation.send_operation_message({"id": operation.id, "type": "complete"})
        return ended_by

    @contextlib.asynccontextmanager
    async def _lifetime(self, operation: Operation[Connection, None]) -> AsyncGenerator[asyncio.Timeout, None]:
        """Give an operation a scope; raise `UnauthenticatedError` when it is ended from outside."""
        try:
            async with asyncio.timeout(None) as lifetime:
                yield lifetime
        except TimeoutError:
            if lifetime.expired():
                raise UnauthenticatedError from None
            raise
        finally:
            self.context.live.pop(operation, None)

    async def _execute(self, operation: Operation[Connection, None], request_id: str) -> Execution:
        request, context = cast("GraphQLRequest", operation.query), self.context.request(request_id)
        try:
            with self.context.capacity:
                return await persisted_operations.execute(cast("Schema", self.schema), request, context)
        except ProblemError as problem:
            raise UnavailableError(problem.message) from None

    async def _watch(self) -> None:
        """End the connection when its caller counts no more."""
        await live_connections.ended(self.context.request(uuid.uuid4().hex))
        await self._end(ErrorCode.UNAUTHENTICATED)

    async def _end(self, code: ErrorCode) -> None:
        """Close the connection, once queries and mutations are answered; subscriptions end with the caller."""
        if code is ErrorCode.UNAUTHENTICATED:
            for lifetime in self.context.live.values():
                if not lifetime.expired():
                    lifetime.reschedule(0)
        ending = [
            operation.task
            for operation in self.operations.values()
            if operation.task is not None and (code is ErrorCode.UNAUTHENTICATED or operation not in self.context.live)
        ]
        if ending:
            await asyncio.wait(ending, timeout=DEADLINE_SECONDS)
        await self.websocket.close(*_CLOSINGS[code])


def _problem(message: object) -> str | None:
    """Return what is wrong with the form of a message, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
    if message["type"] not in _TYPES:
        return "This type of message is not known"
    if message["type"] not in {"subscribe", "complete"}:
        return None
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not 0 < len(operation_id) <= _MAX_ID_LENGTH:
        return f"The id of an operation is a string of 1 to {_MAX_ID_LENGTH} characters"
    return _request_problem(message.get("payload")) if message["type"] == "subscribe" else None


def _request_problem(payload: object) -> str | None:
    if not isinstance(payload, dict):
        return "The payload is not an object"
    try:
        graphql_request.from_parameters(payload)
    except ProblemError as problem:
        return problem.message
    return None


def _message(operation_id: str, result: ExecutionResult, found: list[dict[str, Any]], *, begun: bool) -> Message:
    """Return the message for a result: `error` if the operation was never executed, since it was wrong itself."""
    refused = isinstance(result, PreExecutionError) or execution.is_whole(result, found)
    payload: dict[str, Any] = {"data": result.data}
    if found:
        payload["errors"] = found
    if result.extensions:
        payload["extensions"] = result.extensions
    if refused and result.data is None and not begun:
        return cast("Message", {"id": operation_id, "type": "error", "payload": found})
    return cast("Message", {"id": operation_id, "type": "next", "payload": payload})
