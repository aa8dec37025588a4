"""Inviting somebody to an organization, and what can become of that: each step one transaction, which records it."""

from dataclasses import replace
from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from auth.identifiers import InvitationId, OrganizationId
from auth.one_time_tokens import TokenPurpose
from auth.roles import Role
from storage import (
    admins,
    audit_events,
    idempotency,
    invitations,
    memberships,
    one_time_tokens,
    outbox,
    sessions,
)
from storage.acts import SYSTEM, Act
from storage.admins import AdminRecord, email_key
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.conflicts import EmailTakenError
from storage.database import Database, Document, Session, now
from storage.invitations import InvitationRecord, InvitationState
from storage.memberships import NotManageableError
from storage.one_time_tokens import TokenInvalidError
from storage.outbox import Mail, MailKind
from storage.sessions import SessionRecord

MAX_PENDING = 500
RENEWAL_PAUSE = timedelta(minutes=1)
_EXPIRED_AT_ONCE = 100


class TooManyInvitationsError(Exception):
    """The organization has as many pending invitations as it may have."""


class RenewedTooSoonError(Exception):
    """The address was invited less than a minute ago."""


class EndedError(Exception):
    """The invitation has ended."""

    def __init__(self, state: InvitationState) -> None:
        super().__init__(state)
        self.state = state


async def invite(database: Database, invitation: InvitationRecord, act: Act) -> InvitationRecord:
    """Store an invitation and have it sent; for an address that has a pending one, renew that instead.

    Raises `NotActiveError`, `NotManageableError`, `EmailTakenError` if the address has an account in this organization,
    `RenewedTooSoonError` or `TooManyInvitationsError`; nothing has changed then.
    """
    organization_id = invitation.organization_id

    async def write(tx: Session) -> InvitationRecord:
        await memberships.touch(database, tx, organization_id)
        await memberships.require_manager(database, tx, organization_id, act, invitation.role)
        member = {"email_key": email_key(invitation.email)}
        if await admins.find_member(database, tx, organization_id, member) is not None:
            raise EmailTakenError
        sent = await _renew(database, tx, invitation, act) or await _send(database, tx, invitation, act)
        mail = Mail(MailKind.INVITATION, sent.email, organization_id=organization_id, invitation_id=sent.id)
        await outbox.put(database, tx, mail)
        await idempotency.complete(database, tx, act.claim, {"invitation": sent.id})
        return sent

    return await database.transaction(write)


async def revoke(
    database: Database, organization_id: OrganizationId, invitation_id: InvitationId, act: Act
) -> InvitationRecord:
    """Revoke a pending invitation; one that is revoked stays so, one past its end expires.

    Raises `NotActiveError`, `NotManageableError`, or `EndedError` if it has ended otherwise.
    """

    async def write(tx: Session) -> InvitationRecord:
        await memberships.touch(database, tx, organization_id)
        invitation = await invitations.find(database, invitation_id, tx)
        if invitation is None or invitation.organization_id != organization_id:
            raise NotManageableError
        await memberships.require_manager(database, tx, organization_id, act, invitation.role)
        if invitation.state is not InvitationState.PENDING:
            return invitation
        if not invitation.counts(now()):
            return await _expire(database, tx, invitation)
        return await invitations.end(database, tx, invitation_id, InvitationState.REVOKED, act) or invitation

    revoked = await database.transaction(write)
    if revoked.state is not InvitationState.REVOKED:
        raise EndedError(revoked.state)
    return revoked


async def find_offered(database: Database, token: str) -> InvitationRecord | None:
    """Return the invitation that a token is for, if it can be accepted with it; the token is not spent."""
    subject = await one_time_tokens.find(database, TokenPurpose.INVITATION, token)
    invitation = None if subject is None else await invitations.find(database, InvitationId(subject.id))
    return invitation if invitation is not None and invitation.counts(now()) else None


