"""Purging a deleted organization: its data is destroyed, its reservations are freed, and a trail says what went.

1. Once `purge_at` has passed, any worker exchanges it for a lease: from here on nothing can be restored.
2. What is there is counted, and the tenant store is dropped.
3. One transaction frees slugs and emails. Until here nobody can take them, so no newcomer meets a pending drop. It also
   removes the invitations, which hold addresses of people who may have never answered.
"""

import contextlib

from auth.identifiers import OrganizationId
from storage import (
    admins,
    audit_events,
    burned_names,
    document_types,
    import_records,
    import_staging,
    invitations,
    leases,
    one_time_tokens,
    organizations,
    outbox,
    sessions,
    slugs,
)
from storage.acts import SYSTEM
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session, now
from storage.organizations import OrganizationStatus
from storage.placements import Placement
from storage.tenant_stores import TenantStore


class _PurgeLostError(Exception):
    """Another worker has taken the purge over."""


async def purge_due(database: Database) -> int:
    """Purge the organizations whose retention is over; return how many this worker has purged."""
    due = database[organizations.COLLECTION].find(_due(), {"_id": True})
    count = 0
    for found in await due.to_list(None):
        worker = leases.new_owner()
        if await _begin(database, found["_id"], worker):
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
            await _note_what_goes(database, pending, store)
            await import_staging.discard_all(database, organization_id)
            await store.drop(hold)
            await store.drop_companions(hold)
            await database.transaction(lambda tx: _release(database, tx, pending))


def _due() -> Document:
    return {"purge_at": {"$lte": now()}}


async def _begin(database: Database, organization_id: OrganizationId, worker: str) -> bool:
    """Exchange a retention that is over for a lease; false if another worker has, or the organization is restored."""
    result = await database[organizations.COLLECTION].update_one(
        {"_id": organization_id, "status": OrganizationStatus.DELETED, **_due()},
        {"$set": {"lease": leases.lease(worker)}, "$unset": {"purge_at": ""}},
    )
    return bool(result.matched_count)


async def _note_what_goes(database: Database, pending: Document, store: TenantStore) -> None:
    """Count what is going to be destroyed, before anything is: a purge that another worker goes on with counts less."""
    counts = {
        "documents": await store.count_exactly(),
        "documentTypes": len(await document_types.find_all(database, store.organization_id)),
        "imports": len(await import_records.find_all(database, store.organization_id)),
    }
    unnoted = {**pending, "destroyed": {"$exists": False}}
    await database[organizations.COLLECTION].update_one(unnoted, {"$set": {"destroyed": counts}})


async def _release(database: Database, tx: Session, pending: Document) -> None:
    unset = dict.fromkeys(("lease", "verify_by", "verify_reminder_at"), "")
    purged = {"$set": {"placement": None, "purged_at": now()}, "$unset": unset}
    collection = database[organizations.COLLECTION]
    document = await collection.find_one(pending, session=tx)
    if document is None or not (await collection.update_one(pending, purged, session=tx)).matched_count:
        raise _PurgeLostError
    organization_id = OrganizationId(document["_id"])
    if document.get("taken_over"):
        await burned_names.burn(database, tx, organization_id, Placement.from_document(document["placement"]))
    await document_types.delete_all(database, tx, organization_id)
    await invitations.delete_all(database, tx, organization_id)
    await one_time_tokens.void_all(database, tx, organization_id)
    await outbox.discard_all(database, tx, organization_id)
    counts = {
        **document["destroyed"],
        "sessions": await sessions.delete_all(database, tx, organization_id),
        "slugs": await slugs.release_all(database, tx, organization_id),
        "emails": await admins.release_emails(database, tx, organization_id),
    }
    await _record(database, tx, document, counts)


async def _record(database: Database, tx: Session, document: Document, counts: Document) -> None:
    """Record what was destroyed, in which store, and who had deleted the organization; the head is signed at once."""
    details = {
        "destroyed": counts,
        "store": {name: document["placement"][name] for name in ("strategy", "database", "collection")},
        "deletedAt": audit_events.instant(document["deleted_at"]),
        "deletedBy": document["deleted_by"],
    }
    target = Target(TargetKind.ORGANIZATION, document["_id"])
    event = NewEvent(AuditAction.ORGANIZATION_PURGED, target, details=details)
    await audit_events.record(database, tx, document["_id"], SYSTEM, event, checkpoint=True)


async def _update(database: Database, tx: Session, pending: Document, change: Document) -> None:
    result = await database[organizations.COLLECTION].update_one(pending, change, session=tx)
    if not result.matched_count:
        raise _PurgeLostError
