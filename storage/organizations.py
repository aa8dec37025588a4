"""The collection `organizations`: the directory, one record an organization for good.

Records that are still being made (`PROVISIONING`) are absent for every reader here.
"""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo import ASCENDING, IndexModel

from auth.identifiers import MigrationId, OrganizationId
from storage import audit_events, certificates, idempotency, pages
from storage.acts import Act, ActorReference
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.certificates import ErasureCertificate
from storage.database import Database, Document, Session, now
from storage.pages import Page, PageRequest
from storage.placements import Placement

COLLECTION = "organizations"
INDEXES = [
    IndexModel([("name_key", ASCENDING), ("_id", ASCENDING)], name="by_name"),
    IndexModel([("slug", ASCENDING), ("_id", ASCENDING)], name="by_slug"),
    IndexModel([("created_at", ASCENDING), ("_id", ASCENDING)], name="by_creation"),
    IndexModel([("status", ASCENDING), ("name_key", ASCENDING), ("_id", ASCENDING)], name="by_status_and_name"),
    IndexModel([("status", ASCENDING), ("slug", ASCENDING), ("_id", ASCENDING)], name="by_status_and_slug"),
    IndexModel([("status", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)], name="by_status_and_creation"),
    IndexModel("lease.expires_at", name="unfinished", sparse=True),
    IndexModel("purge_at", name="due_purges", sparse=True),
    IndexModel("audit.due_at", name="due_checkpoints", sparse=True),
    IndexModel("verify_by", name="due_lapses", sparse=True),
    IndexModel("verify_reminder_at", name="due_lapse_reminders", sparse=True),
]
_NAME_KEY_LENGTH = 200
_LAST_CHARACTER = "\U0010ffff"


class OrganizationStatus(StrEnum):
    """The states of an organization; `PROVISIONING` is never seen outside storage."""

    PROVISIONING = "PROVISIONING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


class StoreAccess(StrEnum):
    """What a move under way lets tenants do with their documents; without one, everything.

    `LOGGED`: writes are noted, to be copied again. `FENCED`: no writes. `RENAMING`: neither writes nor reads.
    """

    LOGGED = "LOGGED"
    FENCED = "FENCED"
    RENAMING = "RENAMING"


class OrganizationOrderField(StrEnum):
    """What the directory can be ordered by: the names of stored fields."""

    NAME = "name_key"
    SLUG = "slug"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True)
class Suspension:
    """Since when, and why, an organization is suspended."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """One organization as stored. `placement` is None once its store is destroyed; until `purge_at`, it is kept."""

    id: OrganizationId
    name: str
    slug: str
    description: str | None
    status: OrganizationStatus
    created_at: datetime
    updated_at: datetime
    placement: Placement | None
    migration_id: MigrationId | None = None
    access: StoreAccess | None = None
    deleted_at: datetime | None = None
    deleted_by: ActorReference | None = None
    purge_at: datetime | None = None
    suspension: Suspension | None = None
    erasure_certificate: ErasureCertificate | None = None

    @property
    def name_key(self) -> str:
        """The form of the name under which the organization is ordered."""
        return name_key(self.name)


@dataclass(frozen=True, slots=True)
class OrganizationFilter:
    """What the directory can be narrowed to; the end of the time range is not part of it."""

    organization_id: OrganizationId | None = None
    name_prefix: str | None = None
    slug_prefix: str | None = None
    statuses: tuple[OrganizationStatus, ...] | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """Which page of the directory: narrowed and ordered how."""

    narrow: OrganizationFilter
    page: PageRequest
    order: OrganizationOrderField
    descending: bool = False


def name_key(name: str) -> str:
    """Return the form of a name under which it is ordered and searched: compatible, without case or extra spaces.

    Some characters have long compatible forms, so it is cut.
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()[:_NAME_KEY_LENGTH]


def to_document(record: OrganizationRecord) -> Document:
    """Return what is stored of a new organization."""
    return {
        "_id": record.id,
        "name": record.name,
        "name_key": name_key(record.name),
        "slug": record.slug,
        "description": record.description,
        "status": record.status,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "placement": record.placement and record.placement.to_document(),
    }


def from_document(document: Document) -> OrganizationRecord:
    """Read a stored organization."""
    deleted_by = document.get("deleted_by")
    placement = document.get("placement")
    certificate = document.get("erasure_certificate")
    suspension = document.get("suspension")
    return OrganizationRecord(
        id=document["_id"],
        name=document["name"],
        slug=document["slug"],
        description=document.get("description"),
        status=OrganizationStatus(document["status"]),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        placement=None if placement is None else Placement.from_document(placement),
        migration_id=document.get("migration_id"),
        access=document.get("access") and StoreAccess(document["access"]),
        deleted_at=document.get("deleted_at"),
        deleted_by=deleted_by and ActorReference.from_document(deleted_by),
        purge_at=document.get("purge_at"),
        suspension=suspension and Suspension(suspension["at"], suspension["reason"]),
        erasure_certificate=None if certificate is None else certificates.from_document(certificate),
    )


