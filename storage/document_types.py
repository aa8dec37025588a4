"""The collection `document_types`: what an organization has said about the documents of one type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo import IndexModel

from auth.identifiers import OrganizationId
from storage import audit_events, organizations, store_indexes
from storage.acts import Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, new_id
from storage.organizations import OrganizationStatus
from storage.tenant_stores import TenantStore

COLLECTION = "document_types"
INDEXES = [
    IndexModel([("organization_id", 1), ("name", 1)], name="by_organization", unique=True),
    IndexModel("lease.expires_at", name="unfinished", sparse=True),
]
MAX_TYPES = 100


class TooManyTypesError(Exception):
    """The organization has said something about as many types as it may."""


class NotDeclarableError(Exception):
    """The organization is not active, or its store is being moved."""


class IndexState(StrEnum):
    """Whether an index can be used yet."""

    BUILDING = "BUILDING"
    READY = "READY"


@dataclass(frozen=True, slots=True)
class DeclaredIndex:
    """An index on fields of the data, in this order."""

    fields: tuple[str, ...]
    state: IndexState
    declared_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentTypeRecord:
    """One type as stored; `schema` is a JSON Schema as text, since its keys may begin with a dollar sign."""

    organization_id: OrganizationId
    name: str
    indexes: tuple[DeclaredIndex, ...] = ()
    schema: str | None = None
    schema_version: int = 0

    def index(self, fields: Sequence[str]) -> DeclaredIndex | None:
        """Return the index on these fields in this order, if it is declared."""
        return next((index for index in self.indexes if index.fields == tuple(fields)), None)


def from_document(document: Document) -> DocumentTypeRecord:
    """Read a stored type."""
    return DocumentTypeRecord(
        organization_id=document["organization_id"],
        name=document["name"],
        indexes=tuple(
            DeclaredIndex(tuple(index["fields"]), IndexState(index["state"]), index["declared_at"])
            for index in document.get("indexes", [])
        ),
        schema=document.get("schema"),
        schema_version=document.get("schema_version", 0),
    )


async def find_all(
    database: Database, organization_id: OrganizationId, tx: Session | None = None
) -> list[DocumentTypeRecord]:
    """Return all types of an organization, by name."""
    cursor = database[COLLECTION].find({"organization_id": organization_id}, session=tx).sort("name", 1)
    return [from_document(document) for document in await cursor.to_list(None)]


async def find_rules(database: Database, organization_id: OrganizationId, tx: Session) -> dict[str, DocumentTypeRecord]:
    """Return what writers have to heed, by type, all but the text of the schemas."""
    cursor = database[COLLECTION].find({"organization_id": organization_id}, {"schema": False}, session=tx)
    return {document["name"]: from_document(document) for document in await cursor.to_list(None)}


async def find(
    database: Database, organization_id: OrganizationId, name: str, tx: Session | None = None
) -> DocumentTypeRecord | None:
    """Return one type, or None if nothing has been said about it."""
    document = await database[COLLECTION].find_one(_key(organization_id, name), session=tx)
    return None if document is None else from_document(document)


async def set_schema(
    database: Database, organization_id: OrganizationId, name: str, text: str | None, act: Act
) -> None:
    """Set or remove the schema of a type. Raises `NotDeclarableError` or `TooManyTypesError`.

    The organization's record is changed, too, so that who counts its types is alone. Writes under the former schema
    have ended when this returns.
    """

    async def write(tx: Session) -> None:
        active = {"_id": organization_id, "status": OrganizationStatus.ACTIVE}
        result = await database[organizations.COLLECTION].update_one(active, {"$inc": {"declarations": 1}}, session=tx)
        if not result.matched_count:
            raise NotDeclarableError
        await update(database, tx, organization_id, name, {"$set": {"schema": text}, "$inc": {"schema_version": 1}})
        removed = text is None
        action = AuditAction.DOCUMENT_TYPE_SCHEMA_REMOVED if removed else AuditAction.DOCUMENT_TYPE_SCHEMA_SET
        event = NewEvent(action, Target(TargetKind.DOCUMENT_TYPE, name))
        await audit_events.record(database, tx, organization_id, act, event)

    await database.transaction(write)
    organization = (await organizations.find_by_ids(database, [organization_id])).get(organization_id)
    if organization is not None and organization.placement is not None:
        await TenantStore(database, organization_id, organization.placement).guards.touch()


async def update(database: Database, tx: Session, organization_id: OrganizationId, name: str, change: Document) -> None:
    """Change a type in a transaction that changes the organization's record; make it if there is none.

    Raises `TooManyTypesError`.
    """
    types = database[COLLECTION]
    key = _key(organization_id, name)
    if (await types.update_one(key, change, session=tx)).matched_count:
        return
    if await types.count_documents({"organization_id": organization_id}, session=tx) >= MAX_TYPES:
        raise TooManyTypesError
    await types.update_one(key, {**change, "$setOnInsert": {"_id": new_id()}}, upsert=True, session=tx)


async def index_models(database: Database, organization_id: OrganizationId, store: TenantStore) -> Sequence[IndexModel]:
    """Return the indexes that a store of this organization has to have."""
    types = await find_all(database, organization_id)
    fields = {index.fields for found in types for index in found.indexes}
    declared = [store_indexes.on_fields(one, shared=store.is_shared) for one in sorted(fields)]
    return [*store_indexes.standing(shared=store.is_shared), *declared]


async def delete_all(database: Database, tx: Session, organization_id: OrganizationId) -> None:
    """Remove all types of an organization."""
    await database[COLLECTION].delete_many({"organization_id": organization_id}, session=tx)


def _key(organization_id: OrganizationId, name: str) -> Document:
    return {"organization_id": organization_id, "name": name}
