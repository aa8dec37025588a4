"""Signing an organization up, in three steps of which only the last makes it visible.

1. One transaction reserves slug and email and stores the organization as `PROVISIONING`, under a lease.
2. The tenant store is made (a catalog command, which cannot join a transaction) while the password is hashed.
3. One transaction makes the organization `ACTIVE`, if the lease is still held, opens the owner's session, and has its
   address verified by mail.

What stops in between is undone: at once after an error, by `recovery` after a crash.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pymongo.errors import DuplicateKeyError, PyMongoError

from auth.identifiers import OrganizationId
from storage import (
    admins,
    audit_events,
    burned_names,
    idempotency,
    lapses,
    leases,
    organizations,
    outbox,
    sessions,
    slugs,
)
from storage.acts import Act
from storage.admins import AdminRecord
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.conflicts import EmailTakenError, SlugTakenError
from storage.database import Database, Document, Session, change_one, now
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.outbox import Mail, MailKind
from storage.placements import Placement
from storage.sessions import SessionRecord
from storage.tenant_stores import StoreOccupiedError, TenantStore


class SignUpLostError(Exception):
    """The sign-up took so long that it was undone."""


async def sign_up(
    database: Database,
    organization: OrganizationRecord,
    owner: AdminRecord,
    session: SessionRecord | None,
    hash_password: Callable[[], Awaitable[str]],
    act: Act,
    verification_period: timedelta | None = None,
) -> OrganizationRecord:
    """Create an organization with its owner, its store and, unless it is None, the owner's first session.

    With a `verification_period`, it lapses if no owner's address is verified in time. The password is hashed when slug
    and email are reserved, so that of many who want them one does the work. Returns the organization as it stands.
    Raises `SlugTakenError`, `EmailTakenError` or `SignUpLostError`, and leaves nothing.
    """
    worker = leases.new_owner()
    store = await database.transaction(lambda tx: _reserve(database, tx, organization, owner, worker))
    try:
        password_hash, _ = await asyncio.gather(hash_password(), store.create())
        owner = replace(owner, password_hash=password_hash)
        await database.transaction(lambda tx: _activate(database, tx, owner, session, worker, act, verification_period))
    except StoreOccupiedError:
        await undo(database, organization.id, worker)
        raise SlugTakenError from None
    except Exception:
        with contextlib.suppress(PyMongoError):  # The recovery does it when the database is back.
            await undo(database, organization.id, worker)
        raise
    found = await organizations.find_by_ids(database, [organization.id])
    return found[organization.id]


async def undo(database: Database, organization_id: OrganizationId, worker: str) -> None:
    """Remove all traces of a sign-up that is not complete and whose lease this worker holds.

    The lease passes to a new owner first: an activation whose outcome is still open can then happen no more.
    """
    undoer = leases.new_owner()
    provisioning = {"_id": organization_id, "status": OrganizationStatus.PROVISIONING}
    unfinished = {**provisioning, **leases.held_by(undoer)}
    collection = database[organizations.COLLECTION]
    await collection.update_one({**provisioning, **leases.held_by(worker)}, {"$set": {"lease": leases.lease(undoer)}})
    document: Document | None = await collection.find_one(unfinished)
    if document is None:
        return
    store = TenantStore(database, organization_id, Placement.from_document(document["placement"]))

    if await store.drop_if_empty():
        await store.drop_companions(partial(_hold, database, unfinished, undoer))
    await database.transaction(lambda tx: _forget(database, tx, unfinished, document))


async def _reserve(
    database: Database, tx: Session, organization: OrganizationRecord, owner: AdminRecord, worker: str
) -> TenantStore:
    try:
        await slugs.reserve(database, tx, organization.slug, organization.id)
    except DuplicateKeyError:
        raise SlugTakenError from None
    placement = await burned_names.avoid(database, tx, _placement(organization))
    try:
        await database[admins.COLLECTION].insert_one(admins.to_document(owner), session=tx)
    except DuplicateKeyError:
        raise EmailTakenError from None
    document = organizations.to_document(replace(organization, placement=placement))
    document |= {"status": OrganizationStatus.PROVISIONING, "lease": leases.lease(worker)}
    await database[organizations.COLLECTION].insert_one(document, session=tx)
    return TenantStore(database, organization.id, placement)


async def _activate(
    database: Database,
    tx: Session,
    owner: AdminRecord,
    session: SessionRecord | None,
    worker: str,
    act: Act,
    verification_period: timedelta | None = None,
) -> None:
    at = now()
    active = {"status": OrganizationStatus.ACTIVE, "updated_at": at, **lapses.deadlines(at, verification_period)}
    held = {"_id": owner.organization_id, "status": OrganizationStatus.PROVISIONING, **leases.held_by(worker)}
    change = {"$set": active, "$unset": {"lease": ""}}
    organization = await change_one(database[organizations.COLLECTION], held, change, tx)
    if organization is None:
        raise SignUpLostError
    password = {"$set": {"password_hash": owner.password_hash}}
    await database[admins.COLLECTION].update_one({"_id": owner.id}, password, session=tx)
    if session is not None:
        await sessions.insert(database, tx, session)
    await outbox.put(database, tx, Mail(MailKind.EMAIL_VERIFICATION, owner.email, owner.organization_id, owner.id))
    await audit_events.record(database, tx, owner.organization_id, act, _created(organization, owner))
    references = {"organization": owner.organization_id, "admin": owner.id}
    await idempotency.complete(database, tx, act.claim, references)


def _created(organization: Document, owner: AdminRecord) -> NewEvent:
    shown = ("name", "slug", "description")
    return NewEvent(
        AuditAction.ORGANIZATION_CREATED,
        Target(TargetKind.ORGANIZATION, organization["_id"]),
        {name: audit_events.change(None, organization[name]) for name in shown},
        personal={"email": audit_events.change(None, owner.email), "adminName": audit_events.change(None, owner.name)},
        details={"owner": owner.id},
    )


async def _forget(database: Database, tx: Session, unfinished: Document, document: Document) -> None:
    result = await database[organizations.COLLECTION].delete_one(unfinished, session=tx)
    if not result.deleted_count:
        return
    if document.get("taken_over"):
        await burned_names.burn(database, tx, document["_id"], Placement.from_document(document["placement"]))
    await slugs.release(database, tx, document["slug"], document["_id"])
    await database[admins.COLLECTION].delete_many({"organization_id": document["_id"]}, session=tx)


async def _hold(database: Database, unfinished: Document, undoer: str, tx: Session) -> None:
    renewed = {"$set": {"lease": leases.lease(undoer)}}
    if not (await database[organizations.COLLECTION].update_one(unfinished, renewed, session=tx)).matched_count:
        raise SignUpLostError


def _placement(organization: OrganizationRecord) -> Placement:
    if organization.placement is None:
        raise ValueError("A new organization needs a placement.")
    return organization.placement
