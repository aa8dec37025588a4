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
from graphql import GraphQLError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from auth.errors import BadRequestError, UnavailableError
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import errors, graphql_request, request_log
from schema.graphql_request import DEADLINE_SECONDS
from schema.problems import ProblemError
from storage.failures import is_temporary

_MAX_OPERATIONS = 100
_MAX_ID_LENGTH = 128
_TRY_AGAIN_LATER = 1013
_log = structlog.get_logger()


@dataclass(slots=True)
class Connection:
    """What the operations of one connection share; `connection_params` is the payload of `connection_init`."""

    services: Services
    client: str | None
    authorization: str | None
    connection_params: dict[str, object] = field(default_factory=dict)
    credentials: Credentials = field(default_factory=lambda: Credentials(None))

    def request(self, request_id: str) -> RequestContext:
        """Return the context of one operation."""
        return RequestContext(self.services, self.credentials, Origin(self.client, request_id))


class ProtocolHandler(BaseGraphQLTransportWSHandler[Connection, None]):
    """Speaks with one client."""

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

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, unless too many are running."""
        admitted = self.connection_acknowledged and message["id"] not in self.operations
        if admitted and len(self.operations) >= _MAX_OPERATIONS:
            refusal = _failure(BadRequestError(f"A connection runs at most {_MAX_OPERATIONS} operations at once."))
            await self.send_message(_message(message["id"], refusal, _wire(refusal, uuid.uuid4().hex), begun=False))
        else:
            await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Connection, None]) -> None:
        """Execute an operation and send what comes of it; one line in the log tells of it."""
        request_id, codes, started = uuid.uuid4().hex, set[str](), time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._send_results(operation, request_id, codes)
            except WebSocketDisconnected:
                return
            finally:
                _log.info(
                    "operation",
                    duration_ms=round((time.perf_counter() - started) * 1000, 2),
                    client=self.context.client,
                    **request_log.described(operation.operation_name, sorted(codes)),
                )

    async def _send_results(self, operation: Operation[Connection, None], request_id: str, codes: set[str]) -> None:
        async def send(result: ExecutionResult, *, begun: bool) -> None:
            found = _wire(result, request_id)
            codes.update(error["extensions"]["code"] for error in found)
            await operation.send_operation_message(_message(operation.id, result, found, begun=begun))

        begun = False
        try:
            async with contextlib.aclosing(await self._execute(operation, request_id)) as results:
                async for result in results:
                    await send(result, begun=begun)
                    begun = True
        except WebSocketDisconnected:
            raise
        except Exception as error:  # noqa: BLE001 - the translator masks and logs it
            await send(_failure(error), begun=False)
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _execute(
        self, operation: Operation[Connection, None], request_id: str
    ) -> AsyncGenerator[ExecutionResult, None]:
        request: dict[str, Any] = {
            "query": operation.query,
            "variable_values": operation.variables,
            "operation_name": operation.operation_name or None,
            "context_value": self.context.request(request_id),
        }
        at_once = [OperationType.QUERY, OperationType.MUTATION]
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return _only(await self.schema.execute(**request, allowed_operation_types=at_once))
        except InvalidOperationTypeError:
            return await self.schema.subscribe(**request)
        except TimeoutError:
            return _only(_failure(UnavailableError("The request took too long.")))
        except CannotGetOperationTypeError:
            reason = "The document has no operation of this name, or several and no name was given."
            return _only(_failure(BadRequestError(reason)))


def _problem(message: object) -> str | None:
    """Return what is wrong with the form of a message, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
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


async def _only(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


def _failure(error: Exception) -> ExecutionResult:
    return ExecutionResult(data=None, errors=[GraphQLError(str(error), original_error=error)])


def _wire(result: ExecutionResult, request_id: str) -> list[dict[str, Any]]:
    return [errors.to_wire(error, request_id) for error in result.errors or []]


def _message(operation_id: str, result: ExecutionResult, found: list[dict[str, Any]], *, begun: bool) -> Message:
    """Return the message for a result: `error` if the operation was never executed, since it was wrong itself."""
    refused = isinstance(result, PreExecutionError) or all("path" not in error for error in found)
    payload: dict[str, Any] = {"data": result.data}
    if found:
        payload["errors"] = found
    if result.extensions:
        payload["extensions"] = result.extensions
    if refused and result.data is None and not begun:
        return cast("Message", {"id": operation_id, "type": "error", "payload": found})
    return cast("Message", {"id": operation_id, "type": "next", "payload": payload})
