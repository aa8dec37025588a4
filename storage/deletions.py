"""Deleting an organization: its record and its people's stay, its data and reservations go.

One transaction marks it `DELETED` and ends its sessions, invitations and tokens. It also takes a lease, and the purge
begins (`storage/purges.py`); or it notes `purge_at`, and until then nothing else happens. While `purge_at` stands,
`restore` can undo the deletion; what was ended stays so.
"""

from datetime import datetime, timedelta

from auth.identifiers import OrganizationId
from storage import audit_events, idempotency, invitations, leases, one_time_tokens, organizations, sessions
from storage.acts import SYSTEM, Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, change_one, now
from storage.organizations import OrganizationRecord, OrganizationStatus

_IDLE: Document = {"migration_id": {"$exists": False}, "builds": {"$in": [None, 0]}}


class NotDeletableError(Exception):
    """The organization is deleted already or suspended, is being moved, or has an index that is being built."""


class NotRestorableError(Exception):
    """The organization is not deleted, or its purge has begun."""


async def mark(database: Database, organization_id: OrganizationId, act: Act) -> str:
    """Delete an organization for everyone who looks, for good; return the worker that has to `purge` it.

    Raises `NotDeletableError`; nothing has changed then.
    """
    worker = leases.new_owner()
    await database.transaction(
        lambda tx: _mark(database, tx, organization_id, act, now(), {"lease": leases.lease(worker)})
    )
    return worker


async def mark_lapsed(database: Database, organization_id: OrganizationId) -> str:
    """As `mark`, by the system, if the organization is a sign-up that no owner has verified in time."""
    worker = leases.new_owner()
    ending = {"lease": leases.lease(worker)}
    await database.transaction(lambda tx: _mark(database, tx, organization_id, SYSTEM, now(), ending, lapsed=True))
    return worker


async def retain(database: Database, organization_id: OrganizationId, act: Act, retention: timedelta) -> None:
    """Delete an organization for everyone who looks, and keep what it has for this long, so that it can be restored.

    Raises `NotDeletableError`; nothing has changed then.
    """

    async def write(tx: Session) -> None:
        at = now()
        await _mark(database, tx, organization_id, act, at, {"purge_at": at + retention})

    await database.transaction(write)


async def restore(database: Database, organization_id: OrganizationId, act: Act) -> OrganizationRecord:
    """Undo a deletion whose purge has not begun.

    Raises `NotRestorableError`; nothing has changed then.
    """
    restored = await database.transaction(lambda tx: _restore(database, tx, organization_id, act))
    if restored is None:
        raise NotRestorableError
    return organizations.from_document(restored)


async def _mark(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    act: Act,
    at: datetime,
    ending: Document,
    *,
    lapsed: bool = False,
) -> None:
    """Mark an active organization; `ending` are the fields that say how its data ends.

    If it is said to have `lapsed`, that has to be so.
    """
    marked = {
        "status": OrganizationStatus.DELETED,
        "updated_at": at,
        "deleted_at": at,
        "deleted_by": act.actor.to_document(),
    }
    overdue: Document = {"verify_by": {"$lte": at}, "verify_reminder_at": {"$exists": False}} if lapsed else {}
    result = await database[organizations.COLLECTION].update_one(
        {"_id": organization_id, "status": OrganizationStatus.ACTIVE, **_IDLE, **overdue},
        {"$set": marked | ending},
        session=tx,
    )
    if not result.matched_count:
        raise NotDeletableError
    ended = await sessions.delete_all(database, tx, organization_id)
    await invitations.revoke_all(database, tx, organization_id, act)
    await one_time_tokens.void_all(database, tx, organization_id)
    purge_at = ending.get("purge_at")
    details = {"endedSessions": ended, "purgeAt": purge_at and audit_events.instant(purge_at)}
    if lapsed:
        details["lapsed"] = True
    await _record(database, tx, organization_id, act, AuditAction.ORGANIZATION_DELETED, details)


async def _restore(database: Database, tx: Session, organization_id: OrganizationId, act: Act) -> Document | None:
    restorable = {"_id": organization_id, "status": OrganizationStatus.DELETED, "purge_at": {"$exists": True}}
    active = {
        "$set": {"status": OrganizationStatus.ACTIVE, "updated_at": now()},
        "$unset": {"deleted_at": "", "deleted_by": "", "purge_at": ""},
    }
    restored = await change_one(database[organizations.COLLECTION], restorable, active, tx)
    if restored is not None:
        await _record(database, tx, organization_id, act, AuditAction.ORGANIZATION_RESTORED, {})
    return restored


async def _record(
    database: Database, tx: Session, organization_id: OrganizationId, act: Act, action: AuditAction, details: Document
) -> None:
    event = NewEvent(action, Target(TargetKind.ORGANIZATION, organization_id), details=details)
    await audit_events.record(database, tx, organization_id, act, event)
    await idempotency.complete(database, tx, act.claim)
