"""GraphQL over HTTP: one endpoint, `GET` for what changes nothing and `POST` for everything.

Strawberry's own view answers malformed requests in plain text and knows one media type; this one follows the
specification to the letter (docs/adr/0003).
"""

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from auth.errors import ErrorCode
from resolvers.context import RequestContext
from schema import (
    conditional_requests,
    execution,
    graphql_request,
    graphql_sse,
    media_types,
    persisted_operations,
    problems,
    rate_headers,
    refusal_pause,
    request_context,
    request_id,
    request_log,
)
from schema.assembly import Schema
from schema.execution import WrongKindError
from schema.graphql_request import GraphQLRequest
from schema.media_types import EVENT_STREAM, GRAPHQL_RESPONSE, JSON
from schema.overload import Capacity
from schema.prepared_operations import NoSuchOperationError
from schema.problems import ProblemError
from schema.refresh_cookies import RefreshCookies
from schema.request_bodies import Room, Share

_ACCEPTABLE = f"Answers are {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}."
_SUBSCRIPTIONS = f"A subscription is served as {EVENT_STREAM}, if the Accept header field says so, or over a WebSocket."


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`."""

    def __init__(self, schema: Schema, capacity: Capacity, cookies: RefreshCookies) -> None:
        self._schema = schema
        self._capacity = capacity
        self._cookies = cookies
        self._memory = Room()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        response = await self.respond(request)
        await refusal_pause.observe(response)
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request, whatever it is like."""
        media_type = media_types.negotiate(request.headers.get("accept"))
        if media_type is None:
            return problems.response(request, ProblemError(406, _ACCEPTABLE))
        with self._memory.share() as memory:
            return await self._answer(request, media_type, memory)

    async def _answer(self, request: Request, media_type: str, memory: Share) -> Response:
        try:
            parameters = await graphql_request.read(request, memory)
            with self._capacity:
                if media_type == EVENT_STREAM:
                    return await graphql_sse.respond(self._schema, request, parameters)
                context = request_context.of(request)
                context.refresh_cookie = cookie = self._cookies.read(request)
                result = await self._result(request, parameters, context)
        except ProblemError as problem:
            return problems.response(request, problem, JSON if media_type == EVENT_STREAM else media_type)
        kept = request.method == "GET" and parameters.document_id is not None and not result.errors
        if kept:
            result.extensions = None  # What it costs is not the same each time: it stands in the header fields.
        response = _encode(request, context, result, media_type)
        self._cookies.write(request, cookie, response)
        return conditional_requests.answer(request, response) if kept else response

    async def _result(self, request: Request, parameters: GraphQLRequest, context: RequestContext) -> ExecutionResult:
        request_log.note(request.scope, operation=parameters.operation_name)
        try:
            resolved = await persisted_operations.resolve(parameters, context)
        except Exception as error:  # noqa: BLE001 - the translator masks and logs it
            return execution.failure(error)
        result = await self._execute(request, resolved, context)
        persisted_operations.learn(parameters, context, result)
        return result

    async def _execute(self, request: Request, parameters: GraphQLRequest, context: RequestContext) -> ExecutionResult:
        allowed = (OperationType.QUERY,) if request.method == "GET" else execution.AT_ONCE
        try:
            return await execution.execute_once(self._schema, parameters, context, allowed)
        except TimeoutError:
            raise ProblemError(503, "The request took too long.", {"Retry-After": "1"}) from None
        except NoSuchOperationError as error:
            raise ProblemError(400, str(error)) from None
        except WrongKindError as error:
            if request.method == "GET" and error.kind is OperationType.MUTATION:
                raise ProblemError(405, "Mutations are sent by POST.", {"Allow": "POST"}) from None
            raise ProblemError(400, _SUBSCRIPTIONS) from None


def _encode(request: Request, context: RequestContext, result: ExecutionResult, media_type: str) -> Response:
    """Encode a result. Without data, since the request itself was wrong, a GraphQL response has status 400.

    Beyond the budget, the status is 429 whatever the media type: proxies and clients heed it.
    """
    found = execution.wire(result, request_id.of(request.scope))
    codes = {error["extensions"]["code"] for error in found}
    request_log.note(request.scope, errors=sorted(codes))
    is_whole = execution.is_whole(result, found)
    headers = rate_headers.of(context.charge)
    status = 400 if is_whole and media_type == GRAPHQL_RESPONSE else 200
    if is_whole and ErrorCode.RATE_LIMITED.value in codes:
        status, headers = 429, headers | rate_headers.retry_after(found)
    body = orjson.dumps(execution.body(result, found))
    return Response(body, status, headers, media_type=f"{media_type}; charset=utf-8")
