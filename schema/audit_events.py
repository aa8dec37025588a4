"""Audit events: what people did to an organization."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.relay import PageInfo
from strawberry.scalars import JSON

from auth.errors import BadRequestError
from auth.identifiers import AdminId
from schema import actors, ids
from schema.connections import connect
from schema.enums import AuditAction, AuditTargetKind
from schema.fields import Info
from schema.ids import NodeType, encode
from schema.instants import in_utc
from schema.interfaces import Actor, Node
from storage.acts import ActorReference
from storage.audit_actions import Target
from storage.audit_pages import AuditEventRecord
from storage.audit_pages import AuditFilter as StoredFilter
from storage.pages import Key, Page

ORDER = "audit:seq"
_MAX_TARGET_LENGTH = 128
_NODES = {
    AuditTargetKind.ORGANIZATION: NodeType.ORGANIZATION,
    AuditTargetKind.ADMIN: NodeType.ADMIN,
    AuditTargetKind.SESSION: NodeType.SESSION,
    AuditTargetKind.MIGRATION: NodeType.MIGRATION,
    AuditTargetKind.INVITATION: NodeType.INVITATION,
}


@strawberry.type(description="What was acted on.")
class AuditTarget:
    """The target of an event."""

    kind: AuditTargetKind = strawberry.field(description="What it is.")
    id: str = strawberry.field(description="Its global id; the name of a type of documents, the id of an upload.")

    @classmethod
    def from_target(cls, target: Target) -> "AuditTarget":
        """Show a stored target."""
        node_type = _NODES.get(target.kind)
        return cls(kind=target.kind, id=target.id if node_type is None else encode(node_type, target.id))


@strawberry.type(description="A field that was changed.")
class AuditChange:
    """One change of an event."""

    field: str = strawberry.field(description="The field.")
    before: JSON | None = strawberry.field(description="What it was; null if there was nothing.")
    after: JSON | None = strawberry.field(description="What it became.")
    personal: bool = strawberry.field(description="Whether these values are personal, and go when they are erased.")


@strawberry.type(
    description="What somebody did to an organization, its admins, sessions or store: one link of the organization's "
    "audit chain. `verifyAuditTrail` checks the chain."
)
class AuditEvent(Node):
    """An event."""

    actor_reference: strawberry.Private[ActorReference]
    seq: int = strawberry.field(description="The place in the organization's chain, from 1, without gaps.")
    action: AuditAction = strawberry.field(description="What was done.")
    target: AuditTarget = strawberry.field(description="What it was done to.")
    created_at: datetime = strawberry.field(description="When it was done.")
    session_id: strawberry.ID | None = strawberry.field(description="The global id of the session that it was done in.")
    address: str | None = strawberry.field(
        description="The network address that it was done from; several of an event that counts; null when erased."
    )
    request_id: str | None = strawberry.field(description="The id of the request, as in `X-Request-ID` and the log.")
    changes: list[AuditChange] = strawberry.field(description="The fields that were changed, without secrets.")
    details: JSON = strawberry.field(description="What else there is to say: an object, its names by the action.")
    erased: bool = strawberry.field(description="Whether personal values of this event were erased.")
    previous_hash: str = strawberry.field(description="The hash of the event before, in hexadecimal digits.")
    hash: str = strawberry.field(description="The SHA-256 of the event, its personal values as a salted hash.")

    @strawberry.field(description="Who did it; null for somebody who had not signed in.")
    async def actor(self, info: Info) -> Actor | None:
        """Load who did it."""
        return await actors.shown(info.context, self.actor_reference)

    @classmethod
    def from_record(cls, record: AuditEventRecord) -> "AuditEvent":
        """Show a stored event."""
        return cls(
            id=ids.encode_audit_event(record.organization_id, record.seq),
            actor_reference=record.actor,
            seq=record.seq,
            action=record.action,
            target=AuditTarget.from_target(record.target),
            created_at=record.at,
            session_id=None if record.session_id is None else encode(NodeType.SESSION, record.session_id),
            address=record.address,
            request_id=record.request_id,
            changes=[*_changes(record.changes, personal=False), *_changes(record.personal_changes, personal=True)],
            details=JSON(dict(record.details)),
            erased=record.erased,
            previous_hash=record.previous,
            hash=record.hash,
        )


@strawberry.type(description="An audit event in a connection.")
class AuditEventEdge:
    """One place in a page of events."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: AuditEvent = strawberry.field(description="The event.")


@strawberry.type(description="A page of audit events, newest first.")
class AuditEventConnection:
    """A page of events."""

    edges: list[AuditEventEdge] = strawberry.field(description="The events with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")

    @classmethod
    def from_page(cls, page: Page[AuditEventRecord]) -> "AuditEventConnection":
        """Show a page of stored events."""
        return connect(cls, AuditEventEdge, page, ORDER, _key, AuditEvent.from_record)


@strawberry.input(description="What was acted on.")
class AuditTargetInput:
    """The target that a filter wants."""

    kind: AuditTargetKind = strawberry.field(description="What it is.")
    id: str = strawberry.field(description="Its id, as `AuditTarget.id` has it.")

    def to_target(self) -> Target:
        """Return the target as stored; raise `BadRequestError` for an id of something else."""
        node_type = _NODES.get(self.kind)
        if node_type is None:
            return Target(self.kind, self.id[:_MAX_TARGET_LENGTH])
        found, key = ids.decode(strawberry.ID(self.id))
        if found is not node_type:
            raise BadRequestError("The id of the target is not of its kind.")
        return Target(self.kind, key)


@strawberry.input(description="Which audit events to list: those that meet every condition given.")
class AuditEventFilter:
    """Filter of `auditEvents`."""

    actor: strawberry.ID | None = strawberry.field(
        default=None, description="Done by the admin or operator with this global id."
    )
    action: list[AuditAction] | None = strawberry.field(default=None, description="One of these actions.")
    target: AuditTargetInput | None = strawberry.field(default=None, description="Done to this.")
    created_from: datetime | None = strawberry.field(default=None, description="Done at this instant or later.")
    created_before: datetime | None = strawberry.field(default=None, description="Done before this instant.")

    def to_stored(self) -> StoredFilter:
        """Return the filter as storage takes it; raise `BadRequestError` if an id is none of its kind."""
        return StoredFilter(
            actor_id=None if self.actor is None else _decode_actor(self.actor),
            actions=None if self.action is None else list(dict.fromkeys(self.action)),
            target=None if self.target is None else self.target.to_target(),
            from_time=in_utc(self.created_from),
            before_time=in_utc(self.created_before),
        )


def _changes(changes: Mapping[str, Any], *, personal: bool) -> list[AuditChange]:
    return [
        AuditChange(field=name, before=change["before"], after=change["after"], personal=personal)
        for name, change in sorted(changes.items())
    ]


def _decode_actor(global_id: strawberry.ID) -> AdminId:
    node_type, key = ids.decode(global_id)
    if node_type not in {NodeType.ADMIN, NodeType.OPERATOR}:
        raise BadRequestError("This is not the id of an admin or operator.")
    return AdminId(key)


def _key(record: AuditEventRecord) -> Key:
    return record.seq, ""
