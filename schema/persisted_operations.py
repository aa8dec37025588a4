"""Requests that name their documents: these are found before anything else, and remembered when they have worked."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from dataclasses import replace

from graphql import OperationType
from strawberry.types import ExecutionResult

from resolvers import persisted_operations
from resolvers.context import RequestContext
from resolvers.registered_operations import sha256_of
from resolvers.trusted_documents import TrustedDocuments
from schema import execution
from schema.assembly import Schema
from schema.execution import Execution
from schema.graphql_request import DEADLINE_SECONDS, GraphQLRequest


async def resolve(request: GraphQLRequest, context: RequestContext) -> GraphQLRequest:
    """Return the request with its document.

    Raises `PersistedOperationNotFoundError`, also for one that is not to be executed; `BadRequestError` if document and
    id do not belong together, and `RateLimitedError`.
    """
    restricted = context.services.policy.trusted_documents is not TrustedDocuments.OFF
    if request.document_id is None and not restricted:
        return request
    async with asyncio.timeout(DEADLINE_SECONDS):
        if not request.query and request.document_id is not None:
            request = replace(request, query=await persisted_operations.find(context, request.document_id))
        elif request.document_id is not None:
            await persisted_operations.verify(context, request.document_id, request.query)
        if restricted and not await persisted_operations.admit(context, request.query):
            unregistered = context.services.unregistered_documents
            unregistered.note(sha256_of(request.query), request.query, request.operation_name)
    return request


def learn(request: GraphQLRequest, context: RequestContext, result: ExecutionResult) -> None:
    """Remember the document of a request that came with its id, if it was executed: what is refused is not kept."""
    executed = result.data is not None or any(error.path is not None for error in result.errors or ())
    if request.query and request.document_id is not None and executed:
        persisted_operations.learn(context, request.document_id, request.query)


async def execute(
    schema: Schema,
    request: GraphQLRequest,
    context: RequestContext,
    at_once: Collection[OperationType] = execution.AT_ONCE,
) -> Execution:
    """Execute a request of the transports that carry any number of results, whether or not it names its document."""
    try:
        resolved = await resolve(request, context)
    except Exception as error:  # noqa: BLE001 - the translator masks and logs it
        return Execution(_only(execution.failure(error)))
    executed = await execution.execute(schema, resolved, context, at_once)
    return replace(executed, results=_learning(executed.results, request, context))


async def _only(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


async def _learning(
    results: AsyncGenerator[ExecutionResult, None], request: GraphQLRequest, context: RequestContext
) -> AsyncGenerator[ExecutionResult, None]:
    async with contextlib.aclosing(results):
        async for result in results:
            learn(request, context, result)
            yield result
