"""GraphQL over HTTP: one endpoint, `GET` for what changes nothing and `POST` for everything.

Strawberry's own view answers malformed requests in plain text and knows one media type; this one follows the
specification to the letter (docs/adr/0003).
"""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from schema import (
    execution,
    graphql_request,
    graphql_sse,
    media_types,
    problems,
    request_context,
    request_id,
    request_log,
)
from schema.assembly import Schema
from schema.graphql_request import DEADLINE_SECONDS, GraphQLRequest
from schema.media_types import EVENT_STREAM, GRAPHQL_RESPONSE, JSON
from schema.problems import ProblemError

_ACCEPTABLE = f"Answers are {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}."
_SUBSCRIPTIONS = f"A subscription is served as {EVENT_STREAM}, if the Accept header field says so, or over a WebSocket."


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        response = await self.respond(request)
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request, whatever it is like."""
        media_type = media_types.negotiate(request.headers.get("accept"))
        if media_type is None:
            return problems.response(request, ProblemError(406, _ACCEPTABLE))
        try:
            parameters = await graphql_request.read(request)
            if media_type == EVENT_STREAM:
                return await graphql_sse.respond(self._schema, request, parameters)
            result = await self._execute(request, parameters)
        except ProblemError as problem:
            return problems.response(request, problem, JSON if media_type == EVENT_STREAM else media_type)
        return _encode(request, result, media_type)

    async def _execute(self, request: Request, parameters: GraphQLRequest) -> ExecutionResult:
        allowed = [OperationType.QUERY] if request.method == "GET" else [OperationType.QUERY, OperationType.MUTATION]
        request_log.note(request.scope, operation=parameters.operation_name)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._schema.execute(
                    parameters.query,
                    variable_values=parameters.variables,
                    context_value=request_context.of(request),
                    operation_name=parameters.operation_name,
                    allowed_operation_types=allowed,
                    operation_extensions=parameters.extensions,
                )
        except TimeoutError:
            raise ProblemError(503, "The request took too long.", {"Retry-After": "1"}) from None
        except MissingQueryError:
            raise ProblemError(400, "The parameter query is missing.") from None
        except CannotGetOperationTypeError:
            raise ProblemError(
                400, "The document has no operation of this name, or several and no name was given."
            ) from None
        except InvalidOperationTypeError as error:
            if request.method == "GET" and error.operation_type is OperationType.MUTATION:
                raise ProblemError(405, "Mutations are sent by POST.", {"Allow": "POST"}) from None
            raise ProblemError(400, _SUBSCRIPTIONS) from None


def _encode(request: Request, result: ExecutionResult, media_type: str) -> Response:
    """Encode a result. Without data, since the request itself was wrong, a GraphQL response has status 400."""
    found = execution.wire(result, request_id.of(request.scope))
    request_log.note(request.scope, errors=sorted({error["extensions"]["code"] for error in found}))
    status = 400 if execution.is_whole(result, found) and media_type == GRAPHQL_RESPONSE else 200
    body = orjson.dumps(execution.body(result, found))
    return Response(body, status, media_type=f"{media_type}; charset=utf-8")
