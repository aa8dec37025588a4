"""Erasing what is personal about an admin from the audit trail: the chain, which holds its hash, stays as it is."""

from auth.identifiers import AdminId, OrganizationId
from storage import admins, audit_events
from storage.acts import Act, ActorKind
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session

_EVENTS_AT_ONCE = 100


class NoSuchAdminError(Exception):
    """There is no such admin."""


async def erase(database: Database, admin_id: AdminId, act: Act) -> int:
    """Remove the personal values of all events about an admin; return how many there were.

    Those are what the admin did, what was done to it or with a stolen token of its sessions, and the sign-up or the
    invitation that made it. What is recorded of this admin later has personal values again. Raises `NoSuchAdminError`.
    """
    admin = await database[admins.COLLECTION].find_one({"_id": admin_id}, {"organization_id": True})
    if admin is None or "organization_id" not in admin:
        raise NoSuchAdminError
    organization_id = OrganizationId(admin["organization_id"])
    personal = {"organization_id": organization_id, "personal": {"$exists": True}}
    count = 0
    for about in (
        {"actor.id": admin_id, "actor.kind": ActorKind.ADMIN.value},
        {"target.id": admin_id, "target.kind": TargetKind.ADMIN.value},
        {"action": AuditAction.ORGANIZATION_CREATED.value, "details.owner": admin_id},
        *await _reused_sessions(database, personal, admin_id),
        *await _invitations(database, personal, admin_id),
    ):
        while erased := await _erase_some(database, {**personal, **about}):
            count += erased
    event = NewEvent(AuditAction.ADMIN_ERASED, Target(TargetKind.ADMIN, admin_id), details={"events": count})
    await database.transaction(lambda tx: audit_events.record(database, tx, organization_id, act, event))
    return count


async def _reused_sessions(database: Database, personal: Document, admin_id: AdminId) -> list[Document]:
    """Return filters for what was done with spent tokens of the admin's sessions, nobody knows by whom."""
    events = database[audit_events.COLLECTION]
    reused = {**personal, "action": AuditAction.SESSION_REFRESH_REUSED.value}
    found = []
    async for event in events.find(reused, {"session_id": True}):
        opened = {"organization_id": personal["organization_id"], "actor.id": admin_id}
        if await events.find_one({**opened, "session_id": event["session_id"]}, {"_id": True}) is not None:
            found.append({"_id": event["_id"]})
    return found


async def _invitations(database: Database, personal: Document, admin_id: AdminId) -> list[Document]:
    """Return filters for what was done to the invitation that the admin has accepted."""
    accepted = {"actor.id": admin_id, "action": AuditAction.INVITATION_ACCEPTED.value}
    query = {"organization_id": personal["organization_id"], **accepted}
    event = await database[audit_events.COLLECTION].find_one(query, {"target": True})
    return [] if event is None else [{"target.id": event["target"]["id"]}]


async def _erase_some(database: Database, personal: Document) -> int:
    events = database[audit_events.COLLECTION]
    found = await events.find(personal, {"_id": True}).limit(_EVENTS_AT_ONCE).to_list(_EVENTS_AT_ONCE)
    chosen = {"_id": {"$in": [event["_id"] for event in found]}}

    async def write(tx: Session) -> None:
        await events.update_many(chosen, {"$unset": {"personal": ""}}, session=tx)

    if found:
        await database.transaction(write)
    return len(found)
