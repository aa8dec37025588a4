"""Sign-ups that lapse: where no owner shows in time that an email address is its own, the organization is deleted.

`verify_by` and, before it, `verify_reminder_at` stand in the organization's record until an owner's address is
verified: the transaction that notes that unsets them. So whoever reminds, or deletes, makes sure that they still stand.
Nothing is deleted of which nobody was reminded.
"""

from datetime import datetime, timedelta

from auth.identifiers import OrganizationId
from auth.roles import Role
from storage import admins, deletions, organizations, outbox, purges
from storage.database import Database, Document, Session, now
from storage.deletions import NotDeletableError
from storage.organizations import OrganizationStatus
from storage.outbox import Mail, MailKind

_NOTICE = timedelta(days=2)
_AT_ONCE = 100


def deadlines(at: datetime, period: timedelta | None) -> Document:
    """Return the fields of an organization that is signed up now, for a period in which it has to be verified, if any.

    The reminder comes two days before the end, or after half of a period that is shorter than four.
    """
    if period is None:
        return {}
    return {"verify_by": at + period, "verify_reminder_at": at + period - min(_NOTICE, period / 2)}


async def sweep(database: Database) -> int:
    """Remind owners, and delete what has lapsed; what is moved or suspended waits. Return how many there were."""
    count = 0
    for found in await _due(database, "verify_reminder_at"):
        count += await _remind(database, found["_id"])
    for found in await _due(database, "verify_by"):
        count += await _lapse(database, found["_id"])
    return count


async def _due(database: Database, field: str) -> list[Document]:
    """Return what is due of active organizations: others were deleted and can be restored, or are suspended."""
    due = {field: {"$lte": now()}, "status": OrganizationStatus.ACTIVE}
    return await database[organizations.COLLECTION].find(due, {"_id": True}).limit(_AT_ONCE).to_list(_AT_ONCE)


async def _remind(database: Database, organization_id: OrganizationId) -> bool:
    """Have each owner reminded, once; a reminder that comes late puts the end off by as much."""

    async def write(tx: Session) -> bool:
        at = now()
        due = {"_id": organization_id, "status": OrganizationStatus.ACTIVE, "verify_reminder_at": {"$lte": at}}
        notice = {"$subtract": ["$verify_by", "$verify_reminder_at"]}
        end = {"$max": ["$verify_by", {"$add": [at, notice]}]}
        reminded: list[Document] = [{"$set": {"verify_by": end}}, {"$unset": "verify_reminder_at"}]
        result = await database[organizations.COLLECTION].update_one(due, reminded, session=tx)
        if not result.matched_count:
            return False
        for owner in await admins.find_active(database, tx, organization_id, Role.OWNER):
            await outbox.put(database, tx, Mail(MailKind.SIGN_UP_LAPSING, owner.email, organization_id, owner.id))
        return True

    return await database.transaction(write)


async def _lapse(database: Database, organization_id: OrganizationId) -> bool:
    try:
        worker = await deletions.mark_lapsed(database, organization_id)
    except NotDeletableError:
        return False
    await purges.purge(database, organization_id, worker)
    return True
