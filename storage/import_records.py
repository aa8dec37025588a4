"""The collection `imports`: files that are sent to be imported, and how far each has come.

Who works on an import holds its lease, and one of the organization's slots, which a unique index hands out.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth.identifiers import OrganizationId
from storage import audit_events, leases, patient_writes
from storage.acts import SYSTEM, Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, new_id, now
from storage.tenant_access import TenantTransaction
from storage.tenant_stores import Content

COLLECTION = "imports"
INDEXES = [
    IndexModel([("organization_id", ASCENDING), ("upload_id", ASCENDING)], name="by_upload", unique=True),
    IndexModel(
        [("organization_id", ASCENDING), ("slot", ASCENDING)],
        name="slots",
        unique=True,
        partialFilterExpression={"slot": {"$exists": True}},
    ),
    IndexModel("lease.expires_at", name="unfinished", sparse=True),
    IndexModel("expires_at", name="expiry", expireAfterSeconds=0),
]
RETENTION = timedelta(hours=24)
"""How long an upload may take, and how long the outcome of an import can be looked up."""

_SLOTS = 2


class OnConflict(StrEnum):
    """What becomes of a document whose id is taken in the store."""

    FAIL = "fail"
    SKIP = "skip"
    REPLACE = "replace"


class ImportState(StrEnum):
    """How far an import has come; from `DONE` and `FAILED` nothing follows."""

    RECEIVING = "RECEIVING"
    CHECKING = "CHECKING"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    UNDOING = "UNDOING"
    DONE = "DONE"
    FAILED = "FAILED"


_ABANDONED = {"state": ImportState.RECEIVING, "lease": {"$exists": False}}


class ImportLostError(Exception):
    """Another worker has taken the import over, or it is discarded."""


class UploadBusyError(Exception):
    """Somebody else is sending the same upload."""


class TooManyImportsError(Exception):
    """As many imports as may be are under way in the organization."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a file: where, and what."""

    line: int | None
    message: str
    path: tuple[str, ...] | None = None

    @classmethod
    def from_document(cls, document: Document) -> "Finding":
        """Read a stored finding."""
        path = document["path"]
        return cls(document["line"], document["message"], None if path is None else tuple(path))


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two lines of a staged file: the chunk, the byte in it, and the number of lines before it."""

    chunk: int = 0
    byte: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a file is applied, and how many entries the journal for undoing that has."""

    at: Position = field(default_factory=Position)
    inserted: int = 0
    replaced: int = 0
    skipped: int = 0
    undo: int = 0

    @classmethod
    def from_document(cls, document: Document) -> "Progress":
        """Read a stored progress."""
        return cls(**document | {"at": Position(**document["at"])})


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import as stored, and who wanted it.

    `content` and `declared` are known once the file is checked, `verified` once it is done.
    """

    id: str
    organization_id: OrganizationId
    upload_id: str
    on_conflict: OnConflict
    state: ImportState
    created_at: datetime
    received: int = 0
    chunks: int = 0
    content: Content | None = None
    declared: str | None = None
    into_empty: bool = False
    progress: Progress = field(default_factory=Progress)
    errors: tuple[Finding, ...] = ()
    verified: bool | None = None
    attempts: int = 0
    act: Act = SYSTEM


def from_document(document: Document) -> ImportRecord:
    """Read a stored import."""
    content = document.get("content")
    return ImportRecord(
        id=document["_id"],
        organization_id=document["organization_id"],
        upload_id=document["upload_id"],
        on_conflict=OnConflict(document["on_conflict"]),
        state=ImportState(document["state"]),
        created_at=document["created_at"],
        received=document["received"],
        chunks=document["chunks"],
        content=content and Content.from_document(content),
        declared=document.get("declared"),
        into_empty=document.get("into_empty", False),
        progress=Progress.from_document(document["progress"]),
        errors=tuple(Finding.from_document(found) for found in document.get("errors", [])),
        verified=document.get("verified"),
        attempts=document.get("attempts", 0),
        act=Act.from_document(document["act"]) if "act" in document else SYSTEM,
    )


async def find(database: Database, organization_id: OrganizationId, upload_id: str) -> ImportRecord | None:
    """Return an organization's import, if there is one of this upload."""
    found = await database[COLLECTION].find_one({"organization_id": organization_id, "upload_id": upload_id})
    return None if found is None else from_document(found)


async def create(database: Database, organization_id: OrganizationId, upload_id: str, on_conflict: OnConflict) -> None:
    """Make an import, unless it is there. A purge finds it, since this is a write to the organization's documents.

    Raises `NotWritableError`.
    """
    document = {
        "_id": new_id(),
        "organization_id": organization_id,
        "upload_id": upload_id,
        "on_conflict": on_conflict,
        "state": ImportState.RECEIVING,
        "received": 0,
        "chunks": 0,
        "progress": asdict(Progress()),
        "created_at": now(),
        "expires_at": now() + RETENTION,
    }

    async def insert(transaction: TenantTransaction) -> None:
        await database[COLLECTION].insert_one(document, session=transaction.session)

    try:
        await patient_writes.write(database, organization_id, insert)
    except DuplicateKeyError:
        return


