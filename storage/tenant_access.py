"""The door to the tenants' documents: each read and each write sees the store where it is at that moment."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from auth.identifiers import DocumentId, OrganizationId
from storage import events, organizations
from storage.database import Database, Document, Session
from storage.events import EventKind
from storage.guards import GuardsMissingError
from storage.organizations import OrganizationRecord, OrganizationStatus, StoreAccess
from storage.placements import Placement
from storage.tenant_stores import TenantStore

_READ_ATTEMPTS = 8
_RENAMING_SECONDS = 0.25
_T = TypeVar("_T")


class NotWritableError(Exception):
    """The organization is deleted or suspended, or its store is fenced for the end of a move."""


class NotReadableError(Exception):
    """The organization's store is destroyed, or was on the move at every attempt."""


class DocumentChangeKind(StrEnum):
    """What became of a document."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What became of a document of the API: the version is its new one, or the last of a deleted one."""

    kind: DocumentChangeKind
    document_id: DocumentId
    type: str
    version: int

    def to_document(self) -> Document:
        """Return the change as stored."""
        return {"kind": self.kind, "id": self.document_id, "type": self.type, "version": self.version}

    @classmethod
    def from_document(cls, document: Document) -> "DocumentChange":
        """Read a stored change."""
        return cls(
            DocumentChangeKind(document["kind"]), DocumentId(document["id"]), document["type"], document["version"]
        )


class TenantTransaction:
    """A transaction on the documents of one organization. What it changes is copied again by a move under way."""

    def __init__(self, store: TenantStore, session: Session) -> None:
        self.store = store
        self.session = session
        self._changed: list[object] = []
        self._changes: list[Document] = []

    def note(self, document_id: object, change: DocumentChange | None = None) -> None:
        """Say that a document was made, changed or deleted: has to be called for every one.

        `change` is what to tell those who follow the organization's documents; None for what the API does not show.
        """
        self._changed.append(document_id)
        if change is not None:
            self._changes.append(change.to_document())

    async def log(self) -> None:
        """Write the log of changes."""
        if self._changed:
            await self.store.changes.append(self.session, self._changed)

    async def publish(self, database: Database) -> None:
        """Tell of the changes."""
        if self._changes:
            content = {"changes": self._changes}
            organization_id = self.store.organization_id
            await events.publish(database, self.session, organization_id, EventKind.DOCUMENTS, content)


async def write(
    database: Database, organization_id: OrganizationId, work: Callable[[TenantTransaction], Coroutine[Any, Any, _T]]
) -> _T:
    """Run `work` in one transaction in which the organization is active and its store where it seems to be.

    Raises `NotWritableError`; nothing has changed then. `work` may be run several times.
    """

    async def attempt(tx: Session) -> _T:
        organization = await _read_writable(database, organization_id, tx)
        placement = Placement.from_document(organization["placement"])
        transaction = TenantTransaction(TenantStore(database, organization_id, placement), tx)
        await transaction.store.guards.take(tx)
        result = await work(transaction)
        if organization.get("access") == StoreAccess.LOGGED:
            await transaction.log()
        await transaction.publish(database)
        return result

    try:
        return await database.transaction(attempt)
    except GuardsMissingError:
        await database.transaction(lambda tx: _create_guards(database, organization_id, tx))
        return await database.transaction(attempt)


async def read(
    database: Database, organization: OrganizationRecord, work: Callable[[TenantStore], Awaitable[_T]]
) -> _T:
    """Run `work` on the organization's store, again if the store was moved meanwhile. Raises `NotReadableError`."""
    placement = organization.placement
    for _ in range(_READ_ATTEMPTS):
        if placement is None:
            raise NotReadableError
        before, result = placement, await work(TenantStore(database, organization.id, placement))
        placement, access = await _look_again(database, organization.id)
        if placement == before and access is not StoreAccess.RENAMING:
            return result
        if access is StoreAccess.RENAMING:
            await asyncio.sleep(_RENAMING_SECONDS)
    raise NotReadableError


async def _read_writable(database: Database, organization_id: OrganizationId, tx: Session) -> Document:
    fields = {"status": True, "placement": True, "access": True}
    found: Document | None = await database[organizations.COLLECTION].find_one(
        {"_id": organization_id}, fields, session=tx
    )
    if found is None or found["status"] != OrganizationStatus.ACTIVE:
        raise NotWritableError
    if found.get("access") in {StoreAccess.FENCED, StoreAccess.RENAMING}:
        raise NotWritableError
    return found


async def _create_guards(database: Database, organization_id: OrganizationId, tx: Session) -> None:
    """Make the guards; writing to the organization's record keeps deletions and fences out meanwhile."""
    organization = await _read_writable(database, organization_id, tx)
    await database[organizations.COLLECTION].update_one({"_id": organization_id}, {"$inc": {"guarded": 1}}, session=tx)
    placement = Placement.from_document(organization["placement"])
    await TenantStore(database, organization_id, placement).guards.create(tx)


async def _look_again(
    database: Database, organization_id: OrganizationId
) -> tuple[Placement | None, StoreAccess | None]:
    found = await database[organizations.COLLECTION].find_one(
        {"_id": organization_id}, {"placement": True, "access": True}
    )
    if found is None or found.get("placement") is None:
        return None, None
    access = found.get("access")
    return Placement.from_document(found["placement"]), access and StoreAccess(access)
