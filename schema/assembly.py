"""The schema, put together: the one list of everything in it."""

from collections.abc import Callable

import strawberry
from graphql import GraphQLError
from graphql.utilities.print_schema import print_schema_definition
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema.actors import System
from schema.admin_statuses import AdminStatusMutations
from schema.admins import Admin, AdminMutations, Operator
from schema.audit_events import AuditEvent
from schema.audit_trails import AuditTrailQueries
from schema.charging import Charging
from schema.deletions import DeletionMutations
from schema.document_cache import ParsedOnce, ValidatedOnce
from schema.document_changes import DocumentMutations
from schema.document_events import DocumentSubscriptions
from schema.document_limits import WithinLimits
from schema.document_shapes import Shapes
from schema.document_types import DocumentTypeMutations
from schema.documents import Document
from schema.email_verifications import EmailVerificationMutations
from schema.introspection import NoIntrospection
from schema.invitations import Invitation
from schema.inviting import InvitationMutations, InvitationQueries
from schema.limits import DocumentLimits
from schema.live_connections import LiveConnectionMutations
from schema.memberships import MembershipMutations
from schema.migration_progress import MigrationSubscriptions
from schema.migrations import Migration
from schema.moves import MoveMutations
from schema.nodes import NodeQueries
from schema.operation_selection import OperationSelection
from schema.organization_events import OrganizationSubscriptions
from schema.organizations import Organization, OrganizationMutations, OrganizationQueries
from schema.password_resets import PasswordResetMutations
from schema.scalars import SCALARS
from schema.sessions import Session, SessionMutations
from schema.shared_execution import SharingExecutor
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
    """The schema; errors are logged by the translator in `schema.errors`, once and with the request id."""

    def describe(self, description: str) -> None:
        """Say something about the schema as a whole, which Strawberry has no place for."""
        self._schema.description = description

    def as_str(self) -> str:
        """Return the schema in the schema definition language, with its own description."""
        return f"{print_schema_definition(self._schema)}\n\n{super().as_str()}"

    @property
    def shapes(self) -> Shapes:
        """What measures the documents of this schema."""
        return Shapes(self._schema)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to the translator."""


def build(*, explorable: bool, limits: DocumentLimits | None = None) -> Schema:
    """Build the schema; unless it is explorable, without introspection and "did you mean"."""
    limits = limits or DocumentLimits()
    extensions: list[type[SchemaExtension] | Callable[[], SchemaExtension]] = [
        lambda: WithinLimits(limits, shapes),
        OperationSelection,
        ParsedOnce,
        ValidatedOnce,
        lambda: Charging(shapes),
    ]
    if not explorable:
        extensions.append(NoIntrospection)
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Organization, Admin, Operator, System, Session, Migration, Document, AuditEvent, Invitation],
        extensions=extensions,
        execution_context_class=SharingExecutor,
        config=StrawberryConfig(disable_field_suggestions=not explorable, scalar_map=SCALARS),
    )
    schema.describe(f"Organizations, their admins and their documents. {limits.described()}")
    shapes = schema.shapes
    return schema
