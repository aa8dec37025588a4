"""Building a declared index while documents are written, in steps that any worker can go on with.

1. One transaction stores the declaration as `BUILDING`, under a lease; until the end the store is neither moved nor
   dropped. From then on writers see that the fields have to hold what an index can order.
2. Documents that were there before are looked at; if one does not fit, the declaration is taken back.
3. The index is built, and one transaction makes it `READY`.
"""

from collections.abc import Sequence
from functools import partial

from pymongo.errors import OperationFailure

from auth.identifiers import OrganizationId
from storage import audit_events, document_types, idempotency, leases, organizations, store_indexes
from storage.acts import SYSTEM, Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, now
from storage.document_types import DocumentTypeRecord, IndexState, NotDeclarableError
from storage.document_values import NotIndexableError, field_value
from storage.organizations import OrganizationStatus
from storage.placements import Placement
from storage.tenant_stores import TenantStore

MAX_INDEXES_OF_TYPE = 10
MAX_INDEXES = 30
_ATTEMPTS = 5
_CANNOT_CREATE_INDEX = 67
_ENDED = {"lease": "", "attempts": "", "taken_over": ""}


class TooManyIndexesError(Exception):
    """As many indexes are declared as there may be."""


class BuildUnderWayError(Exception):
    """Another index of the type is being built."""


class NotIndexableDocumentsError(Exception):
    """Documents hold what the index cannot order; the message says how many, the declaration is taken back."""


class BuildLostError(Exception):
    """Another worker has taken the build over."""


class IndexBuild:
    """One worker's work on the indexes of one type that are not ready."""

    def __init__(self, database: Database, organization_id: OrganizationId, name: str, worker: str) -> None:
        self._database = database
        self._organization_id = organization_id
        self._name = name
        self._worker = worker

    async def resume(self, attempts: int) -> None:
        """Go on with a build that another worker has left; take it back after too many attempts. Raises as `run`."""
        if attempts <= _ATTEMPTS:
            await self.run()
            return
        for index in document_types.from_document(await self._claimed()).indexes:
            if index.state is IndexState.BUILDING:
                await self._database.transaction(partial(self._take_back, fields=index.fields))

    async def run(self) -> None:
        """Build what is declared; raise `NotIndexableDocumentsError` or `TooManyIndexesError` after taking it back."""
        found = await self._claimed()
        async with leases.kept(self._database[document_types.COLLECTION], found["_id"], self._worker):
            store = await self._store()
            await store.guards.touch()
            for index in document_types.from_document(found).indexes:
                if index.state is IndexState.BUILDING:
                    await self._build(store, index.fields)

    async def _claimed(self) -> Document:
        found: Document | None = await self._database[document_types.COLLECTION].find_one(self._held())
        if found is None:
            raise BuildLostError
        return found

    async def _build(self, store: TenantStore, fields: Sequence[str]) -> None:
        misfits = await _count_misfits(store, self._name, fields)
        if misfits:
            await self._database.transaction(lambda tx: self._take_back(tx, fields))
            raise NotIndexableDocumentsError(
                f"{misfits} documents of this type hold something else in these fields than null, a number, a boolean, "
                "a date or a short text."
            )
        try:
            await store.create_indexes([store_indexes.on_fields(fields, shared=store.is_shared)])
        except OperationFailure as error:
            if error.code != _CANNOT_CREATE_INDEX:
                raise
            await self._database.transaction(lambda tx: self._take_back(tx, fields))
            raise TooManyIndexesError from None
        await self._database.transaction(lambda tx: self._finish(tx, fields))

    async def _store(self) -> TenantStore:
        found = await self._database[organizations.COLLECTION].find_one(
            {"_id": self._organization_id}, {"placement": True}
        )
        if found is None or found.get("placement") is None:
            raise BuildLostError
        return TenantStore(self._database, self._organization_id, Placement.from_document(found["placement"]))

    async def _finish(self, tx: Session, fields: Sequence[str]) -> None:
        ready = {"$set": {"indexes.$.state": IndexState.READY}, "$unset": _ENDED}
        await self._end(tx, {**self._held(), "indexes": {"$elemMatch": {"fields": list(fields)}}}, ready)

    async def _take_back(self, tx: Session, fields: Sequence[str]) -> None:
        change = {"$pull": {"indexes": {"fields": list(fields)}}, "$unset": _ENDED}
        await self._end(tx, self._held(), change)
        event = _event(AuditAction.DOCUMENT_TYPE_INDEX_TAKEN_BACK, self._name, fields)
        await audit_events.record(self._database, tx, self._organization_id, SYSTEM, event)

    async def _end(self, tx: Session, held: Document, change: Document) -> None:
        if not (await self._database[document_types.COLLECTION].update_one(held, change, session=tx)).matched_count:
            raise BuildLostError
        own = {"_id": self._organization_id}
        await self._database[organizations.COLLECTION].update_one(own, {"$inc": {"builds": -1}}, session=tx)

    def _held(self) -> Document:
        key = {"organization_id": self._organization_id, "name": self._name}
        return {**key, **leases.held_by(self._worker)}


