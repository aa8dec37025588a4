"""Changes that touch an account and its sessions together, each one transaction that also records them."""

from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from pymongo.errors import DuplicateKeyError

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from auth.one_time_tokens import TokenPurpose
from storage import admins, audit_events, one_time_tokens, outbox, sessions
from storage.acts import Act
from storage.admins import AccountRecord, AdminRecord, OperatorRecord
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.conflicts import EmailTakenError
from storage.database import Database, Session
from storage.outbox import Mail, MailKind
from storage.sessions import SessionRecord


class AdminChanges(TypedDict, total=False):
    """The fields of an admin that it can change itself."""

    name: str | None
    email: str
    password_hash: str


class PasswordChangedError(Exception):
    """The password is no longer the one that was checked."""


async def create_operator(database: Database, operator: OperatorRecord) -> None:
    """Store a new operator; raise `EmailTakenError` if the email has an account."""
    try:
        await admins.insert_operator(database, operator)
    except DuplicateKeyError:
        raise EmailTakenError from None


async def log_in(
    database: Database, account: AccountRecord, session: SessionRecord, act: Act, *, at: datetime, password_hash: str
) -> AccountRecord:
    """Open a session for an account whose password was checked, and store its hash anew if it was rehashed.

    Raises `PasswordChangedError`; no session is opened then.
    """

    async def write(tx: Session) -> None:
        if not await admins.record_login(database, tx, account, at=at, password_hash=password_hash):
            raise PasswordChangedError
        await sessions.insert(database, tx, session)
        await _record(database, tx, session.organization_id, act, AuditAction.SESSION_OPENED, _session(session.id))

    await database.transaction(write)
    return replace(account, last_login_at=at, password_hash=password_hash)


async def end_session(
    database: Database,
    session_id: SessionId,
    organization_id: OrganizationId | None,
    act: Act,
    action: AuditAction = AuditAction.SESSION_ENDED,
) -> None:
    """End a session, unless it has ended, and record why."""

    async def write(tx: Session) -> None:
        if await sessions.revoke(database, tx, session_id):
            await _record(database, tx, organization_id, act, action, _session(session_id))

    await database.transaction(write)


async def end_sessions(
    database: Database,
    subject_id: AdminId | OperatorId,
    organization_id: OrganizationId | None,
    act: Act,
    *,
    keep: SessionId | None = None,
) -> int:
    """End all sessions of an account, or all but one, and record how many; return that."""

    async def write(tx: Session) -> int:
        ended = await sessions.revoke_all(database, tx, subject_id, keep=keep)
        if ended and organization_id is not None:
            target, details = Target(TargetKind.ADMIN, subject_id), {"endedSessions": ended}
            event = NewEvent(AuditAction.SESSION_ENDED, target, details=details)
            await audit_events.record(database, tx, organization_id, act, event)
        return ended

    return await database.transaction(write)


async def change_admin(
    database: Database, admin: AdminRecord, changes: AdminChanges, act: Act, *, session_id: SessionId
) -> AdminRecord:
    """Change an admin; a new email or password ends its other sessions and voids its tokens, and is told by mail.

    Raises `EmailTakenError`, or `PasswordChangedError` if the admin's password is no longer the given record's.
    """

    async def write(tx: Session) -> AdminRecord:
        changed = await admins.update(database, tx, admin.id, changes, password_hash=admin.password_hash)
        if changed is None:
            raise PasswordChangedError
        ended = 0
        if "email" in changes or "password_hash" in changes:
            ended = await sessions.revoke_all(database, tx, admin.id, keep=session_id)
            await one_time_tokens.void(database, tx, TokenPurpose.PASSWORD_RESET, [admin.id])
            await _tell(database, tx, admin, changes)
        for event in _changes(admin, changed, changes, ended):
            await audit_events.record(database, tx, admin.organization_id, act, event)
        return changed

    try:
        return await database.transaction(write)
    except DuplicateKeyError:
        raise EmailTakenError from None


async def _tell(database: Database, tx: Session, before: AdminRecord, changes: AdminChanges) -> None:
    """Tell the address that the admin had of what has changed, and have a new one verified."""
    mails = []
    if "password_hash" in changes:
        mails.append(Mail(MailKind.PASSWORD_CHANGED, before.email, before.organization_id, before.id))
    if "email" in changes:
        await one_time_tokens.void(database, tx, TokenPurpose.EMAIL_VERIFICATION, [before.id])
        mails.append(Mail(MailKind.EMAIL_VERIFICATION, changes["email"], before.organization_id, before.id))
        mails.append(Mail(MailKind.EMAIL_CHANGED, before.email, before.organization_id, before.id))
    for mail in mails:
        await outbox.put(database, tx, mail)


def _changes(before: AdminRecord, after: AdminRecord, changes: AdminChanges, ended_sessions: int) -> list[NewEvent]:
    """Return what has to be recorded of a change; names and addresses are personal."""
    target, details = Target(TargetKind.ADMIN, before.id), {"endedSessions": ended_sessions}
    found = []
    personal = {}
    if "name" in changes:
        personal["name"] = audit_events.change(before.name, after.name)
    if "email" in changes:
        personal["email"] = audit_events.change(before.email, after.email)
    if personal:
        found.append(NewEvent(AuditAction.ADMIN_UPDATED, target, personal=personal, details=details))
    if "password_hash" in changes:
        found.append(NewEvent(AuditAction.ADMIN_PASSWORD_CHANGED, target, details=details))
    return found


async def _record(
    database: Database,
    tx: Session,
    organization_id: OrganizationId | None,
    act: Act,
    action: AuditAction,
    target: Target,
) -> None:
    """Record what happens to an account's session: operators belong to no organization, so no trail tells of them."""
    if organization_id is not None:
        await audit_events.record(database, tx, organization_id, act, NewEvent(action, target))


def _session(session_id: SessionId) -> Target:
    return Target(TargetKind.SESSION, session_id)
