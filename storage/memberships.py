"""Who belongs to an organization, and as what: an organization always has an active owner.

Each change writes to the organization's record first. Of two at once one waits, and then sees what the other has done:
so who acts, and who is left, is looked at again in the transaction, and what it says counts.
"""

from collections.abc import Collection
from dataclasses import replace

from auth.identifiers import AdminId, OrganizationId
from auth.one_time_tokens import TokenPurpose
from auth.roles import MANAGED_ROLES, Role
from storage import admins, audit_events, invitations, one_time_tokens, organizations, sessions
from storage.acts import Act
from storage.admins import AdminRecord, AdminStatus
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Session, now
from storage.organizations import OrganizationStatus

_ACTIVE = frozenset({OrganizationStatus.ACTIVE})


class NotActiveError(Exception):
    """The organization is in a state in which its memberships cannot be changed."""


class LastOwnerError(Exception):
    """The organization would have no active owner any more."""


class NotManageableError(Exception):
    """Who acts may not do this to that admin, or not any more; or there is no such admin."""


async def touch(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    statuses: Collection[OrganizationStatus] = _ACTIVE,
) -> None:
    """Begin a change of an organization's memberships, which no other one overtakes.

    Raises `NotActiveError` unless the organization is in one of these states.
    """
    changeable = {"_id": organization_id, "status": {"$in": list(statuses)}}
    result = await database[organizations.COLLECTION].update_one(
        changeable, {"$inc": {"membership_changes": 1}}, session=tx
    )
    if not result.matched_count:
        raise NotActiveError


async def require_owner(database: Database, tx: Session, organization_id: OrganizationId) -> None:
    """End a change of an organization's memberships: raise `LastOwnerError` if it has left no active owner."""
    if not await admins.has_active_owner(database, tx, organization_id):
        raise LastOwnerError


async def require_manager(
    database: Database, tx: Session, organization_id: OrganizationId, act: Act, *roles: Role
) -> None:
    """Raise `NotManageableError` unless who acts is an active admin who manages all these roles."""
    actor = await admins.find_member(database, tx, organization_id, {"_id": act.actor.id, "status": AdminStatus.ACTIVE})
    if actor is None or not MANAGED_ROLES[actor.role].issuperset(roles):
        raise NotManageableError


async def set_role(
    database: Database, organization_id: OrganizationId, admin_id: AdminId, role: Role, act: Act
) -> AdminRecord:
    """Give an admin another role, which ends its sessions and the invitations that it could no longer make.

    Raises `NotActiveError`, `NotManageableError` or `LastOwnerError`; nothing has changed then.
    """

    async def write(tx: Session) -> AdminRecord:
        await touch(database, tx, organization_id)
        before = await _member(database, tx, organization_id, admin_id)
        await require_manager(database, tx, organization_id, act, before.role, role)
        if before.role is role:
            return before
        await admins.set_role(database, tx, admin_id, role)
        await require_owner(database, tx, organization_id)
        if role is Role.OWNER and before.email_verified:
            await confirm_sign_up(database, tx, organization_id)
        changes = {"role": audit_events.change(before.role, role)}
        ended = {"endedSessions": await sessions.revoke_all(database, tx, admin_id)}
        event = NewEvent(AuditAction.ADMIN_ROLE_CHANGED, Target(TargetKind.ADMIN, admin_id), changes, details=ended)
        await audit_events.record(database, tx, organization_id, act, event)
        await withdraw_invitations(database, tx, before, act, role)
        return replace(before, role=role)

    return await database.transaction(write)


async def remove(database: Database, organization_id: OrganizationId, admin_id: AdminId, act: Act) -> AdminRecord:
    """Remove an admin: its record stays, everything that it could do ends, and its address is free.

    Who removes itself leaves. Raises `NotActiveError`, `NotManageableError` or `LastOwnerError`; nothing has changed
    then.
    """

    async def write(tx: Session) -> AdminRecord:
        await touch(database, tx, organization_id)
        admin = await _member(database, tx, organization_id, admin_id)
        await require_manager(database, tx, organization_id, act, admin.role)
        return await _end(database, tx, admin, act)

    return await database.transaction(write)


async def leave(database: Database, organization_id: OrganizationId, admin_id: AdminId, act: Act) -> None:
    """Have an admin leave, as if it were removed. Raises `NotActiveError`, `NotManageableError` or `LastOwnerError`."""

    async def write(tx: Session) -> None:
        await touch(database, tx, organization_id)
        await _end(database, tx, await _member(database, tx, organization_id, admin_id), act)

    await database.transaction(write)


async def confirm_sign_up(database: Database, tx: Session, organization_id: OrganizationId) -> None:
    """Let a sign-up lapse no more: somebody who has shown that an address is its own owns the organization."""
    unset = {"$unset": {"verify_by": "", "verify_reminder_at": ""}}
    await database[organizations.COLLECTION].update_one({"_id": organization_id}, unset, session=tx)


async def withdraw_invitations(
    database: Database, tx: Session, admin: AdminRecord, act: Act, role: Role | None = None
) -> None:
    """Revoke what an admin has invited to and, in this role from now on or in none, could invite to no more."""
    but = frozenset[Role]() if role is None else MANAGED_ROLES[role]
    await invitations.revoke_all(database, tx, admin.organization_id, act, invited_by=admin.id, but=but)


async def _end(database: Database, tx: Session, admin: AdminRecord, act: Act) -> AdminRecord:
    at = now()
    await admins.remove(database, tx, admin.id, at)
    await require_owner(database, tx, admin.organization_id)
    for purpose in (TokenPurpose.EMAIL_VERIFICATION, TokenPurpose.PASSWORD_RESET):
        await one_time_tokens.void(database, tx, purpose, [admin.id])
    ended = {"endedSessions": await sessions.revoke_all(database, tx, admin.id)}
    action = AuditAction.ADMIN_LEFT if act.actor.id == admin.id else AuditAction.ADMIN_REMOVED
    event = NewEvent(action, Target(TargetKind.ADMIN, admin.id), details=ended)
    await audit_events.record(database, tx, admin.organization_id, act, event)
    await withdraw_invitations(database, tx, admin, act)
    return replace(admin, removed_at=at)


async def _member(database: Database, tx: Session, organization_id: OrganizationId, admin_id: AdminId) -> AdminRecord:
    admin = await admins.find_member(database, tx, organization_id, {"_id": admin_id})
    if admin is None:
        raise NotManageableError
    return admin
