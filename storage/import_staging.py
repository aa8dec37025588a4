"""The collections `import_chunks` and `import_undo`: the bytes of a file to be imported, and what undoes its import.

A file is kept in chunks until it is applied, so that a broken upload goes on where it was, in any worker.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from pymongo import DeleteOne, IndexModel

from auth.identifiers import OrganizationId
from storage import import_records, transfer_format
from storage.database import Database, Session
from storage.import_records import ImportRecord, Position

CHUNKS = "import_chunks"
UNDO = "import_undo"
CHUNK_INDEXES = [IndexModel("expires_at", name="expiry", expireAfterSeconds=0)]
MAX_BYTES = 10 * 1024**3
CHUNK_BYTES = 1024 * 1024
_DELETIONS = 100
_ABANDONED_KEPT = 4
_ENTRY_BYTES = 8 * 1024 * 1024


class FileTooLargeError(Exception):
    """A file is longer than what may be imported."""


class StagingLostError(Exception):
    """The staged file has expired."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a staged file, its number, and the place behind it."""

    number: int
    text: bytes
    end: Position


@dataclass(frozen=True, slots=True)
class Change:
    """A document that an import has written, and what was there before.

    `id` is a document of nothing but the `_id`; `digest` is the SHA-256 of what was written, `old` what it replaced.
    """

    id: bytes
    digest: bytes
    old: bytes | None


class Receiver:
    """Stages what arrives of a file, a chunk a transaction, for the worker that holds the upload's lease."""

    def __init__(self, database: Database, record: ImportRecord, worker: str) -> None:
        self.record = record
        self._database = database
        self._worker = worker
        self._buffer = bytearray()

    async def write(self, data: bytes) -> None:
        """Take some bytes. Raises `FileTooLargeError`, or `ImportLostError` if the upload is another worker's now."""
        self._buffer += data
        if self.record.received + len(self._buffer) > MAX_BYTES:
            raise FileTooLargeError
        while len(self._buffer) >= CHUNK_BYTES:
            await self._store(CHUNK_BYTES)

    async def flush(self) -> None:
        """Stage what is left of what was taken. Raises `ImportLostError`."""
        if self._buffer:
            await self._store(len(self._buffer))

    async def _store(self, size: int) -> None:
        before, data = self.record, bytes(self._buffer[:size])
        counters = {"received": before.received + size, "chunks": before.chunks + 1}
        chunk = {
            "_id": _key(before.id, before.chunks),
            "data": data,
            "expires_at": before.created_at + 2 * import_records.RETENTION,
        }

        async def insert(tx: Session) -> ImportRecord:
            record = await import_records.update(self._database, before.id, self._worker, counters, tx)
            await self._database[CHUNKS].insert_one(chunk, session=tx)
            return record

        self.record = await self._database.transaction(insert)
        del self._buffer[:size]


async def lines(database: Database, record: ImportRecord, start: Position) -> AsyncGenerator[list[Line], None]:
    """Yield the lines of a staged file behind a place, those that end in one chunk together. Raises `StagingLostError`.

    Behind a line that is too long nothing follows.
    """
    pending, number = b"", start.lines
    for chunk in range(start.chunk, record.chunks):
        data = await _read_chunk(database, record, chunk)
        at = start.byte if chunk == start.chunk else 0
        found = []
        while (newline := data.find(b"\n", at)) >= 0:
            number += 1
            found.append(Line(number, pending + data[at:newline], Position(chunk, newline + 1, number)))
            pending, at = b"", newline + 1
        pending += data[at:]
        if found:
            yield found
        if len(pending) > transfer_format.MAX_LINE_BYTES:
            break
    if pending:
        yield [Line(number + 1, pending, Position(record.chunks, 0, number + 1))]


async def ends_with_manifest(database: Database, record: ImportRecord) -> bool:
    """Tell whether the last line of a staged file is a manifest, so that nothing is missing."""
    tail = b""
    for chunk in reversed(range(record.chunks)):
        tail = await _read_chunk(database, record, chunk) + tail
        if b"\n" in tail.rstrip() or len(tail) > transfer_format.MAX_LINE_BYTES:
            break
    return transfer_format.is_manifest(tail.rstrip().rpartition(b"\n")[2])


async def journal(database: Database, tx: Session, record: ImportRecord, changes: Sequence[Change]) -> int:
    """Note what undoes some changes; return the number of entries that the journal has then."""
    number = record.progress.undo
    for group in _groups(changes):
        entries = [{"id": change.id, "digest": change.digest, "old": change.old} for change in group]
        await database[UNDO].insert_one({"_id": _key(record.id, number), "changes": entries}, session=tx)
        number += 1
    return number


async def last_changes(database: Database, record: ImportRecord) -> list[Change]:
    """Return the last entry of the journal."""
    found = await database[UNDO].find_one({"_id": _key(record.id, record.progress.undo - 1)})
    return [] if found is None else [Change(one["id"], one["digest"], one["old"]) for one in found["changes"]]


async def remove_last(database: Database, tx: Session, record: ImportRecord) -> None:
    """Remove the last entry of the journal."""
    await database[UNDO].delete_one({"_id": _key(record.id, record.progress.undo - 1)}, session=tx)


async def remove(database: Database, record: ImportRecord) -> None:
    """Remove the staged file, and the journal."""
    for name, count in ((CHUNKS, record.chunks), (UNDO, record.progress.undo)):
        for first in range(0, count, _DELETIONS):
            numbers = range(first, min(first + _DELETIONS, count))
            await database[name].bulk_write([DeleteOne({"_id": _key(record.id, number)}) for number in numbers])


async def make_room(database: Database, organization_id: OrganizationId) -> None:
    """Give up the oldest uploads that nobody is sending, so that a new one is not one too many."""
    abandoned = await import_records.find_abandoned(database, organization_id)
    for found in abandoned[: max(0, len(abandoned) - _ABANDONED_KEPT + 1)]:
        record = await import_records.give_up(database, found.id)
        if record is not None:
            await remove(database, record)


async def discard_all(database: Database, organization_id: OrganizationId) -> None:
    """Remove all that is staged for an organization that is deleted, whoever is at work on it."""
    for found in await import_records.find_all(database, organization_id):
        record = await import_records.discard(database, found.id)
        if record is not None:
            await remove(database, record)
            await import_records.delete(database, record.id)


async def _read_chunk(database: Database, record: ImportRecord, number: int) -> bytes:
    found = await database[CHUNKS].find_one({"_id": _key(record.id, number)})
    if found is None:
        raise StagingLostError
    data: bytes = found["data"]
    return data


def _groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Cut changes into such groups as fit into one document."""
    group: list[Change] = []
    size = 0
    for change in changes:
        size += len(change.old or b"")
        if group and size > _ENTRY_BYTES:
            yield group
            group, size = [], len(change.old or b"")
        group.append(change)
    if group:
        yield group


def _key(import_id: str, number: int) -> str:
    return f"{import_id}:{number}"