async def declare(
    database: Database, organization_id: OrganizationId, name: str, fields: Sequence[str], act: Act
) -> IndexBuild | None:
    """Declare an index, to be built by what is returned; None if it is declared already.

    Raises `NotDeclarableError`, `TooManyIndexesError`, `BuildUnderWayError` or `TooManyTypesError`.
    """
    worker = leases.new_owner()

    async def write(tx: Session) -> bool:
        if not await _declare(database, tx, organization_id, name, fields, worker):
            return False
        event = _event(AuditAction.DOCUMENT_TYPE_INDEX_DECLARED, name, fields)
        await audit_events.record(database, tx, organization_id, act, event)
        await idempotency.complete(database, tx, act.claim)
        return True

    declared = await database.transaction(write)
    return IndexBuild(database, organization_id, name, worker) if declared else None


async def _declare(
    database: Database, tx: Session, organization_id: OrganizationId, name: str, fields: Sequence[str], worker: str
) -> bool:
    """Store a declaration. The organization's record is changed, too: who counts is alone, and no move begins."""
    idle = {"_id": organization_id, "status": OrganizationStatus.ACTIVE, "migration_id": {"$exists": False}}
    result = await database[organizations.COLLECTION].update_one(idle, {"$inc": {"builds": 1}}, session=tx)
    if not result.matched_count:
        raise NotDeclarableError
    types = await document_types.find_all(database, organization_id, tx)
    present = next((found for found in types if found.name == name), DocumentTypeRecord(organization_id, name))
    if present.index(fields) is not None:
        await database[organizations.COLLECTION].update_one(
            {"_id": organization_id}, {"$inc": {"builds": -1}}, session=tx
        )
        return False
    if any(index.state is IndexState.BUILDING for index in present.indexes):
        raise BuildUnderWayError
    if len(present.indexes) >= MAX_INDEXES_OF_TYPE or sum(len(found.indexes) for found in types) >= MAX_INDEXES:
        raise TooManyIndexesError
    index = {"fields": list(fields), "state": IndexState.BUILDING, "declared_at": now()}
    change = {"$push": {"indexes": index}, "$set": {"lease": leases.lease(worker)}}
    await document_types.update(database, tx, organization_id, name, change)
    return True


def _event(action: AuditAction, name: str, fields: Sequence[str]) -> NewEvent:
    return NewEvent(action, Target(TargetKind.DOCUMENT_TYPE, name), details={"fields": list(fields)})


async def _count_misfits(store: TenantStore, name: str, fields: Sequence[str]) -> int:
    """Count the documents of a type that an index on these fields could not hold."""
    cursor = store.collection.find({**store.scope(), "type": name}, {f"data.{field}": True for field in fields})
    count = 0
    async for document in cursor:
        try:
            for field in fields:
                field_value(document.get("data", {}), field)
        except NotIndexableError:
            count += 1
    return count