async def accept(
    database: Database, token: str, newcomer: AdminRecord, session: SessionRecord, act: Act
) -> AdminRecord:
    """Make who was invited an admin, with a first session; address and role are those of the invitation.

    Raises `TokenInvalidError`, `NotActiveError`, or `EmailTakenError` if the address has an account by now; the token
    is not spent then.
    """
    organization_id = newcomer.organization_id

    async def write(tx: Session) -> AdminRecord:
        await memberships.touch(database, tx, organization_id)
        invitation = await _spend(database, tx, token)
        await _require_inviter(database, tx, invitation)
        admin = replace(newcomer, email=invitation.email, role=invitation.role)
        await invitations.end(database, tx, invitation.id, InvitationState.ACCEPTED, act, admin=admin)
        await admins.insert(database, tx, admin)
        await sessions.insert(database, tx, session)
        opened = NewEvent(AuditAction.SESSION_OPENED, Target(TargetKind.SESSION, session.id))
        await audit_events.record(database, tx, organization_id, act, opened)
        if admin.role is Role.OWNER:
            await memberships.confirm_sign_up(database, tx, organization_id)
        return admin

    try:
        return await database.transaction(write)
    except DuplicateKeyError:
        raise EmailTakenError from None


async def decline(database: Database, token: str, act: Act) -> None:
    """End the invitation that a token is for, at the wish of who was invited. Raises `TokenInvalidError`."""

    async def write(tx: Session) -> None:
        invitation = await _spend(database, tx, token)
        await invitations.end(database, tx, invitation.id, InvitationState.DECLINED, act)

    await database.transaction(write)


async def expire_due(database: Database) -> int:
    """End invitations that nobody has answered in time, a hundred at most; return how many there were."""
    due = await invitations.find_due(database, _EXPIRED_AT_ONCE)
    for invitation in due:
        await database.transaction(lambda tx, invitation=invitation: _expire(database, tx, invitation))  # type: ignore[misc] # bound for each round
    return len(due)


async def _send(database: Database, tx: Session, invitation: InvitationRecord, act: Act) -> InvitationRecord:
    if await invitations.count_pending(database, tx, invitation.organization_id) >= MAX_PENDING:
        raise TooManyInvitationsError
    await invitations.insert(database, tx, invitation)
    changes = {"role": audit_events.change(None, invitation.role)}
    await _record(database, tx, invitation, act, AuditAction.INVITATION_SENT, changes)
    return invitation


async def _renew(database: Database, tx: Session, again: InvitationRecord, act: Act) -> InvitationRecord | None:
    """Renew the pending invitation of the address, if it has one; one past its end expires instead."""
    found = await invitations.find_pending(database, tx, again.organization_id, again.email)
    if found is None:
        return None
    if not found.counts(again.created_at):
        await _expire(database, tx, found)
        return None
    await memberships.require_manager(database, tx, found.organization_id, act, found.role)
    if again.renewed_at - found.renewed_at < RENEWAL_PAUSE:
        raise RenewedTooSoonError
    renewed = replace(
        found,
        role=again.role,
        invited_by=again.invited_by,
        renewed_at=again.renewed_at,
        expires_at=again.expires_at,
    )
    await invitations.renew(database, tx, renewed)
    changes = {"role": audit_events.change(found.role, renewed.role)}
    await _record(database, tx, renewed, act, AuditAction.INVITATION_RENEWED, changes)
    return renewed


async def _spend(database: Database, tx: Session, token: str) -> InvitationRecord:
    subject = await one_time_tokens.spend(database, tx, TokenPurpose.INVITATION, token)
    invitation = None if subject is None else await invitations.find(database, InvitationId(subject.id), tx)
    if invitation is None or not invitation.counts(now()):
        raise TokenInvalidError
    return invitation


async def _require_inviter(database: Database, tx: Session, invitation: InvitationRecord) -> None:
    """Refuse an invitation of who may not invite to this now: who is deactivated, since others' were revoked."""
    inviter = Act(invitation.invited_by)
    try:
        await memberships.require_manager(database, tx, invitation.organization_id, inviter, invitation.role)
    except NotManageableError:
        raise TokenInvalidError from None


async def _expire(database: Database, tx: Session, invitation: InvitationRecord) -> InvitationRecord:
    return await invitations.end(database, tx, invitation.id, InvitationState.EXPIRED, SYSTEM) or invitation


async def _record(
    database: Database, tx: Session, invitation: InvitationRecord, act: Act, action: AuditAction, changes: Document
) -> None:
    """Record that somebody was invited; the address is personal."""
    event = NewEvent(
        action,
        Target(TargetKind.INVITATION, invitation.id),
        changes,
        personal={"email": audit_events.change(None, invitation.email)},
        details={"expiresAt": audit_events.instant(invitation.expires_at)},
    )
    await audit_events.record(database, tx, invitation.organization_id, act, event)
