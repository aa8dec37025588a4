"""The collection `invitations`: who was invited to an organization by whom, and what came of it.

An invitation begins `PENDING` and ends once, by a compare-and-set whose transaction records it. For each address an
organization has one that is pending at most.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pymongo import ASCENDING, IndexModel

from auth.identifiers import AdminId, InvitationId, OrganizationId
from auth.one_time_tokens import TokenPurpose
from auth.roles import Role
from storage import audit_events, one_time_tokens, pages
from storage.acts import Act, ActorReference
from storage.admins import AdminRecord, email_key
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, change_one, now
from storage.pages import Page, PageRequest

COLLECTION = "invitations"
LIFETIME = timedelta(days=7)


class InvitationState(StrEnum):
    """What has become of an invitation."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


_PENDING: Document = {"state": InvitationState.PENDING}
INDEXES = [
    IndexModel(
        [("organization_id", ASCENDING), ("email_key", ASCENDING)],
        name="pending",
        unique=True,
        partialFilterExpression=_PENDING,
    ),
    IndexModel([("organization_id", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)], name="by_organization"),
    IndexModel(
        [("organization_id", ASCENDING), ("state", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)],
        name="by_state",
    ),
    IndexModel([("state", ASCENDING), ("expires_at", ASCENDING)], name="end"),
]
_ACTIONS: Mapping[InvitationState, AuditAction] = {
    InvitationState.ACCEPTED: AuditAction.INVITATION_ACCEPTED,
    InvitationState.DECLINED: AuditAction.INVITATION_DECLINED,
    InvitationState.REVOKED: AuditAction.INVITATION_REVOKED,
    InvitationState.EXPIRED: AuditAction.INVITATION_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class InvitationRecord:
    """One invitation as stored. `invited_by` is who has invited last, `admin_id` the admin that it has made."""

    id: InvitationId
    organization_id: OrganizationId
    email: str
    role: Role
    state: InvitationState
    invited_by: ActorReference
    created_at: datetime
    renewed_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    admin_id: AdminId | None = None

    def counts(self, at: datetime) -> bool:
        """Tell whether the invitation can be accepted at this instant."""
        return self.state is InvitationState.PENDING and at < self.expires_at


def to_document(record: InvitationRecord) -> Document:
    """Return what is stored of a new invitation."""
    return {
        "_id": record.id,
        "organization_id": record.organization_id,
        "email": record.email,
        "email_key": email_key(record.email),
        "role": record.role,
        "state": record.state,
        "invited_by": record.invited_by.to_document(),
        "created_at": record.created_at,
        "renewed_at": record.renewed_at,
        "expires_at": record.expires_at,
    }


def from_document(document: Document) -> InvitationRecord:
    """Read a stored invitation."""
    return InvitationRecord(
        id=document["_id"],
        organization_id=document["organization_id"],
        email=document["email"],
        role=Role(document["role"]),
        state=InvitationState(document["state"]),
        invited_by=ActorReference.from_document(document["invited_by"]),
        created_at=document["created_at"],
        renewed_at=document["renewed_at"],
        expires_at=document["expires_at"],
        ended_at=document.get("ended_at"),
        admin_id=document.get("admin_id"),
    )


async def find(database: Database, invitation_id: InvitationId, tx: Session | None = None) -> InvitationRecord | None:
    """Return an invitation, if there is one; in a transaction, as it sees it."""
    document = await database[COLLECTION].find_one({"_id": invitation_id}, session=tx)
    return None if document is None else from_document(document)


async def find_by_ids(database: Database, ids: Sequence[InvitationId]) -> dict[InvitationId, InvitationRecord]:
    """Return the invitations that exist among these."""
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    return {document["_id"]: from_document(document) for document in found}


async def find_pending(
    database: Database, tx: Session, organization_id: OrganizationId, email: str
) -> InvitationRecord | None:
    """Return the pending invitation of an address, however it is spelled, to an organization."""
    query = {"organization_id": organization_id, "email_key": email_key(email), **_PENDING}
    document = await database[COLLECTION].find_one(query, session=tx)
    return None if document is None else from_document(document)


async def find_due(database: Database, limit: int) -> list[InvitationRecord]:
    """Return pending invitations that are past their end."""
    due = database[COLLECTION].find({**_PENDING, "expires_at": {"$lte": now()}})
    return [from_document(document) for document in await due.limit(limit).to_list(limit)]


async def find_page(
    database: Database,
    organization_id: OrganizationId,
    states: Sequence[InvitationState] | None,
    page: PageRequest,
) -> Page[InvitationRecord]:
    """Return a page of an organization's invitations, newest first; of any state unless some are given."""
    return await pages.read(database[COLLECTION], page_stages(organization_id, states, page), page, from_document)


def page_stages(
    organization_id: OrganizationId, states: Sequence[InvitationState] | None, page: PageRequest
) -> list[Document]:
    """Return the aggregation that reads a page of invitations."""
    query: Document = {"organization_id": organization_id}
    if states is not None:
        query["state"] = {"$in": list(states)}
    return pages.stages([query], "created_at", page, descending=True)


async def count_pending(database: Database, tx: Session, organization_id: OrganizationId) -> int:
    """Return how many invitations to an organization are pending."""
    return await database[COLLECTION].count_documents({"organization_id": organization_id, **_PENDING}, session=tx)


async def insert(database: Database, tx: Session, record: InvitationRecord) -> None:
    """Store a new invitation; raise `DuplicateKeyError` if the address has a pending one."""
    await database[COLLECTION].insert_one(to_document(record), session=tx)


async def renew(database: Database, tx: Session, renewed: InvitationRecord) -> None:
    """Store who has invited again, to what, and until when; tokens that were sent before count no more."""
    change = {
        "role": renewed.role,
        "invited_by": renewed.invited_by.to_document(),
        "renewed_at": renewed.renewed_at,
        "expires_at": renewed.expires_at,
    }
    await database[COLLECTION].update_one({"_id": renewed.id, **_PENDING}, {"$set": change}, session=tx)
    await one_time_tokens.void(database, tx, TokenPurpose.INVITATION, [renewed.id])


async def end(
    database: Database,
    tx: Session,
    invitation_id: InvitationId,
    state: InvitationState,
    act: Act,
    *,
    admin: AdminRecord | None = None,
) -> InvitationRecord | None:
    """End a pending invitation, void its token, and record it; None if it is not pending.

    `admin` is the one that an accepted invitation makes.
    """
    made = {} if admin is None else {"admin_id": admin.id}
    change = {"$set": {"state": state, "ended_at": now(), **made}}
    document = await change_one(database[COLLECTION], {"_id": invitation_id, **_PENDING}, change, tx)
    if document is None:
        return None
    ended = from_document(document)
    await one_time_tokens.void(database, tx, TokenPurpose.INVITATION, [invitation_id])
    await audit_events.record(database, tx, ended.organization_id, act, _ended(ended, state, admin))
    return ended


async def revoke_all(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    act: Act,
    *,
    invited_by: AdminId | None = None,
    but: Collection[Role] = (),
) -> None:
    """Revoke the pending invitations to an organization: all, or one admin's but for those to some roles."""
    query: Document = {"organization_id": organization_id, **_PENDING, "role": {"$nin": list(but)}}
    if invited_by is not None:
        query["invited_by.id"] = invited_by
    found = [from_document(document) for document in await database[COLLECTION].find(query, session=tx).to_list(None)]
    if not found:
        return
    state = InvitationState.REVOKED
    await database[COLLECTION].update_many(query, {"$set": {"state": state, "ended_at": now()}}, session=tx)
    await one_time_tokens.void(database, tx, TokenPurpose.INVITATION, [record.id for record in found])
    ended = [_ended(record, state) for record in found]
    await audit_events.record_all(database, tx, organization_id, act, ended)


async def delete_all(database: Database, tx: Session, organization_id: OrganizationId) -> int:
    """Remove all invitations to an organization, with the addresses in them; return how many there were."""
    result = await database[COLLECTION].delete_many({"organization_id": organization_id}, session=tx)
    return int(result.deleted_count)


def _ended(invitation: InvitationRecord, state: InvitationState, admin: AdminRecord | None = None) -> NewEvent:
    """Return what is recorded of an end; the address and the name of a new admin are personal."""
    target = Target(TargetKind.INVITATION, invitation.id)
    if admin is None:
        return NewEvent(_ACTIONS[state], target)
    return NewEvent(
        _ACTIONS[state],
        target,
        {"role": audit_events.change(None, invitation.role)},
        personal={
            "email": audit_events.change(None, invitation.email),
            "name": audit_events.change(None, admin.name),
        },
        details={"admin": admin.id},
    )
