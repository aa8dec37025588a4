"""Finding anything again by its global id."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import strawberry

from auth.identifiers import AdminId, InvitationId, MigrationId, OrganizationId, SessionId
from resolvers import admins, audit_events, documents, invitations, migrations, organizations, sessions
from resolvers.context import RequestContext
from schema import ids
from schema.admins import Admin, Operator
from schema.audit_events import AuditEvent
from schema.documents import Document
from schema.fields import Info
from schema.ids import NodeType
from schema.interfaces import Node
from schema.invitations import Invitation
from schema.migrations import Migration
from schema.organizations import Organization
from schema.sessions import Session
from storage.admins import OperatorRecord


@strawberry.type
class NodeQueries:
    """How nodes are found again."""

    @strawberry.field(description="The object with this global id; null when it does not exist or may not be seen.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],  # noqa: A002 - the name that clients see
    ) -> Node | None:
        """Find a node."""
        node_type, key = ids.decode(id)
        return await _FINDERS[node_type](info.context, key)


async def _organization(context: RequestContext, key: str) -> Node | None:
    record = await organizations.find_visible(context, OrganizationId(key))
    return None if record is None else Organization.from_record(record)


async def _admin(context: RequestContext, key: str) -> Node | None:
    record = await admins.find_visible(context, AdminId(key))
    return None if record is None else Admin.from_record(record)


async def _operator(context: RequestContext, key: str) -> Node | None:
    """Find the calling operator: nobody sees another one."""
    account = await admins.viewer(context)
    return Operator.from_record(account) if isinstance(account, OperatorRecord) and account.id == key else None


async def _session(context: RequestContext, key: str) -> Node | None:
    record = await sessions.find_visible(context, SessionId(key))
    return None if record is None else Session.from_record(record)


async def _migration(context: RequestContext, key: str) -> Node | None:
    record = await migrations.find_visible(context, MigrationId(key))
    return None if record is None else Migration.from_record(record)


async def _invitation(context: RequestContext, key: str) -> Node | None:
    record = await invitations.find_visible(context, InvitationId(key))
    return None if record is None else Invitation.from_record(record)


async def _document(context: RequestContext, key: str) -> Node | None:
    record = await documents.find_visible(context, *ids.document_key(key))
    return None if record is None else Document.from_record(record)


async def _audit_event(context: RequestContext, key: str) -> Node | None:
    record = await audit_events.find_visible(context, *ids.audit_event_key(key))
    return None if record is None else AuditEvent.from_record(record)


_FINDERS: Mapping[NodeType, Callable[[RequestContext, str], Awaitable[Node | None]]] = {
    NodeType.ORGANIZATION: _organization,
    NodeType.ADMIN: _admin,
    NodeType.OPERATOR: _operator,
    NodeType.SESSION: _session,
    NodeType.MIGRATION: _migration,
    NodeType.INVITATION: _invitation,
    NodeType.DOCUMENT: _document,
    NodeType.AUDIT_EVENT: _audit_event,
}
