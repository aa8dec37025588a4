"""Reads a GraphQL request from an HTTP request (GraphQL over HTTP, sections 5 and 6)."""

import contextlib
import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from auth.errors import RateLimitedError
from resolvers import charges
from schema import document_ids, preflight, request_context
from schema.media_types import JSON, content_type
from schema.problems import ProblemError
from schema.request_bodies import SMALL_BYTES, Share

DEADLINE_SECONDS = 12.0
_AS_EVER = contextlib.nullcontext()


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation to execute; `query` is empty if its document is only named, by `document_id`."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    document_id: str | None = None


async def read(request: Request, memory: Share) -> GraphQLRequest:
    """Return the request, whose body takes memory; raise `ProblemError` with the status that says what is wrong."""
    if request.method == "GET":
        preflight.require(request)
        return from_parameters(_query_parameters(request))
    if request.method != "POST":
        raise ProblemError(405, "GraphQL is served by GET and POST.", {"Allow": "GET, POST"})
    media_type, charset = content_type(request.headers.get("content-type"))
    if media_type != JSON or charset not in {None, "utf-8", "utf8"}:
        raise ProblemError(415, "Send the request as application/json in UTF-8.", {"Accept": JSON})
    parameters = _decode(await _body(request, memory), "The body")
    if isinstance(parameters, list):
        raise ProblemError(400, "Batches are not supported: send one operation a request.")
    if not isinstance(parameters, dict):
        raise ProblemError(400, "The body is not a JSON object.")
    return from_parameters(parameters)


async def _body(request: Request, memory: Share) -> bytes:
    """Return the body; a large one is paid for, and has room to be decoded."""
    body = await memory.read(request)
    if len(body) > SMALL_BYTES:
        try:
            await charges.pay_body(request_context.of(request), len(body))
        except RateLimitedError as error:
            raise ProblemError(429, error.message, {"Retry-After": str(error.retry_after or 1)}) from None
        memory.hold(body)
    return body


def _query_parameters(request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _decode(parameters[name].encode(), f"The parameter {name}")
        else:
            parameters.pop(name, None)
    return parameters


def from_parameters(parameters: Mapping[str, Any]) -> GraphQLRequest:
    """Return the request with these parameters; raise `ProblemError` if one of them has the wrong form."""
    document_id = document_ids.of(parameters)
    query = parameters.get("query")
    if document_id is not None and (query is None or query == ""):
        query = ""
    elif not isinstance(query, str) or not query.strip():
        raise ProblemError(400, "The parameter query is missing or not a string.")
    operation_name = parameters.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise ProblemError(400, "The parameter operationName is not a string.")
    variables, extensions = _object(parameters, "variables"), _object(parameters, "extensions")
    return GraphQLRequest(query, operation_name or None, variables, extensions, document_id)


def _object(parameters: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, dict):
        raise ProblemError(400, f"The parameter {name} is not an object.")
    return value


def _decode(text: bytes, what: str) -> object:
    try:
        with _uncollected() if len(text) > SMALL_BYTES else _AS_EVER:
            return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProblemError(400, f"{what} is not JSON.") from None


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be looked for: there is none, and a million new lists would cause it seven times over."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
