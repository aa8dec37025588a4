"""Checks a file to be imported from its first line to its last, before anything of it is written."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import bson
from bson import json_util
from bson.json_util import RELAXED_JSON_OPTIONS

from storage import transfer_format
from storage.import_records import Finding
from storage.import_staging import Line
from storage.transfer_format import DocumentLine, Header, LineError, Manifest, Tally

MAX_FINDINGS = 20
_MAX_DEPTH = 100
_MAX_DATA_BYTES = 1024 * 1024
_JSON_GROWTH = 8
_DBREF = {"$ref", "$id", "$db"}


class FileCheck:
    """What is right and what is wrong with a file, as far as it was read. It remembers all ids, on the disk."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.findings: list[Finding] = []
        self.manifest: Manifest | None = None
        self._lines = 0
        self._ids = _Ids()

    @property
    def is_over(self) -> bool:
        """Tell whether there is no use in reading on."""
        return len(self.findings) >= MAX_FINDINGS

    def take(self, lines: Sequence[Line]) -> list[tuple[int, DocumentLine]]:
        """Check the next lines; return the documents among them that are in order, with the numbers of their lines."""
        documents = []
        for line in lines:
            try:
                before, found = len(self.findings), self._read(line)
                if isinstance(found, DocumentLine) and len(self.findings) == before:
                    documents.append((line.number, found))
            except LineError as error:
                self.add(Finding(line.number, str(error)))
            if self.is_over:
                break
        return documents

    def add(self, finding: Finding) -> None:
        """Note something that is wrong, unless that is enough already."""
        if not self.is_over:
            self.findings.append(finding)

    def compare(self) -> str:
        """Compare the whole with what the manifest says; return what it declares, as JSON."""
        if self.manifest is None:
            self.add(Finding(None, "The file is cut off: its last line is no manifest."))
            return ""
        if not self.findings:
            for name in transfer_format.differences(self.manifest, self.tally):
                message = f"The manifest's {name} are not what the documents amount to: the file was changed."
                self.add(Finding(self._lines, message, ("manifest", name)))
        return self.manifest.declared

    def close(self) -> None:
        """Give the disk back."""
        self._ids.close()

    def _read(self, line: Line) -> Header | Manifest | DocumentLine:
        self._lines = line.number
        if self.manifest is not None:
            raise LineError("There is a line behind the manifest.")
        found = transfer_format.read(line.text)
        if isinstance(found, Header) is not (line.number == 1):
            raise LineError("A header has to be the first line, and nothing else may be.")
        if isinstance(found, Header) and found.format != transfer_format.FORMAT:
            raise LineError(f"The format is not {transfer_format.FORMAT}, the one that is known here.")
        if isinstance(found, Manifest):
            self.manifest = found
        elif isinstance(found, DocumentLine):
            self._check(line.number, found)
        return found

    def _check(self, number: int, found: DocumentLine) -> None:
        self.tally.add(transfer_format.type_of(found.document), found.content)
        for message, path in _problems(found):
            self.add(Finding(number, message, path))
        first = self._ids.add(found.document["_id"], number)
        if first is not None:
            self.add(Finding(number, f"Line {first} has a document with the same _id.", ("_id",)))


class _Ids:
    """The ids of a file, in a temporary database of which little is in memory."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("CREATE TABLE ids (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def add(self, document_id: object, line: int) -> int | None:
        """Remember an id; return the line where it was before, if it was."""
        key = hashlib.sha256(transfer_format.key_of(document_id)).digest()[:16]
        added = self._connection.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (key, line))
        if added.rowcount:
            return None
        (first,) = self._connection.execute("SELECT line FROM ids WHERE key = ?", (key,)).fetchone()
        return int(first)

    def close(self) -> None:
        """Give the disk back."""
        self._connection.close()


def _problems(found: DocumentLine) -> Iterator[tuple[str, tuple[str, ...]]]:
    if len(found.content) > transfer_format.MAX_DOCUMENT_BYTES:
        yield f"The document has more than {transfer_format.MAX_DOCUMENT_BYTES} bytes.", ()
    if isinstance(found.document["_id"], list | bson.Regex):
        yield "An _id can be neither an array nor a regular expression.", ("_id",)
    yield from _bad_keys(found.document)
    if transfer_format.is_api_id(found.document["_id"]):
        yield from _bad_shape(found)


def _bad_keys(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    pending: list[tuple[object, tuple[str, ...]]] = [(document, ())]
    while pending:
        value, path = pending.pop()
        if len(path) > _MAX_DEPTH:
            yield f"The document is nested more than {_MAX_DEPTH} levels deep.", path[:3]
            return
        for key, part in _parts(value):
            if key.startswith("$"):
                yield "A key begins with a dollar sign.", (*path, key)
            elif isinstance(part, dict | list | bson.DBRef | bson.Code):
                pending.append((part, (*path, key)))


def _parts(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            yield from value.items()
        case list():
            yield from ((str(position), part) for position, part in enumerate(value))
        case bson.DBRef():
            yield from ((key, part) for key, part in value.as_doc().items() if key not in _DBREF)
            yield "id", value.id
        case bson.Code():
            yield from (value.scope or {}).items()


def _bad_shape(found: DocumentLine) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a document that has an id of the API's lacks to be one of its documents."""
    document = found.document
    if not isinstance(document.get("type"), str):
        yield "A document with such an _id has to have a type.", ("type",)
    if not isinstance(document.get("data"), dict):
        yield "A document with such an _id has to have data, an object.", ("data",)
    elif len(found.content) > _MAX_DATA_BYTES // _JSON_GROWTH and _json_size(document["data"]) > _MAX_DATA_BYTES:
        yield f"The data has more than {_MAX_DATA_BYTES} bytes as JSON.", ("data",)
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield "A document with such an _id has to have a version, from 1 on.", ("version",)
    for name in ("created_at", "updated_at"):
        if not isinstance(document.get(name), datetime):
            yield "A document with such an _id has to have this date.", (name,)


def _json_size(data: Mapping[str, Any]) -> int:
    return len(json_util.dumps(data, json_options=RELAXED_JSON_OPTIONS, ensure_ascii=False).encode())
