"""Finding anything again by its global id."""

from typing import Annotated

import strawberry

from auth.identifiers import AdminId, MigrationId, OrganizationId
from resolvers import admins, documents, migrations, organizations, sessions
from resolvers.context import RequestContext
from schema import ids
from schema.admins import Admin, Operator
from schema.documents import Document
from schema.fields import Info
from schema.ids import NodeType
from schema.interfaces import Node
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
        match node_type:
            case NodeType.ORGANIZATION:
                organization = await organizations.find_visible(info.context, OrganizationId(key))
                return None if organization is None else Organization.from_record(organization)
            case NodeType.ADMIN:
                admin = await admins.find_visible(info.context, AdminId(key))
                return None if admin is None else Admin.from_record(admin)
            case NodeType.MIGRATION:
                migration = await migrations.find_visible(info.context, MigrationId(key))
                return None if migration is None else Migration.from_record(migration)
            case NodeType.DOCUMENT:
                document = await documents.find_visible(info.context, *ids.document_key(key))
                return None if document is None else Document.from_record(document)
            case NodeType.OPERATOR:
                return await _own_operator(info.context, key)
            case NodeType.SESSION:
                return await _own_session(info.context, key)


async def _own_operator(context: RequestContext, key: str) -> Operator | None:
    account = await admins.viewer(context)
    return Operator.from_record(account) if isinstance(account, OperatorRecord) and account.id == key else None


async def _own_session(context: RequestContext, key: str) -> Session | None:
    session = await sessions.current(context)
    return Session.from_record(session) if session is not None and session.id == key else None
