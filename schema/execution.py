"""Executes one operation: prepared, paid for, run; for transports of one result, and of any number of them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationType
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth.errors import BadRequestError, ErrorCode, UnavailableError
from resolvers import charges
from resolvers.context import RequestContext
from resolvers.shares import TooMuchAtOnceError
from schema import charging, errors, operation_kinds
from schema.assembly import Schema
from schema.graphql_request import DEADLINE_SECONDS, GraphQLRequest
from schema.prepared_operations import InvalidDocumentError, NoSuchOperationError, PreparedOperation

AT_ONCE = (OperationType.QUERY, OperationType.MUTATION)
_REFUSALS = (ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN)


class WrongKindError(Exception):
    """The operation is of a kind that is not executed this way."""

    def __init__(self, kind: OperationType) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Execution:
    """What comes of an operation: one result, or any number of them if it is live, a subscription."""

    results: AsyncGenerator[ExecutionResult, None]
    live: bool = False


async def execute(
    schema: Schema, request: GraphQLRequest, context: RequestContext, at_once: Collection[OperationType] = AT_ONCE
) -> Execution:
    """Execute a query or a mutation within the deadline, or let a subscription begin, which has none.

    Raises `WrongKindError` for one that is not among those to be executed at once, nor a subscription.
    """
    try:
        return Execution(_only(await execute_once(schema, request, context, at_once)))
    except WrongKindError as error:
        if error.kind is not OperationType.SUBSCRIPTION:
            raise
        return Execution(_answered(schema, request, context), live=True)
    except TimeoutError:
        return Execution(_only(failure(UnavailableError("The request took too long."))))
    except NoSuchOperationError as error:
        return Execution(_only(failure(BadRequestError(str(error)))))


async def execute_once(
    schema: Schema, request: GraphQLRequest, context: RequestContext, allowed: Collection[OperationType]
) -> ExecutionResult:
    """Execute an operation of one of these kinds, and charge it.

    Raises `WrongKindError`, `NoSuchOperationError`, and `TimeoutError` when the deadline is over.
    """
    variables = request.variables or {}
    async with asyncio.timeout(DEADLINE_SECONDS):
        try:
            operation = await _prepare(schema, request, context, allowed)
            async with charges.turn(context), charges.place(context):
                result = await operation.executable.execute(variables, context)
                charging.settle(context, operation, result.data)
        except (WrongKindError, NoSuchOperationError):
            raise
        except TooMuchAtOnceError as error:
            charges.settle(context, 0)
            return _charged(_refused(error), context)
        except Exception as error:  # noqa: BLE001 - the translator masks and logs it
            return _charged(_refused(error), context)
    return _charged(ExecutionResult(data=result.data, errors=result.errors), context)


async def _prepare(
    schema: Schema, request: GraphQLRequest, context: RequestContext, allowed: Collection[OperationType]
) -> PreparedOperation:
    """Return an operation that may be executed now, and is paid for."""
    await charges.begin(context)
    variables = request.variables or {}
    operation = schema.operations.prepare(request.query, request.operation_name, variables)
    operation_kinds.tell(operation.kind.value)
    if operation.kind not in allowed:
        raise WrongKindError(operation.kind)
    if operation.introspects:
        await schema.require_readable(context)
    context.cost = operation.cost(variables)
    await charges.reserve(context)
    charges.accept(context)
    return operation


def failure(error: Exception) -> ExecutionResult:
    """Return the result of an operation that failed as a whole."""
    return ExecutionResult(data=None, errors=[_located(error)])


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


async def _answered(
    schema: Schema, request: GraphQLRequest, context: RequestContext
) -> AsyncGenerator[ExecutionResult, None]:
    """Yield the results of a subscription; what refuses it before it begins is a result, too."""
    try:
        operation = await _prepare(schema, request, context, (OperationType.SUBSCRIPTION,))
        results = await operation.executable.subscribe(request.variables or {}, context)
    except Exception as error:  # noqa: BLE001 - the translator masks and logs it
        yield _refused(error)
        return
    try:
        async with contextlib.aclosing(results):
            async for result in results:
                yield ExecutionResult(data=result.data, errors=result.errors)
    except Exception as error:  # noqa: BLE001 - as above
        yield failure(error)


def _refused(error: Exception) -> PreExecutionError:
    """Return the result of an operation that is not executed."""
    errors = error.errors if isinstance(error, InvalidDocumentError) else [_located(error)]
    return PreExecutionError(data=None, errors=errors)


def _located(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def _charged(result: ExecutionResult, context: RequestContext) -> ExecutionResult:
    result.extensions = charging.told(context)
    return result
