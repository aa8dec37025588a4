"""One-time tokens about an admin: they count while the admin is there, and has the address that they were sent to."""

from datetime import datetime, timedelta

from auth.identifiers import AdminId
from auth.one_time_tokens import TokenPurpose
from storage import admins, memberships, one_time_tokens
from storage.admins import AdminRecord, AdminStatus
from storage.database import Database, Session, now
from storage.memberships import NotActiveError
from storage.one_time_tokens import TokenInvalidError, TokenSubject
from storage.organizations import OrganizationStatus

LIFETIMES = {TokenPurpose.EMAIL_VERIFICATION: timedelta(days=3), TokenPurpose.PASSWORD_RESET: timedelta(minutes=30)}
_STATUSES = {OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED}


async def issue(database: Database, tx: Session, purpose: TokenPurpose, admin: AdminRecord) -> tuple[str, datetime]:
    """Return a new token about an admin, and its end; it voids the one before."""
    subject, end = TokenSubject(admin.id, admin.organization_id, admin.email), now() + LIFETIMES[purpose]
    return await one_time_tokens.issue(database, tx, purpose, subject, expires_at=end), end


async def find_admin(database: Database, purpose: TokenPurpose, token: str) -> AdminRecord | None:
    """Return the admin that a token is about, without spending it; None if it does not count."""
    subject = await one_time_tokens.find(database, purpose, token)
    if subject is None:
        return None
    account = (await admins.find_by_ids(database, [AdminId(subject.id)])).get(AdminId(subject.id))
    return account if isinstance(account, AdminRecord) and _is_about(subject, account) else None


async def spend(database: Database, tx: Session, purpose: TokenPurpose, token: str) -> AdminRecord:
    """Use a token up; return the admin that it is about. Raises `TokenInvalidError`, and it is not spent then."""
    subject = await one_time_tokens.spend(database, tx, purpose, token)
    if subject is None:
        raise TokenInvalidError
    admin = await admins.find_member(database, tx, subject.organization_id, {"_id": subject.id})
    if admin is None or not _is_about(subject, admin):
        raise TokenInvalidError
    try:
        await memberships.touch(database, tx, subject.organization_id, _STATUSES)
    except NotActiveError:
        raise TokenInvalidError from None
    return admin


def _is_about(subject: TokenSubject, admin: AdminRecord) -> bool:
    present = admin.removed_at is None and admin.status is AdminStatus.ACTIVE
    return present and admin.email == subject.email
