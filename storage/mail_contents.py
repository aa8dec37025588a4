"""What a mail tells, looked up at the moment at which it is sent: whether it is still wanted, and with which token."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from auth.identifiers import OrganizationId
from auth.one_time_tokens import TokenPurpose
from storage import account_tokens, admins, invitations, one_time_tokens, organizations, outbox
from storage.admins import AdminRecord, AdminStatus
from storage.database import Database, Document, Session, now
from storage.one_time_tokens import TokenSubject
from storage.organizations import OrganizationStatus
from storage.outbox import Entry, Mail, MailKind

_LIVING = [OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]


@dataclass(frozen=True, slots=True)
class MailContents:
    """What a mail tells beside its kind; the token is known here and to nobody else."""

    to: str
    token: str | None = None
    token_expires_at: datetime | None = None
    organization: str | None = None
    lapses_at: datetime | None = None


async def prepare(database: Database, entry: Entry) -> MailContents | None:
    """Return what a mail tells, with a new token if it carries one; None if it is not wanted any more.

    None, too, for a mail that another worker has taken over.
    """

    async def write(tx: Session) -> MailContents | None:
        return await _look_up(database, tx, entry.mail) if await outbox.hold(database, tx, entry) else None

    return await database.transaction(write)


async def _look_up(database: Database, tx: Session, mail: Mail) -> MailContents | None:
    match mail.kind:
        case MailKind.EMAIL_VERIFICATION:
            return await _verification(database, tx, mail)
        case MailKind.PASSWORD_RESET:
            return await _reset(database, tx, mail)
        case MailKind.INVITATION:
            return await _invitation(database, tx, mail)
        case MailKind.SIGN_UP_LAPSING:
            return await _lapsing(database, tx, mail)
        case MailKind.PASSWORD_CHANGED | MailKind.EMAIL_CHANGED:
            return MailContents(mail.to)
    assert_never(mail.kind)


async def _verification(
    database: Database, tx: Session, mail: Mail, lapses_at: datetime | None = None
) -> MailContents | None:
    admin = None
    if mail.organization_id is not None:
        admin = await admins.find_member(database, tx, mail.organization_id, {"_id": mail.admin_id})
    if admin is None or admin.email != mail.to or admin.email_verified:
        return None
    return await _to_admin(database, tx, TokenPurpose.EMAIL_VERIFICATION, admin, lapses_at)


async def _reset(database: Database, tx: Session, mail: Mail) -> MailContents | None:
    """Look the account up by what was asked for, and write to its own address, which may be spelled otherwise."""
    account = await admins.find_by_email(database, mail.to, tx)
    if not isinstance(account, AdminRecord):
        return None
    return await _to_admin(database, tx, TokenPurpose.PASSWORD_RESET, account)


async def _to_admin(
    database: Database, tx: Session, purpose: TokenPurpose, admin: AdminRecord, lapses_at: datetime | None = None
) -> MailContents | None:
    present = admin.status is AdminStatus.ACTIVE and admin.removed_at is None
    if not present or await _organization(database, tx, admin.organization_id) is None:
        return None
    token, end = await account_tokens.issue(database, tx, purpose, admin)
    return MailContents(admin.email, token, end, lapses_at=lapses_at)


async def _lapsing(database: Database, tx: Session, mail: Mail) -> MailContents | None:
    organization = None
    if mail.organization_id is not None:
        organization = await _organization(database, tx, mail.organization_id)
    if organization is None or "verify_by" not in organization:
        return None
    return await _verification(database, tx, mail, organization["verify_by"])


async def _invitation(database: Database, tx: Session, mail: Mail) -> MailContents | None:
    invitation = None
    if mail.invitation_id is not None:
        invitation = await invitations.find(database, mail.invitation_id, tx)
    if invitation is None or not invitation.counts(now()):
        return None
    organization = await _organization(database, tx, invitation.organization_id)
    if organization is None:
        return None
    subject = TokenSubject(invitation.id, invitation.organization_id, invitation.email)
    end, purpose = invitation.expires_at, TokenPurpose.INVITATION
    token = await one_time_tokens.issue(database, tx, purpose, subject, expires_at=end)
    return MailContents(invitation.email, token, end, organization=organization["name"])


async def _organization(database: Database, tx: Session, organization_id: OrganizationId) -> Document | None:
    living = {"_id": organization_id, "status": {"$in": _LIVING}}
    found: Document | None = await database[organizations.COLLECTION].find_one(living, session=tx)
    return found