async def claim(database: Database, organization_id: OrganizationId, upload_id: str, worker: str) -> ImportRecord:
    """Take the lease of an upload that nobody is sending, and a slot.

    Raises `UploadBusyError` or `TooManyImportsError`.
    """
    free = {"organization_id": organization_id, "upload_id": upload_id, **_ABANDONED}
    for slot in range(_SLOTS):
        try:
            found = await database[COLLECTION].find_one_and_update(
                free,
                {"$set": {"lease": leases.lease(worker), "slot": slot}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            continue
        if found is None:
            raise UploadBusyError
        return from_document(found)
    raise TooManyImportsError


async def find_all(database: Database, organization_id: OrganizationId) -> list[ImportRecord]:
    """Return all imports of an organization."""
    found = await database[COLLECTION].find({"organization_id": organization_id}).to_list(None)
    return [from_document(document) for document in found]


async def update(
    database: Database, import_id: str, worker: str, fields: Document, tx: Session | None = None
) -> ImportRecord:
    """Change an import, and renew its lease. Raises `ImportLostError` if that is another worker's."""
    change = {"$set": {**fields, "lease": leases.lease(worker)}}
    return await _change(database, import_id, worker, change, tx)


async def begin(database: Database, import_id: str, worker: str, act: Act) -> ImportRecord:
    """Have a received file be checked and applied; it does not expire meanwhile. Raises `ImportLostError`."""
    fields = {"state": ImportState.CHECKING, "attempts": 0, "act": act.to_document()}
    change = {"$set": fields, "$unset": {"expires_at": ""}}

    async def write(tx: Session) -> ImportRecord:
        record = await _change(database, import_id, worker, change, tx)
        await _record(database, tx, record, act, AuditAction.STORE_IMPORT_STARTED, {"bytes": record.received})
        return record

    return await database.transaction(write)


async def release(database: Database, import_id: str, worker: str, fields: Document | None = None) -> ImportRecord:
    """Let go of an import, with its slot. Raises `ImportLostError`."""
    change: Document = {"$unset": {"lease": "", "slot": ""}}
    if fields:
        change["$set"] = fields
    return await _change(database, import_id, worker, change)


async def postpone(database: Database, import_id: str, worker: str, fields: Document | None = None) -> ImportRecord:
    """Leave an import to the next round of recovery. Raises `ImportLostError`."""
    return await _change(database, import_id, worker, {"$set": {**(fields or {}), "lease": leases.released()}})


async def finish(database: Database, import_id: str, worker: str, fields: Document) -> ImportRecord:
    """End an import; its record stays for a day. Raises `ImportLostError`."""
    ended = {**fields, "expires_at": now() + RETENTION}
    change = {"$set": ended, "$unset": {"lease": "", "slot": ""}}

    async def write(tx: Session) -> ImportRecord:
        record = await _change(database, import_id, worker, change, tx)
        done = record.state is ImportState.DONE
        action = AuditAction.STORE_IMPORTED if done else AuditAction.STORE_IMPORT_FAILED
        progress = record.progress
        counts = {"inserted": progress.inserted, "replaced": progress.replaced, "skipped": progress.skipped}
        await _record(database, tx, record, record.act, action, counts if done else {"errors": len(record.errors)})
        return record

    return await database.transaction(write)


async def find_abandoned(database: Database, organization_id: OrganizationId) -> list[ImportRecord]:
    """Return the uploads of an organization that nobody is sending, the oldest first."""
    query = {"organization_id": organization_id, **_ABANDONED}
    found = await database[COLLECTION].find(query).sort("created_at", ASCENDING).to_list(None)
    return [from_document(document) for document in found]


async def give_up(database: Database, import_id: str) -> ImportRecord | None:
    """End an upload that nobody is sending; return it as it is then, or None if somebody is."""
    error = Finding(None, "The upload was given up: later ones have taken its place.")
    fields = {"state": ImportState.FAILED, "errors": [asdict(error)], "expires_at": now() + RETENTION}
    found: Document | None = await database[COLLECTION].find_one_and_update(
        {"_id": import_id, **_ABANDONED}, {"$set": fields}, return_document=ReturnDocument.AFTER
    )
    return None if found is None else from_document(found)


async def discard(database: Database, import_id: str) -> ImportRecord | None:
    """Take an import out of everybody's hands, so that nothing more is written for it; return it as it is then."""
    change = {"$set": {"state": ImportState.FAILED}, "$unset": {"lease": "", "slot": ""}}
    found: Document | None = await database[COLLECTION].find_one_and_update(
        {"_id": import_id}, change, return_document=ReturnDocument.AFTER
    )
    return None if found is None else from_document(found)


async def delete(database: Database, import_id: str) -> None:
    """Remove an import's record."""
    await database[COLLECTION].delete_one({"_id": import_id})


async def _record(
    database: Database, tx: Session, record: ImportRecord, act: Act, action: AuditAction, details: Document
) -> None:
    event = NewEvent(action, Target(TargetKind.IMPORT, record.upload_id), details=details)
    await audit_events.record(database, tx, record.organization_id, act, event)


async def _change(
    database: Database, import_id: str, worker: str, change: Document, tx: Session | None = None
) -> ImportRecord:
    found = await database[COLLECTION].find_one_and_update(
        {"_id": import_id, **leases.held_by(worker)}, change, session=tx, return_document=ReturnDocument.AFTER
    )
    if found is None:
        raise ImportLostError
    return from_document(found)
