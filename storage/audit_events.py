"""The collection `audit_events`: one gapless chain of events an organization, each written with what it records.

The head of a chain stands in the organization's record (`audit`), so that who records is alone and a cut tail is found.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel

from auth import audit_chain
from auth.audit_chain import GENESIS, Link
from auth.identifiers import OrganizationId
from storage import events
from storage.acts import Act
from storage.audit_actions import AuditAction, Target
from storage.database import Database, Document, Session, now
from storage.events import EventKind

COLLECTION = "audit_events"
INDEXES = [
    IndexModel([("organization_id", ASCENDING), ("seq", ASCENDING)], name="by_organization", unique=True),
    IndexModel([("organization_id", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)], name="by_time"),
    IndexModel([("organization_id", ASCENDING), ("action", ASCENDING), ("seq", ASCENDING)], name="by_action"),
    IndexModel([("organization_id", ASCENDING), ("actor.id", ASCENDING), ("seq", ASCENDING)], name="by_actor"),
    IndexModel([("organization_id", ASCENDING), ("target.id", ASCENDING), ("seq", ASCENDING)], name="by_target"),
]
CHECKPOINT_EVENTS = 100
CHECKPOINT_INTERVAL = timedelta(days=1)
_ORGANIZATIONS = "organizations"
_SALT_BYTES = 16


class NoSuchTrailError(Exception):
    """There is no such organization."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is to be recorded: `changes` are `{field: {before, after}}`; those in `personal` can be erased later.

    All values are strings, whole numbers, booleans, null, and lists and objects of them; no secrets.
    """

    action: AuditAction
    target: Target
    changes: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


def change(before: object, after: object) -> Document:
    """Return one entry of `changes`."""
    return {"before": before, "after": after}


async def record(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    act: Act,
    event: NewEvent,
    *,
    checkpoint: bool = False,
) -> None:
    """Append an event to an organization's chain, and tell of it, in the transaction that does what it records.

    With `checkpoint`, the head is to be signed at once. Raises `NoSuchTrailError`.
    """
    await record_all(database, tx, organization_id, act, [event], checkpoint=checkpoint)


async def record_all(
    database: Database,
    tx: Session,
    organization_id: OrganizationId,
    act: Act,
    happened: Sequence[NewEvent],
    *,
    checkpoint: bool = False,
) -> None:
    """Append events in this order, at the cost of one; as `record`. At least one event is given."""
    organization = await database[_ORGANIZATIONS].find_one({"_id": organization_id}, {"audit": True}, session=tx)
    if organization is None:
        raise NoSuchTrailError
    audit: Document = organization.get("audit", {})
    at = max(now(), audit.get("at", now()))
    documents = []
    for event in happened:
        document = _to_document(organization_id, audit, act, event, at)
        audit = {**audit, "seq": document["seq"], "hash": document["hash"], "at": at}
        audit["due_at"] = _due_at(audit, at, checkpoint=checkpoint)
        documents.append(document)
    await database[_ORGANIZATIONS].update_one({"_id": organization_id}, {"$set": {"audit": audit}}, session=tx)
    await database[COLLECTION].insert_many(documents, session=tx)
    shown = [{name: document[name] for name in ("seq", "action", "actor", "target")} for document in documents]
    await events.publish_all(database, tx, organization_id, EventKind.ACT, shown)


def link_of(document: Document) -> Link:
    """Return what a stored event's hash is of."""
    return {
        "organization": document["organization_id"],
        "seq": document["seq"],
        "at": instant(document["at"]),
        "action": document["action"],
        "actor": document["actor"],
        "session": document["session_id"],
        "request": document["request_id"],
        "target": document["target"],
        "changes": document["changes"],
        "details": document["details"],
        "personal": document["personal_hash"],
        "previous": document["previous"],
    }


def _to_document(organization_id: OrganizationId, head: Document, act: Act, event: NewEvent, at: datetime) -> Document:
    seq = head.get("seq", 0) + 1
    document: Document = {
        "_id": f"{organization_id}:{seq}",
        "organization_id": organization_id,
        "seq": seq,
        "at": at,
        "action": event.action.value,
        "actor": {"kind": act.actor.kind.value, "id": act.actor.id},
        "session_id": act.session_id,
        "request_id": act.request_id,
        "target": {"kind": event.target.kind.value, "id": event.target.id},
        "changes": _real(event.changes),
        "details": dict(event.details),
        "personal_hash": None,
        "previous": head.get("hash", GENESIS),
    }
    values = {name: value for name, value in (("address", act.address), ("changes", _real(event.personal))) if value}
    if values:
        salt = secrets.token_hex(_SALT_BYTES)
        document["personal"] = {"salt": salt, "values": values}
        document["personal_hash"] = audit_chain.personal_hash(salt, values)
    document["hash"] = audit_chain.link_hash(link_of(document))
    return document


def _real(changes: Mapping[str, Any]) -> Document:
    """Return the changes that have changed something."""
    return {name: one for name, one in changes.items() if one["before"] != one["after"]}


def _due_at(audit: Document, at: datetime, *, checkpoint: bool) -> datetime:
    """Return when the head has to be signed."""
    if checkpoint or audit["seq"] - audit.get("checkpoint_seq", 0) >= CHECKPOINT_EVENTS:
        return at
    due: datetime = audit.get("due_at", at + CHECKPOINT_INTERVAL)
    return due


def instant(at: datetime) -> str:
    """Return an instant as links have it: RFC 3339, in UTC, with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
