"""Executes one operation for the transports that carry any number of results: WebSocket and Server-Sent Events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from auth.errors import BadRequestError, ErrorCode, TenantryError, UnavailableError
from resolvers.context import RequestContext
from schema import errors
from schema.assembly import Schema
from schema.graphql_request import DEADLINE_SECONDS, GraphQLRequest

AT_ONCE = (OperationType.QUERY, OperationType.MUTATION)
_REFUSALS = (ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Execution:
    """What comes of an operation: one result, or any number of them if it is live, a subscription."""

    results: AsyncGenerator[ExecutionResult, None]
    live: bool = False


async def execute(
    schema: Schema, request: GraphQLRequest, context: RequestContext, at_once: Collection[OperationType] = AT_ONCE
) -> Execution:
    """Execute a query or a mutation within the deadline, or let a subscription begin, which has none.

    Raises `InvalidOperationTypeError` for one that is not among those to be executed at once, nor a subscription.
    """
    arguments: dict[str, Any] = {
        "query": request.query,
        "variable_values": request.variables,
        "operation_name": request.operation_name,
        "context_value": context,
        "operation_extensions": request.extensions,
    }
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return Execution(_only(await schema.execute(**arguments, allowed_operation_types=at_once)))
    except InvalidOperationTypeError as error:
        if error.operation_type is not OperationType.SUBSCRIPTION:
            raise
        return Execution(_answered(await schema.subscribe(**arguments)), live=True)
    except TimeoutError:
        return Execution(_only(failure(UnavailableError("The request took too long."))))
    except CannotGetOperationTypeError:
        reason = "The document has no operation of this name, or several and no name was given."
        return Execution(_only(failure(BadRequestError(reason))))


def failure(error: Exception) -> ExecutionResult:
    """Return the result of an operation that failed as a whole."""
    return ExecutionResult(data=None, errors=[GraphQLError(str(error), original_error=error)])


def wire(result: ExecutionResult, request_id: str) -> list[dict[str, Any]]:
    """Return the errors of a result as clients see them."""
    return [errors.to_wire(error, request_id) for error in result.errors or []]


def is_whole(result: ExecutionResult, found: Collection[dict[str, Any]]) -> bool:
    """Tell whether a result is nothing but errors of the operation as a whole, none of a field."""
    return result.data is None and all("path" not in error for error in found)


def body(result: ExecutionResult, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a GraphQL response: without data, if the operation failed as a whole."""
    response: dict[str, Any] = {"errors": found} if found else {}
    if not is_whole(result, found):
        response["data"] = result.data
    if result.extensions:
        response["extensions"] = result.extensions
    return response


def refusal(result: ExecutionResult, found: Collection[dict[str, Any]]) -> ErrorCode | None:
    """Return why a subscription that had begun was ended by us, or None if it was not: its caller may not go on."""
    if isinstance(result, PreExecutionError) or not is_whole(result, found):
        return None
    codes = {error["extensions"]["code"] for error in found}
    return next((code for code in _REFUSALS if code.value in codes), None)


async def _only(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


async def _answered(results: AsyncGenerator[ExecutionResult, None]) -> AsyncGenerator[ExecutionResult, None]:
    """Yield the results of a subscription; what refuses it before it begins is a result, too."""
    try:
        async with contextlib.aclosing(results):
            async for result in results:
                yield result
    except TenantryError as error:
        yield PreExecutionError(data=None, errors=[GraphQLError(error.message, original_error=error)])