async def find_by_ids(database: Database, ids: Sequence[OrganizationId]) -> dict[OrganizationId, OrganizationRecord]:
    """Return the organizations that exist among these."""
    # By the key alone: the embedded database takes three times as long for a condition beside it.
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    visible = (document for document in found if document["status"] != OrganizationStatus.PROVISIONING)
    return {document["_id"]: from_document(document) for document in visible}


async def find_active_by_slugs(database: Database, slugs: Sequence[str]) -> dict[str, OrganizationRecord]:
    """Return the active organizations of these slugs.

    Who is active under a slug holds it: the same transactions change both. Where others went is in `storage.slugs`.
    """
    query = {"status": OrganizationStatus.ACTIVE, "slug": {"$in": list(slugs)}}
    found = await database[COLLECTION].find(query).to_list(len(slugs))
    return {document["slug"]: from_document(document) for document in found}


async def find_pages(
    database: Database, wanted: Sequence[DirectoryPage]
) -> dict[DirectoryPage, Page[OrganizationRecord]]:
    """Return pages of the directory, a command for each, all at once."""
    found = await asyncio.gather(*(find_page(database, one) for one in wanted))
    return dict(zip(wanted, found, strict=True))


async def find_page(database: Database, wanted: DirectoryPage) -> Page[OrganizationRecord]:
    """Return one page of the directory."""
    return await pages.read(database[COLLECTION], page_stages(wanted), wanted.page, from_document)


def page_stages(wanted: DirectoryPage) -> list[Document]:
    """Return the aggregation that reads a page of the directory."""
    return pages.stages(_conditions(wanted.narrow), wanted.order, wanted.page, descending=wanted.descending)


async def update_description(
    database: Database, organization_id: OrganizationId, description: str | None, act: Act
) -> OrganizationRecord | None:
    """Change the description of an active organization; return it, or None if it is not active."""
    return await _update_active(database, organization_id, {"description": description}, act)


async def respell(
    database: Database, organization_id: OrganizationId, name: str, act: Act, *, slug: str
) -> OrganizationRecord | None:
    """Respell the name of an active organization that has this slug and is not being moved; None if it is not so."""
    unchanged = {"slug": slug, "migration_id": {"$exists": False}}
    return await _update_active(database, organization_id, {"name": name}, act, unchanged)


async def _update_active(
    database: Database, organization_id: OrganizationId, fields: Document, act: Act, provided: Document | None = None
) -> OrganizationRecord | None:
    active = {"_id": organization_id, "status": OrganizationStatus.ACTIVE, **(provided or {})}
    names = {"name_key": name_key(fields["name"])} if "name" in fields else {}

    async def write(tx: Session) -> OrganizationRecord | None:
        update = {**fields, **names, "updated_at": now()}
        collection = database[COLLECTION]
        before: Document | None = await collection.find_one(active, session=tx)
        if before is None or not (await collection.update_one(active, {"$set": update}, session=tx)).matched_count:
            return None
        changes = {name: audit_events.change(before[name], value) for name, value in fields.items()}
        event = NewEvent(AuditAction.ORGANIZATION_UPDATED, Target(TargetKind.ORGANIZATION, organization_id), changes)
        await audit_events.record(database, tx, organization_id, act, event)
        await idempotency.complete(database, tx, act.claim)
        return from_document(before | update)

    return await database.transaction(write)


def _conditions(narrow: OrganizationFilter) -> list[Document]:
    conditions: list[Document] = []
    if narrow.statuses is None:
        conditions.append({"status": {"$ne": OrganizationStatus.PROVISIONING}})
    else:
        conditions.append({"status": {"$in": list(narrow.statuses)}})
    if narrow.organization_id is not None:
        conditions.append({"_id": narrow.organization_id})
    if narrow.name_prefix:
        conditions.append(_begins("name_key", name_key(narrow.name_prefix)))
    if narrow.slug_prefix:
        conditions.append(_begins("slug", narrow.slug_prefix))
    if narrow.created_from is not None:
        conditions.append({"created_at": {"$gte": narrow.created_from}})
    if narrow.created_before is not None:
        conditions.append({"created_at": {"$lt": narrow.created_before}})
    return conditions


def _begins(field: str, prefix: str) -> Document:
    return {field: {"$gte": prefix, "$lt": prefix + _LAST_CHARACTER}}
