"""The collection `sessions`: one record a login, alive until it is revoked or reaches its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from storage import pages
from storage.database import Database, Document, Session, now
from storage.pages import Page, PageRequest

COLLECTION = "sessions"
INDEXES = [
    IndexModel("expires_at", name="end", expireAfterSeconds=0),
    IndexModel("organization_id", name="by_organization", sparse=True),
    IndexModel(
        [("subject_id", ASCENDING), ("revoked_at", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)],
        name="by_account",
    ),
]


@dataclass(frozen=True, slots=True)
class RefreshState:
    """The SHA-256 of the refresh token that is valid now and of the one before it, and the key of the chain."""

    key: bytes
    current: bytes
    rotated_at: datetime
    previous: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session as stored; it ends at `expires_at` whatever happens, at `idle_expires_at` unless renewed.

    `user_agent` is what the client calls itself, `address` its network address: when the session began, or when
    it was renewed last.
    """

    id: SessionId
    subject_id: AdminId | OperatorId
    organization_id: OrganizationId | None
    created_at: datetime
    last_used_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    refresh: RefreshState
    user_agent: str | None = None
    address: str | None = None
    revoked_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When the session ends, unless it is renewed or revoked before."""
        return min(self.expires_at, self.idle_expires_at)

    def is_live(self, at: datetime) -> bool:
        """Tell whether the session counts at this instant."""
        return self.revoked_at is None and at < self.ends_at


def to_document(record: SessionRecord) -> Document:
    """Return what is stored of a new session."""
    document: Document = {
        "_id": record.id,
        "subject_id": record.subject_id,
        "created_at": record.created_at,
        "last_used_at": record.last_used_at,
        "idle_expires_at": record.idle_expires_at,
        "expires_at": record.expires_at,
        "refresh": {
            "key": record.refresh.key,
            "current": record.refresh.current,
            "rotated_at": record.refresh.rotated_at,
        },
        "user_agent": record.user_agent,
        "address": record.address,
    }
    if record.organization_id is not None:
        document["organization_id"] = record.organization_id
    return document


def from_document(document: Document) -> SessionRecord:
    """Read a stored session."""
    refresh = document["refresh"]
    return SessionRecord(
        id=document["_id"],
        subject_id=document["subject_id"],
        organization_id=document.get("organization_id"),
        created_at=document["created_at"],
        last_used_at=document["last_used_at"],
        idle_expires_at=document["idle_expires_at"],
        expires_at=document["expires_at"],
        refresh=RefreshState(refresh["key"], refresh["current"], refresh["rotated_at"], refresh.get("previous")),
        user_agent=document.get("user_agent"),
        address=document.get("address"),
        revoked_at=document.get("revoked_at"),
    )


async def insert(database: Database, session: Session, record: SessionRecord) -> None:
    """Store a new session."""
    await database[COLLECTION].insert_one(to_document(record), session=session)


async def find_by_ids(database: Database, ids: Sequence[SessionId]) -> dict[SessionId, SessionRecord]:
    """Return the live sessions among these."""
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    at = now()
    return {record.id: record for record in map(from_document, found) if record.is_live(at)}


async def find_page(database: Database, subject_id: AdminId | OperatorId, page: PageRequest) -> Page[SessionRecord]:
    """Return a page of an account's live sessions, newest first."""
    return await pages.read(database[COLLECTION], page_stages(subject_id, page), page, from_document)


def page_stages(subject_id: AdminId | OperatorId, page: PageRequest) -> list[Document]:
    """Return the aggregation that reads a page of live sessions."""
    live = {"subject_id": subject_id, "revoked_at": None, **_not_over(now())}
    return pages.stages([live], "created_at", page, descending=True)


async def rotate(
    database: Database,
    session: SessionRecord,
    *,
    successor: bytes,
    idle_expires_at: datetime,
    user_agent: str | None,
    address: str | None,
) -> SessionRecord | None:
    """Replace the refresh token by its successor, if it is still that of the record and the session lives.

    `user_agent` and `address` are those of the client that renews.
    """
    at, current = now(), session.refresh.current
    refresh = {"refresh.current": successor, "refresh.previous": current, "refresh.rotated_at": at}
    used: Document = {
        "last_used_at": at,
        "idle_expires_at": idle_expires_at,
        "user_agent": user_agent,
        "address": address,
    }
    result = await database[COLLECTION].update_one(
        {"_id": session.id, "refresh.current": current, "revoked_at": {"$exists": False}}, {"$set": {**refresh, **used}}
    )
    if not result.matched_count:
        return None
    state = replace(session.refresh, current=successor, rotated_at=at, previous=current)
    return replace(session, refresh=state, **used)


async def revoke(database: Database, tx: Session, session_id: SessionId) -> bool:
    """End one session, false if it has ended; its record stays until its time, to know a stolen token by."""
    query = {"_id": session_id, "revoked_at": {"$exists": False}}
    result = await database[COLLECTION].update_one(query, {"$set": {"revoked_at": now()}}, session=tx)
    return bool(result.matched_count)


async def revoke_all(
    database: Database, tx: Session, subject_id: AdminId | OperatorId, *, keep: SessionId | None = None
) -> int:
    """End all sessions of an account, or all but one; return how many of them had not come to their end before."""
    at = now()
    query: Document = {"subject_id": subject_id, "revoked_at": None}
    if keep is not None:
        query["_id"] = {"$ne": keep}
    live = await database[COLLECTION].count_documents({**query, **_not_over(at)}, session=tx)
    await database[COLLECTION].update_many(query, {"$set": {"revoked_at": at}}, session=tx)
    return live


async def delete_all(database: Database, session: Session, organization_id: OrganizationId) -> int:
    """Remove every session of an organization; return how many there were."""
    result = await database[COLLECTION].delete_many({"organization_id": organization_id}, session=session)
    return int(result.deleted_count)


def _not_over(at: datetime) -> Document:
    """Return the filter for sessions that have not come to their end by themselves."""
    return {"expires_at": {"$gt": at}, "idle_expires_at": {"$gt": at}}
