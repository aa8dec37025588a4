"""Deleting an organization: its record and its people's stay, its data and reservations go.

1. One transaction marks it `DELETED` and ends its sessions. It also takes a lease, and what follows begins; or it notes
   `purge_at`, and until then nothing else happens. While `purge_at` stands, `restore` can undo the deletion.
2. Once `purge_at` has passed, any worker exchanges it for a lease: from here on nothing can be restored.
3. The tenant store is dropped.
4. One transaction frees slugs and emails. Until here nobody can take them, so no newcomer meets a pending drop.
"""

import contextlib
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from auth.identifiers import OrganizationId
from storage import admins, burned_names, document_types, import_staging, leases, organizations, sessions, slugs
from storage.database import Database, Document, Session, now
from storage.organizations import ActorReference, OrganizationRecord, OrganizationStatus
from storage.placements import Placement
from storage.tenant_stores import TenantStore

_LIVING = [OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]
_IDLE: Document = {"migration_id": {"$exists": False}, "builds": {"$in": [None, 0]}}


class NotDeletableError(Exception):
    """The organization is deleted already, is being moved, or has an index that is being built."""


class NotRestorableError(Exception):
    """The organization is not deleted, or its purge has begun."""


class _PurgeLostError(Exception):
    """Another worker has taken the purge over."""


async def mark(database: Database, organization_id: OrganizationId, actor: ActorReference) -> str:
    """Delete an organization for everyone who looks, for good; return the worker that has to `purge` it.

    Raises `NotDeletableError`; nothing has changed then.
    """
    worker = leases.new_owner()
    await database.transaction(
        lambda tx: _mark(database, tx, organization_id, actor, now(), {"lease": leases.lease(worker)})
    )
    return worker


async def retain(
    database: Database, organization_id: OrganizationId, actor: ActorReference, retention: timedelta
) -> None:
    """Delete an organization for everyone who looks, and keep what it has for this long, so that it can be restored.

    Raises `NotDeletableError`; nothing has changed then.
    """

    async def write(tx: Session) -> None:
        at = now()
        retained = {"purge_at": at + retention, "status_before": "$status"}
        await _mark(database, tx, organization_id, actor, at, retained)

    await database.transaction(write)


async def restore(database: Database, organization_id: OrganizationId) -> OrganizationRecord:
    """Undo a deletion whose purge has not begun; the organization is again what it was, `ACTIVE` or `SUSPENDED`.

    Raises `NotRestorableError`; nothing has changed then.
    """
    restored = await database.transaction(lambda tx: _restore(database, tx, organization_id))
    if restored is None:
        raise NotRestorableError
    return organizations.from_document(restored)


async def purge_due(database: Database) -> int:
    """Purge the organizations whose retention is over; return how many this worker has purged."""
    due = database[organizations.COLLECTION].find(_due(), {"_id": True})
    count = 0
    for found in await due.to_list(None):
        worker = leases.new_owner()
        if await _begin_purge(database, found["_id"], worker):
            await purge(database, found["_id"], worker)
            count += 1
    return count


async def purge(database: Database, organization_id: OrganizationId, worker: str) -> None:
    """Destroy what a deleted organization still has, if this worker holds the lease."""
    organization = database[organizations.COLLECTION]
    pending = {"_id": organization_id, "status": OrganizationStatus.DELETED, **leases.held_by(worker)}
    document = await organization.find_one(pending)
    if document is None:
        return
    store = TenantStore(database, organization_id, Placement.from_document(document["placement"]))

    async def hold(tx: Session) -> None:
        await _update(database, tx, pending, {"$set": {"lease": leases.lease(worker)}})

    async with leases.kept(organization, organization_id, worker):
        with contextlib.suppress(_PurgeLostError):
            await store.guards.touch()
            await import_staging.discard_all(database, organization_id)
            await store.drop(hold)
            await store.drop_companions(hold)
            await database.transaction(lambda tx: _release(database, tx, pending, document))


async def _mark(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    actor: ActorReference,
    at: datetime,
    ending: Document,
) -> None:
    """Mark an organization; `ending` are the fields that say how its data ends, and may refer to those before."""
    marked = {
        "status": OrganizationStatus.DELETED,
        "updated_at": at,
        "deleted_at": at,
        "deleted_by": {"kind": actor.kind, "id": actor.id},
    }
    result = await database[organizations.COLLECTION].update_one(
        {"_id": organization_id, "status": {"$in": _LIVING}, **_IDLE},
        [{"$set": marked | ending}],
        session=tx,
    )
    if not result.matched_count:
        raise NotDeletableError
    await sessions.delete_all(database, tx, organization_id)


async def _restore(database: Database, tx: Session, organization_id: OrganizationId) -> Document | None:
    restored: Document | None = await database[organizations.COLLECTION].find_one_and_update(
        {"_id": organization_id, "status": OrganizationStatus.DELETED, "purge_at": {"$exists": True}},
        [
            {"$set": {"status": "$status_before", "updated_at": now()}},
            {"$unset": ["deleted_at", "deleted_by", "purge_at", "status_before"]},
        ],
        return_document=ReturnDocument.AFTER,
        session=tx,
    )
    return restored


def _due() -> Document:
    return {"purge_at": {"$lte": now()}}


async def _begin_purge(database: Database, organization_id: OrganizationId, worker: str) -> bool:
    """Exchange a retention that is over for a lease; false if another worker has, or the organization is restored."""
    result = await database[organizations.COLLECTION].update_one(
        {"_id": organization_id, "status": OrganizationStatus.DELETED, **_due()},
        {"$set": {"lease": leases.lease(worker)}, "$unset": {"purge_at": "", "status_before": ""}},
    )
    return bool(result.matched_count)


async def _release(database: Database, tx: Session, pending: Document, document: Document) -> None:
    organization_id = OrganizationId(document["_id"])
    purged = {"$set": {"placement": None, "purged_at": now()}, "$unset": {"lease": ""}}
    await _update(database, tx, pending, purged)
    if document.get("taken_over"):
        await burned_names.burn(database, tx, organization_id, Placement.from_document(document["placement"]))
    await document_types.delete_all(database, tx, organization_id)
    await sessions.delete_all(database, tx, organization_id)
    await slugs.release_all(database, tx, organization_id)
    await admins.release_emails(database, tx, organization_id)


async def _update(database: Database, tx: Session, pending: Document, change: Document) -> None:
    result = await database[organizations.COLLECTION].update_one(pending, change, session=tx)
    if not result.matched_count:
        raise _PurgeLostError
