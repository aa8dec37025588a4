"""Deleting an organization: its record and its people's stay, its data and reservations go.

1. One transaction marks it `DELETED`, under a lease, and ends its sessions.
2. The tenant store is dropped.
3. One transaction frees slugs and emails. Until here nobody can take them, so no newcomer meets a pending drop.
"""

from auth.identifiers import OrganizationId
from storage import admins, leases, organizations, sessions, slugs
from storage.database import Database, Document, Session, now
from storage.organizations import ActorReference, OrganizationStatus
from storage.placements import Placement
from storage.tenant_stores import TenantStore

_LIVING = [OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]


class NotDeletableError(Exception):
    """The organization is deleted already, or a move is under way."""


async def mark(database: Database, organization_id: OrganizationId, actor: ActorReference) -> str:
    """Delete an organization for everyone who looks; return the worker that has to `purge` it.

    Raises `NotDeletableError`; nothing has changed then.
    """
    worker = leases.new_owner()
    await database.transaction(lambda tx: _mark(database, tx, organization_id, actor, worker))
    return worker


async def purge(database: Database, organization_id: OrganizationId, worker: str) -> None:
    """Destroy what a deleted organization still has, if this worker holds the lease."""
    organization = database[organizations.COLLECTION]
    pending = {"_id": organization_id, "status": OrganizationStatus.DELETED, **leases.held_by(worker)}
    document = await organization.find_one(pending)
    if document is None:
        return
    async with leases.kept(organization, organization_id, worker):
        await TenantStore(database, organization_id, Placement.from_document(document["placement"])).drop()
        await database.transaction(lambda tx: _release(database, tx, pending, organization_id))


async def _mark(
    database: Database, tx: Session, organization_id: OrganizationId, actor: ActorReference, worker: str
) -> None:
    at = now()
    result = await database[organizations.COLLECTION].update_one(
        {"_id": organization_id, "status": {"$in": _LIVING}, "migration_id": {"$exists": False}},
        {
            "$set": {
                "status": OrganizationStatus.DELETED,
                "updated_at": at,
                "deleted_at": at,
                "deleted_by": {"kind": actor.kind, "id": actor.id},
                "lease": leases.lease(worker),
            }
        },
        session=tx,
    )
    if not result.matched_count:
        raise NotDeletableError
    await sessions.delete_all(database, tx, organization_id)


async def _release(database: Database, tx: Session, pending: Document, organization_id: OrganizationId) -> None:
    result = await database[organizations.COLLECTION].update_one(
        pending, {"$set": {"placement": None, "purged_at": now()}, "$unset": {"lease": ""}}, session=tx
    )
    if not result.matched_count:
        return
    await slugs.release_all(database, tx, organization_id)
    await admins.release_emails(database, tx, organization_id)
