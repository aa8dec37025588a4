"""Deactivating admins, which ends their sessions, and activating them again."""

from dataclasses import replace

from auth.identifiers import AdminId, OrganizationId
from auth.one_time_tokens import TokenPurpose
from storage import admins, audit_events, memberships, one_time_tokens, sessions
from storage.acts import Act
from storage.admins import AdminRecord, AdminStatus
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Session
from storage.organizations import OrganizationStatus

_LIVING = frozenset({OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED})
_TOKENS = (TokenPurpose.EMAIL_VERIFICATION, TokenPurpose.PASSWORD_RESET)


async def set_status(
    database: Database, organization_id: OrganizationId, admin_id: AdminId, status: AdminStatus, act: Act, reason: str
) -> AdminRecord | None:
    """Deactivate or activate an admin; None if it was removed. The status that it has changes nothing.

    Raises `NotActiveError` if the organization is deleted, `LastOwnerError`; nothing has changed then.
    """

    async def write(tx: Session) -> AdminRecord | None:
        await memberships.touch(database, tx, organization_id, _LIVING)
        admin = await admins.find_member(database, tx, organization_id, {"_id": admin_id})
        if admin is None or admin.status is status:
            return admin
        await admins.set_status(database, tx, admin_id, status)
        ended = 0
        if status is AdminStatus.DEACTIVATED:
            await memberships.require_owner(database, tx, organization_id)
            ended = await sessions.revoke_all(database, tx, admin_id)
            for purpose in _TOKENS:
                await one_time_tokens.void(database, tx, purpose, [admin_id])
        event = NewEvent(
            AuditAction.ADMIN_STATUS_CHANGED,
            Target(TargetKind.ADMIN, admin_id),
            {"status": audit_events.change(admin.status.value, status.value)},
            details={"reason": reason, "endedSessions": ended},
        )
        await audit_events.record(database, tx, organization_id, act, event)
        return replace(admin, status=status)

    return await database.transaction(write)
