"""Verifying that an email address is its admin's: the token that was sent there comes back."""

from dataclasses import replace

from auth.one_time_tokens import TokenPurpose
from auth.roles import Role
from storage import account_tokens, admins, audit_events, memberships
from storage.acts import Act
from storage.admins import AdminRecord
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Session


async def verify(database: Database, token: str, act: Act) -> AdminRecord:
    """Spend a token, and note that its admin has the address; a sign-up of an owner lapses no more.

    Raises `TokenInvalidError`; nothing has changed then.
    """

    async def write(tx: Session) -> AdminRecord:
        admin = await account_tokens.spend(database, tx, TokenPurpose.EMAIL_VERIFICATION, token)
        event = NewEvent(AuditAction.ADMIN_EMAIL_VERIFIED, Target(TargetKind.ADMIN, admin.id))
        await audit_events.record(database, tx, admin.organization_id, act, event)
        return await confirm(database, tx, admin)

    return await database.transaction(write)


async def confirm(database: Database, tx: Session, admin: AdminRecord) -> AdminRecord:
    """Note that an address is its admin's, in the transaction in which that has shown."""
    if admin.role is Role.OWNER:
        await memberships.confirm_sign_up(database, tx, admin.organization_id)
    await admins.confirm_email(database, tx, admin.id)
    return replace(admin, email_verified=True)
