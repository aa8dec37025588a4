"""The collection `migrations`: the journal of every move of a tenant store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo import ASCENDING, IndexModel

from auth.identifiers import MigrationId, OrganizationId
from storage.database import Database, Document
from storage.placements import Placement

COLLECTION = "migrations"
INDEXES = [
    IndexModel(
        [("organization_id", ASCENDING), ("started_at", ASCENDING), ("_id", ASCENDING)],
        name="by_organization",
    ),
    IndexModel("lease.expires_at", name="unfinished", sparse=True),
]


class MigrationKind(StrEnum):
    """What a move is for."""

    RENAME = "RENAME"


class MigrationState(StrEnum):
    """How far a move has come; each state is written before the work that follows it begins."""

    PLANNED = "PLANNED"
    COPYING = "COPYING"
    VERIFIED = "VERIFIED"
    SWITCHED = "SWITCHED"
    CLEANED = "CLEANED"
    ROLLED_BACK = "ROLLED_BACK"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an organization is called and where its documents are, before or after a move."""

    name: str
    slug: str
    placement: Placement

    def to_document(self) -> Document:
        """Return the identity as stored."""
        return {"name": self.name, "slug": self.slug, "placement": self.placement.to_document()}

    @classmethod
    def from_document(cls, document: Document) -> "Identity":
        """Read a stored identity."""
        return cls(document["name"], document["slug"], Placement.from_document(document["placement"]))


@dataclass(frozen=True, slots=True)
class MigrationRecord:
    """One move as stored; `documents_total` is an estimate until it is done."""

    id: MigrationId
    organization_id: OrganizationId
    kind: MigrationKind
    state: MigrationState
    source: Identity
    target: Identity
    documents_done: int
    documents_total: int
    started_at: datetime
    finished_at: datetime | None = None
    error: str | None = None

    @property
    def moves_documents(self) -> bool:
        """Tell whether source and target are different places."""
        return not self.source.placement.same_place(self.target.placement)


def to_document(record: MigrationRecord) -> Document:
    """Return what is stored of a new move."""
    return {
        "_id": record.id,
        "organization_id": record.organization_id,
        "kind": record.kind,
        "state": record.state,
        "source": record.source.to_document(),
        "target": record.target.to_document(),
        "documents_done": record.documents_done,
        "documents_total": record.documents_total,
        "started_at": record.started_at,
    }


def from_document(document: Document) -> MigrationRecord:
    """Read a stored move."""
    return MigrationRecord(
        id=document["_id"],
        organization_id=document["organization_id"],
        kind=MigrationKind(document["kind"]),
        state=MigrationState(document["state"]),
        source=Identity.from_document(document["source"]),
        target=Identity.from_document(document["target"]),
        documents_done=document["documents_done"],
        documents_total=document["documents_total"],
        started_at=document["started_at"],
        finished_at=document.get("finished_at"),
        error=document.get("error"),
    )


async def find_by_ids(database: Database, ids: Sequence[MigrationId]) -> dict[MigrationId, MigrationRecord]:
    """Return the moves that exist among these."""
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    return {document["_id"]: from_document(document) for document in found}
