"""The schema, put together: the one list of everything in it."""

import strawberry
from graphql.utilities.print_schema import print_schema_definition
from strawberry.schema.config import StrawberryConfig

from auth.errors import BadRequestError
from auth.principals import OperatorPrincipal
from resolvers.context import RequestContext
from schema import plain_fields
from schema.actors import System
from schema.admin_statuses import AdminStatusMutations
from schema.admins import Admin, AdminMutations, Operator
from schema.audit_events import AuditEvent
from schema.audit_trails import AuditTrailQueries
from schema.deletions import DeletionMutations
from schema.document_changes import DocumentMutations
from schema.document_events import DocumentSubscriptions
from schema.document_types import DocumentTypeMutations
from schema.documents import Document
from schema.email_verifications import EmailVerificationMutations
from schema.invitations import Invitation
from schema.inviting import InvitationMutations, InvitationQueries
from schema.limits import DocumentLimits
from schema.live_connections import LiveConnectionMutations
from schema.memberships import MembershipMutations
from schema.migration_progress import MigrationSubscriptions
from schema.migrations import Migration
from schema.moves import MoveMutations
from schema.nodes import NodeQueries
from schema.organization_events import OrganizationSubscriptions
from schema.organizations import Organization, OrganizationMutations, OrganizationQueries
from schema.password_resets import PasswordResetMutations
from schema.prepared_operations import PreparedOperations
from schema.scalars import SCALARS
from schema.sessions import Session, SessionMutations
from schema.sign_ups import SignUpMutations
from schema.suspending import SuspensionMutations
from schema.viewer import ViewerQueries


@strawberry.type(description="What can be read.")
class Query(ViewerQueries, NodeQueries, OrganizationQueries, AuditTrailQueries, InvitationQueries):
    """All queries."""


@strawberry.type(description="What can be changed.")
class Mutation(
    SignUpMutations,
    SessionMutations,
    LiveConnectionMutations,
    OrganizationMutations,
    MoveMutations,
    DeletionMutations,
    AdminMutations,
    MembershipMutations,
    AdminStatusMutations,
    SuspensionMutations,
    InvitationMutations,
    PasswordResetMutations,
    EmailVerificationMutations,
    DocumentMutations,
    DocumentTypeMutations,
):
    """All mutations."""


@strawberry.type(description="What can be followed, over a WebSocket or as Server-Sent Events.")
class Subscription(OrganizationSubscriptions, DocumentSubscriptions, MigrationSubscriptions):
    """All subscriptions."""


class Schema(strawberry.Schema):
    """The schema, and the operations that are prepared on it; all of it can be read if it is `explorable`."""

    operations: PreparedOperations
    explorable: bool

    def prepare(self, limits: DocumentLimits, *, explorable: bool) -> None:
        """Set how far operations may go, and who may read the schema."""
        self._schema.description = f"Organizations, their admins and their documents. {limits.described()}"
        plain_fields.call_directly(self._schema, self.config)
        self.operations = PreparedOperations(self._schema, limits, hide_suggestions=not explorable)
        self.explorable = explorable

    def as_str(self) -> str:
        """Return the schema in the schema definition language, with its own description."""
        return f"{print_schema_definition(self._schema)}\n\n{super().as_str()}"

    async def require_readable(self, context: RequestContext) -> None:
        """Raise `BadRequestError` unless the caller may read the schema: operators always may."""
        if not self.explorable and not isinstance(await context.principal(), OperatorPrincipal):
            raise BadRequestError("Introspection is switched off here.")


def declare() -> Schema:
    """Return the schema as it is declared: nothing can be executed on it before it is prepared."""
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Organization, Admin, Operator, System, Session, Migration, Document, AuditEvent, Invitation],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def build(*, explorable: bool, limits: DocumentLimits | None = None) -> Schema:
    """Build the schema; unless it is explorable, with introspection for operators only, and without "did you mean"."""
    schema = declare()
    schema.prepare(limits or DocumentLimits(), explorable=explorable)
    return schema
