"""Resetting a password that was forgotten: the token that was sent to the account's address stands for the old one."""

from auth.one_time_tokens import TokenPurpose
from storage import account_tokens, admins, audit_events, email_verifications, one_time_tokens, outbox, sessions
from storage.acts import Act
from storage.admins import AdminRecord
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Session
from storage.outbox import Mail, MailKind


async def reset(database: Database, token: str, password_hash: str, act: Act) -> AdminRecord:
    """Spend a token and set its admin's password, which ends all its sessions, verifies the address and is told there.

    Raises `TokenInvalidError`; nothing has changed then.
    """

    async def write(tx: Session) -> AdminRecord:
        admin = await account_tokens.spend(database, tx, TokenPurpose.PASSWORD_RESET, token)
        await admins.set_password(database, tx, admin.id, password_hash)
        ended = {"endedSessions": await sessions.revoke_all(database, tx, admin.id)}
        event = NewEvent(AuditAction.ADMIN_PASSWORD_RESET, Target(TargetKind.ADMIN, admin.id), details=ended)
        await audit_events.record(database, tx, admin.organization_id, act, event)
        await one_time_tokens.void(database, tx, TokenPurpose.EMAIL_VERIFICATION, [admin.id])
        mail = Mail(MailKind.PASSWORD_CHANGED, admin.email, admin.organization_id, admin.id)
        await outbox.put(database, tx, mail)
        return await email_verifications.confirm(database, tx, admin)

    return await database.transaction(write)
