"""Manifests of documents as code generators write them, and what keeps one from being registered."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from graphql import GraphQLError

from auth.errors import QueryTooComplexError
from schema import document_ids
from schema.assembly import Schema
from schema.prepared_operations import InvalidDocumentError, NoSuchOperationError

MAX_BYTES = 16 * 1024 * 1024
_APOLLO = "apollo-persisted-query-manifest"
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX = frozenset("0123456789abcdef")


class ManifestError(Exception):
    """The file is no manifest."""


def read(content: bytes) -> dict[str, str]:
    """Return the documents of a manifest by their ids. Raises `ManifestError`.

    It is an object of texts by id (`persistedDocuments` of graphql-codegen's client preset, Relay), or what Apollo's
    `generate-persisted-query-manifest` writes.
    """
    if len(content) > MAX_BYTES:
        raise ManifestError(f"The manifest is larger than {MAX_BYTES} bytes.")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise ManifestError("The manifest is not JSON.") from None
    if not isinstance(found, dict) or not found:
        raise ManifestError("The manifest is not a JSON object of documents by their ids.")
    documents: dict[str, str] = {}
    for document_id, text in _of_apollo(found) if found.get("format") == _APOLLO else found.items():
        if not isinstance(document_id, str) or not isinstance(text, str):
            raise ManifestError("The manifest has something else than texts by their ids.")
        name = document_ids.plain(document_id)
        if documents.setdefault(name, text) != text:
            raise ManifestError(f"The manifest has two documents with the id {name}.")
    return documents


def problems(schema: Schema, documents: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each document that cannot be registered: it would never be found, or never be executed."""
    for document_id, text in documents.items():
        problem = _of_id(document_id, text) or _of_document(schema, text)
        if problem is not None:
            yield f"{document_id}: {problem}"


def _of_apollo(found: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
    operations = found.get("operations")
    if found.get("version") != 1 or not isinstance(operations, list):
        raise ManifestError(f"The manifest is not of version 1 of {_APOLLO}.")
    for operation in operations:
        if not isinstance(operation, dict):
            raise ManifestError("An operation of the manifest is not an object.")
        yield operation.get("id"), operation.get("body")


def _of_id(document_id: str, text: str) -> str | None:
    if not document_ids.is_id(document_id):
        return "The id is not of 1 to 128 characters, without spaces."
    algorithm = _HASHES.get(len(document_id)) if _HEX.issuperset(document_id) else None
    if algorithm is None:
        return None
    digest = hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()
    return (
        None if digest == document_id else f"The id looks like a hash ({algorithm}), and is not that of the document."
    )


def _of_document(schema: Schema, text: str) -> str | None:
    try:
        schema.operations.prepare(text, None, {})
    except InvalidDocumentError as error:
        return error.errors[0].message
    except (GraphQLError, QueryTooComplexError) as error:
        return error.message
    except NoSuchOperationError:
        return "The document does not have exactly one operation."
    return None
