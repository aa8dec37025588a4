"""Export and import of an organization's documents over HTTP: streams of lines, which GraphQL does not carry."""

import uuid
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers import exports, imports
from resolvers.imports import Upload
from schema import downloads, ids, request_bodies, request_context, transfer_problems
from schema.ids import NodeType
from schema.media_types import JSON
from schema.problems import ProblemError
from storage.import_records import ImportRecord, ImportState, OnConflict
from storage.transfer_format import hash_of

_SILENCE_SECONDS = 60.0
_MAX_DIGITS = 18
_log = structlog.get_logger()


def routes() -> list[BaseRoute]:
    """Return the routes of export and import."""
    return [
        Route("/organizations/{organization}/export", transfer_problems.answering(_export), methods=["GET"]),
        Route("/organizations/{organization}/import", transfer_problems.answering(_import), methods=["POST"]),
        Route(
            "/organizations/{organization}/import/{upload}", transfer_problems.answering(_show_import), methods=["GET"]
        ),
    ]


async def _export(request: Request) -> Response:
    context = request_context.of(request)
    organization = await exports.find(context, ids.decode_organization(request.path_params["organization"]))
    if request.method != "HEAD":
        await exports.record(context, organization)
    found = exports.lines(context, organization, ids.encode(NodeType.ORGANIZATION, organization.id))
    return downloads.answer(request, organization.slug, "export", found)


async def _import(request: Request) -> Response:
    organization_id = ids.decode_organization(request.path_params["organization"])
    upload = Upload(_upload_id(request.headers.get("upload-id")), _offset(request), _on_conflict(request))
    body = request_bodies.chunks(request, _SILENCE_SECONDS)
    record = await imports.receive(request_context.of(request), organization_id, upload, body)
    if record.state is ImportState.FAILED:
        return transfer_problems.findings(request, record.upload_id, record.errors)
    return _answer(record, 200 if record.state is ImportState.DONE else 202)


async def _show_import(request: Request) -> Response:
    organization_id = ids.decode_organization(request.path_params["organization"])
    record = await imports.find(request_context.of(request), organization_id, request.path_params["upload"])
    if record is None:
        raise ProblemError(404, "There is no such upload.")
    return _answer(record, 200)


def _answer(record: ImportRecord, status: int) -> Response:
    content, progress = record.content, record.progress
    declared: dict[str, Any] = {} if record.declared is None else orjson.loads(record.declared)
    body = {
        "uploadId": record.upload_id,
        "state": record.state,
        "onConflict": record.on_conflict,
        "received": record.received,
        "documents": None if content is None else content.documents,
        "hash": None if content is None else hash_of(content),
        "inserted": progress.inserted,
        "replaced": progress.replaced,
        "skipped": progress.skipped,
        "verified": record.verified,
        "indexes": declared.get("indexes"),
        "schemas": declared.get("schemas"),
        "errors": [transfer_problems.described(finding) for finding in record.errors],
    }
    headers = {"Upload-Id": record.upload_id, "Upload-Offset": str(record.received), "Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, media_type=f"{JSON}; charset=utf-8")


def _upload_id(given: str | None) -> str:
    if given is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise ProblemError(400, "Upload-Id is not a UUID.") from None


def _offset(request: Request) -> int:
    given = request.headers.get("upload-offset", "0")
    if not given.isascii() or not given.isdecimal() or len(given) > _MAX_DIGITS:
        raise ProblemError(400, "Upload-Offset is not a number of bytes.")
    return int(given)


def _on_conflict(request: Request) -> OnConflict:
    try:
        return OnConflict(request.query_params.get("onConflict", OnConflict.FAIL))
    except ValueError:
        raise ProblemError(400, "onConflict is fail, skip or replace.") from None
