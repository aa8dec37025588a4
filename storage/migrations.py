"""The collection `migrations`: the journal of every move of a tenant store."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from pymongo import ASCENDING, IndexModel

from auth.identifiers import MigrationId, OrganizationId
from storage import pages
from storage.acts import SYSTEM, Act
from storage.database import Database, Document
from storage.pages import Page, PageRequest
from storage.placements import Placement
from storage.tenant_stores import Content, fitting

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
    MOVE = "MOVE"


class MigrationWay(StrEnum):
    """How a move is done: by copying, or by one catalog command where the server's own rename is atomic."""

    COPY = "COPY"
    RENAME = "RENAME"


class MigrationState(StrEnum):
    """How far a move has come; each state is written before the work that follows it begins."""

    PLANNED = "PLANNED"
    COPYING = "COPYING"
    FENCED = "FENCED"
    CAUGHT_UP = "CAUGHT_UP"
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
class Progress:
    """How far a copy has come: what is copied, up to which document, since when; the totals are estimates.

    `complete` once every document was copied, `checked` once the copy was read again and is what was copied.
    """

    copied: Content = field(default_factory=Content)
    last: bytes | None = None
    complete: bool = False
    checked: bool = False
    since: datetime | None = None
    at: datetime | None = None
    documents_total: int = 0
    bytes_total: int = 0

    @property
    def documents_at_once(self) -> int:
        """How many documents to have in memory together."""
        return fitting(self.documents_total, self.bytes_total)

    @property
    def documents_per_second(self) -> float | None:
        """The rate so far, or None before there is one."""
        if self.since is None or self.at is None or not self.copied.documents or self.at <= self.since:
            return None
        return self.copied.documents / (self.at - self.since).total_seconds()

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the rate so far, or None before there is a rate."""
        rate = self.documents_per_second
        return None if rate is None else max(self.documents_total - self.copied.documents, 0) / rate

    def to_document(self) -> Document:
        """Return the progress as stored."""
        return asdict(self) | {"copied": self.copied.to_document()}

    @classmethod
    def from_document(cls, document: Document) -> "Progress":
        """Read a stored progress."""
        return cls(**document | {"copied": Content.from_document(document["copied"])})


@dataclass(frozen=True, slots=True)
class MigrationRecord:
    """One move as stored, and who wanted it. `attempts` counts the workers that have taken it over."""

    id: MigrationId
    organization_id: OrganizationId
    kind: MigrationKind
    way: MigrationWay
    state: MigrationState
    source: Identity
    target: Identity
    started_at: datetime
    progress: Progress = field(default_factory=Progress)
    finished_at: datetime | None = None
    error: str | None = None
    attempts: int = 0
    taken_over: bool = False
    abandoned: bool = False
    act: Act = SYSTEM

    @property
    def renames(self) -> bool:
        """Tell whether the organization gets another slug."""
        return self.source.slug != self.target.slug

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
        "way": record.way,
        "state": record.state,
        "source": record.source.to_document(),
        "target": record.target.to_document(),
        "progress": record.progress.to_document(),
        "started_at": record.started_at,
        "act": record.act.to_document(),
    }


def from_document(document: Document) -> MigrationRecord:
    """Read a stored move."""
    return MigrationRecord(
        id=document["_id"],
        organization_id=document["organization_id"],
        kind=MigrationKind(document["kind"]),
        way=MigrationWay(document["way"]),
        state=MigrationState(document["state"]),
        source=Identity.from_document(document["source"]),
        target=Identity.from_document(document["target"]),
        progress=Progress.from_document(document["progress"]),
        started_at=document["started_at"],
        finished_at=document.get("finished_at"),
        error=document.get("error"),
        attempts=document.get("attempts", 0),
        taken_over=document.get("taken_over", False),
        abandoned=document.get("abandoned", False),
        act=Act.from_document(document["act"]) if "act" in document else SYSTEM,
    )


async def find_by_ids(database: Database, ids: Sequence[MigrationId]) -> dict[MigrationId, MigrationRecord]:
    """Return the moves that exist among these."""
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    return {document["_id"]: from_document(document) for document in found}


async def find_page(database: Database, organization_id: OrganizationId, page: PageRequest) -> Page[MigrationRecord]:
    """Return a page of an organization's moves, newest first."""
    return await pages.read(database[COLLECTION], page_stages(organization_id, page), page, from_document)


def page_stages(organization_id: OrganizationId, page: PageRequest) -> list[Document]:
    """Return the aggregation that reads a page of moves."""
    return pages.stages([{"organization_id": organization_id}], "started_at", page, descending=True)
