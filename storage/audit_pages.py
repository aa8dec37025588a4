"""Reading an audit trail page by page, newest first.

Time never goes back along a chain, so a range of time is a range of `seq`: every page is one range of one index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auth.identifiers import AdminId, OperatorId, OrganizationId
from storage import pages
from storage.acts import ActorReference
from storage.audit_actions import AuditAction, Target
from storage.audit_events import COLLECTION
from storage.database import Database, Document
from storage.pages import Key, Page, PageRequest


@dataclass(frozen=True, slots=True)
class AuditEventRecord:
    """One event as stored; `personal_changes` and `address` are gone, and `erased` is true, once they are erased."""

    organization_id: OrganizationId
    seq: int
    at: datetime
    action: AuditAction
    actor: ActorReference
    session_id: str | None
    request_id: str | None
    target: Target
    changes: Mapping[str, Any]
    personal_changes: Mapping[str, Any]
    address: str | None
    details: Mapping[str, Any]
    erased: bool
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What a trail can be narrowed to; the end of the time range is not part of it."""

    actor_id: AdminId | OperatorId | None = None
    actions: Sequence[AuditAction] | None = None
    target: Target | None = None
    from_time: datetime | None = None
    before_time: datetime | None = None


def from_document(document: Document) -> AuditEventRecord:
    """Read a stored event."""
    personal = document.get("personal", {}).get("values", {})
    return AuditEventRecord(
        organization_id=document["organization_id"],
        seq=document["seq"],
        at=document["at"],
        action=AuditAction(document["action"]),
        actor=ActorReference.from_document(document["actor"]),
        session_id=document["session_id"],
        request_id=document["request_id"],
        target=Target.from_document(document["target"]),
        changes=document["changes"],
        personal_changes=personal.get("changes", {}),
        address=personal.get("address"),
        details=document["details"],
        erased=document["personal_hash"] is not None and "personal" not in document,
        previous=document["previous"],
        hash=document["hash"],
    )


async def find(database: Database, organization_id: OrganizationId, seq: int) -> AuditEventRecord | None:
    """Return one event of an organization, if it is there."""
    found = await database[COLLECTION].find_one({"organization_id": organization_id, "seq": seq})
    return None if found is None else from_document(found)


async def find_page(
    database: Database, organization_id: OrganizationId, narrow: AuditFilter, page: PageRequest
) -> Page[AuditEventRecord]:
    """Return a page of an organization's events, newest first; the keys of the page are `(seq, "")`."""
    first = await _first_at(database, organization_id, narrow.from_time)
    end = await _first_at(database, organization_id, narrow.before_time)
    if narrow.from_time is not None and first is None:
        return Page([], has_next=False, has_previous=False)
    query, sort = page_query(organization_id, narrow, page, first=first, end=end)
    cursor = database[COLLECTION].find(query).sort(sort).limit(page.limit + 1)
    found = [from_document(document) for document in await cursor.to_list(page.limit + 1)]
    return pages.cut(found, page)


def page_query(
    organization_id: OrganizationId,
    narrow: AuditFilter,
    page: PageRequest,
    *,
    first: int | None = None,
    end: int | None = None,
) -> tuple[Document, list[tuple[str, int]]]:
    """Return the filter and the sort order of a page of the events from `first` on and before `end`."""
    query: Document = {"organization_id": organization_id}
    if narrow.actor_id is not None:
        query["actor.id"] = narrow.actor_id
    if narrow.target is not None:
        query |= {"target.id": narrow.target.id, "target.kind": narrow.target.kind}
    if narrow.actions is not None:
        query["action"] = {"$in": list(narrow.actions)}
    lower = [bound for bound in (first, page.before and _seq(page.before) + 1) if bound is not None]
    upper = [bound for bound in (end, page.after and _seq(page.after)) if bound is not None]
    seq = {**({"$gte": max(lower)} if lower else {}), **({"$lt": min(upper)} if upper else {})}
    if seq:
        query["seq"] = seq
    return query, [("seq", 1 if page.backwards else -1)]


def _seq(key: Key) -> int:
    seq, _ = key
    if not isinstance(seq, int):
        raise TypeError("Events are ordered by a number.")
    return seq


async def _first_at(database: Database, organization_id: OrganizationId, at: datetime | None) -> int | None:
    """Return the first `seq` at an instant or later; None without an instant, or if there is none."""
    if at is None:
        return None
    query = {"organization_id": organization_id, "at": {"$gte": at}}
    found = await database[COLLECTION].find_one(query, {"seq": True}, sort=[("at", 1), ("seq", 1)])
    return None if found is None else int(found["seq"])
