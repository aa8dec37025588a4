"""Suspending an organization: it can be read and signed in to, and not changed, until it is reactivated.

What is under way of a move, an import or an index goes on or waits: a suspension leaves nothing half done.
"""

import asyncio

import structlog
from pymongo.errors import PyMongoError

from auth.identifiers import OrganizationId
from storage import audit_events, organizations
from storage.acts import Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, change_one, now
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.tenant_stores import TenantStore

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.1
_log = structlog.get_logger()


class NotSuspendableError(Exception):
    """The organization is suspended already, or is deleted, or there is none."""


class NotSuspendedError(Exception):
    """The organization is not suspended."""


async def suspend(database: Database, organization_id: OrganizationId, act: Act, reason: str) -> OrganizationRecord:
    """Suspend an active organization; writes that began before have ended when this returns.

    Raises `NotSuspendableError`.
    """
    at = now()
    change = {"status": OrganizationStatus.SUSPENDED, "updated_at": at, "suspension": {"at": at, "reason": reason}}
    suspended = await _change(
        database,
        {"_id": organization_id, "status": OrganizationStatus.ACTIVE},
        {"$set": change},
        act,
        NewEvent(AuditAction.ORGANIZATION_SUSPENDED, _target(organization_id), details={"reason": reason}),
    )
    if suspended is None:
        raise NotSuspendableError
    await _wait_for_writers(database, suspended)
    return suspended


async def reactivate(database: Database, organization_id: OrganizationId, act: Act, reason: str) -> OrganizationRecord:
    """End the suspension of an organization. Raises `NotSuspendedError`."""
    reactivated = await _change(
        database,
        {"_id": organization_id, "status": OrganizationStatus.SUSPENDED},
        {"$set": {"status": OrganizationStatus.ACTIVE, "updated_at": now()}, "$unset": {"suspension": ""}},
        act,
        NewEvent(AuditAction.ORGANIZATION_REACTIVATED, _target(organization_id), details={"reason": reason}),
    )
    if reactivated is None:
        raise NotSuspendedError
    return reactivated


async def _change(
    database: Database, query: Document, update: Document, act: Act, event: NewEvent
) -> OrganizationRecord | None:
    async def write(tx: Session) -> OrganizationRecord | None:
        changed = await change_one(database[organizations.COLLECTION], query, update, tx)
        if changed is None:
            return None
        await audit_events.record(database, tx, changed["_id"], act, event)
        return organizations.from_document(changed)

    return await database.transaction(write)


async def _wait_for_writers(database: Database, organization: OrganizationRecord) -> None:
    """Wait until no write goes on that has seen the organization active; one that hangs ends by itself in time."""
    if organization.placement is None:
        return
    guards = TenantStore(database, organization.id, organization.placement).guards
    for _ in range(_ATTEMPTS):
        try:
            await guards.touch()
        except PyMongoError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
    _log.warning("suspended while something is being written", organization=organization.id)


def _target(organization_id: OrganizationId) -> Target:
    return Target(TargetKind.ORGANIZATION, organization_id)
