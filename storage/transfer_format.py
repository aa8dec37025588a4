"""The form in which documents leave and enter: lines of JSON, a header first, a manifest last.

A document is canonical extended JSON. One that this cannot express, or only in a line that is too long, is its bytes in
`{"bson": …}`; a document has an `_id`, so it is taken for neither that nor a header or manifest.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

import bson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.json_util import CANONICAL_JSON_OPTIONS

from storage.database import Document
from storage.document_types import DocumentTypeRecord
from storage.organizations import OrganizationRecord
from storage.tenant_stores import Content, to_content

FORMAT = 1
MAX_LINE_BYTES = 20 * 1024 * 1024
MAX_DOCUMENT_BYTES = 15 * 1024 * 1024 - 1024
"""So much fits, as base64, into the longest line, and with what is noted beside it into a document of MongoDB's."""

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, BSONError, RecursionError)
"""What reading a line raises if it is not JSON, not extended JSON, or nothing that BSON can hold."""

_CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
_JSON = CANONICAL_JSON_OPTIONS.with_options(
    tz_aware=True, tzinfo=UTC, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
_EXACT = Context(prec=1100, traps=[])  # As many digits as a double can have.
_API_ID = re.compile(r"[0-9a-f]{24}")


class LineError(Exception):
    """A line is not what it has to be; the message is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    format: object


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says that it holds, to be compared with what was read of it."""

    documents: object
    hash: object
    types: object
    declared: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document of a file: as BSON, and decoded to be looked at."""

    content: bytes
    document: Document


class Tally:
    """What documents amount to, by type; those that are not the API's have the type of no name."""

    def __init__(self) -> None:
        self.types: dict[str, Content] = {}

    def add(self, type_name: str, content: bytes) -> None:
        """Count a document."""
        self.types[type_name] = self.types.get(type_name, Content()).plus([content])

    @property
    def total(self) -> Content:
        """What all of them amount to."""
        found = self.types.values()
        return Content(
            sum(one.documents for one in found),
            sum(one.size for one in found),
            sum(one.digest for one in found) % 2**256,
        )

    def to_json(self) -> dict[str, Any]:
        """Return numbers and hashes as a manifest has them."""
        return {name: {"documents": one.documents, "hash": hash_of(one)} for name, one in sorted(self.types.items())}


def hash_of(content: Content) -> str:
    """Return a content's hash as clients see it."""
    return f"{content.digest:064x}"


def header(
    organization: OrganizationRecord, global_id: str, types: Sequence[DocumentTypeRecord], at: datetime
) -> bytes:
    """Return the first line of an export."""
    described = [
        {
            "name": one.name,
            "indexes": [list(index.fields) for index in one.indexes],
            "schemaVersion": one.schema_version,
            "schema": one.schema,
        }
        for one in types
    ]
    about = {
        "format": FORMAT,
        "organization": global_id,
        "slug": organization.slug,
        "exportedAt": at.isoformat(),
        "types": described,
    }
    return _line({"tenantry": about})


def manifest(tally: Tally, types: Sequence[DocumentTypeRecord]) -> bytes:
    """Return the last line of an export."""
    total = tally.total
    indexes = [{"type": one.name, "fields": list(index.fields)} for one in types for index in one.indexes]
    schemas = {one.name: {"version": one.schema_version, "schema": one.schema} for one in types if one.schema}
    about = {
        "documents": total.documents,
        "types": tally.to_json(),
        "hash": hash_of(total),
        "indexes": indexes,
        "schemas": schemas,
    }
    return _line({"manifest": about})


def differences(said: Manifest, tally: Tally) -> list[str]:
    """Return the names of those members of a manifest that are not what was counted."""
    total = tally.total
    found = {
        "documents": (said.documents, total.documents),
        "hash": (said.hash, hash_of(total)),
        "types": (said.types, tally.to_json()),
    }
    return [name for name, (one, other) in found.items() if one != other]


def write(contents: Iterable[bytes], tally: Tally) -> bytes:
    """Return the lines of documents given as BSON, and count them."""
    lines = []
    for content in contents:
        document = bson.decode(content, _CODEC)
        tally.add(type_of(document), content)
        lines.append(_document_line(document, content))
    return b"".join(lines)


def read(text: bytes) -> Header | Manifest | DocumentLine:
    """Return what a line says. Raises `LineError`."""
    if len(text) > MAX_LINE_BYTES:
        raise LineError(f"The line is longer than {MAX_LINE_BYTES} bytes.")
    try:
        value = json_util.loads(text.decode(), json_options=_JSON)
    except UNREADABLE as error:
        raise LineError(f"The line is not extended JSON: {str(error)[:100]}") from None
    if not isinstance(value, dict):
        raise LineError("The line is not a JSON object.")
    if "_id" in value:
        return _encoded(value)
    match value:
        case {"tenantry": dict(about)}:
            return Header(about.get("format"))
        case {"manifest": dict(about)}:
            declared = {"indexes": about.get("indexes", []), "schemas": about.get("schemas", {})}
            return Manifest(
                about.get("documents"),
                about.get("hash"),
                about.get("types"),
                json.dumps(declared, separators=(",", ":"), default=str),
            )
        case {"bson": bytes(content)}:
            return _decoded(content)
    raise LineError("The document has no _id.")


def is_manifest(text: bytes) -> bool:
    """Tell whether a line is a manifest."""
    try:
        return isinstance(read(text), Manifest)
    except LineError:
        return False


def is_api_id(document_id: object) -> bool:
    """Tell whether an id is such as the API gives to its documents."""
    return isinstance(document_id, str) and _API_ID.fullmatch(document_id) is not None


def type_of(document: Mapping[str, Any]) -> str:
    """Return the type of a document of the API's, or the empty string for any other."""
    name = document.get("type")
    return name if is_api_id(document["_id"]) and isinstance(name, str) else ""


def key_of(document_id: object) -> bytes:
    """Return what tells an id from others: numbers of the same value are one id to MongoDB, whatever their type."""
    number = document_id.to_decimal() if isinstance(document_id, bson.Decimal128) else document_id
    if isinstance(number, int | float | Decimal) and not isinstance(number, bool):
        return f"{_EXACT.normalize(Decimal(number))}".encode()
    return hashlib.sha256(bson.encode({"": document_id})).digest()


def _document_line(document: Document, content: bytes) -> bytes:
    try:
        text = json_util.dumps(document, json_options=_JSON, separators=(",", ":"))
        read_back = bson.encode(json_util.loads(text, json_options=_JSON), codec_options=_CODEC)
    except UNREADABLE:
        read_back = b""
    if read_back == content and len(text) < MAX_LINE_BYTES:
        return text.encode() + b"\n"
    return json_util.dumps({"bson": content}, json_options=_JSON, separators=(",", ":")).encode() + b"\n"


def _encoded(document: Document) -> DocumentLine:
    try:
        return DocumentLine(to_content(document), document)
    except UNREADABLE as error:
        raise LineError(f"The document cannot be stored: {str(error)[:100]}") from None


def _decoded(content: bytes) -> DocumentLine:
    try:
        document = bson.decode(content, _CODEC)
    except UNREADABLE:
        raise LineError("The bytes are not a document.") from None
    if next(iter(document), None) != "_id":
        raise LineError("The document does not begin with its _id.")
    return DocumentLine(bytes(content), document)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
