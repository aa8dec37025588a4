"""Admins and operators: the people who can sign in."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.relay import PageInfo

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import admins
from resolvers.admins import AdminUpdate
from schema.connections import connect
from schema.enums import AdminStatus, Role
from schema.fields import Info
from schema.ids import NodeType, encode
from schema.interfaces import Actor, Node
from schema.user_errors import Payload, mutation
from storage.admins import AdminRecord, OperatorRecord
from storage.pages import Key, Page

if TYPE_CHECKING:
    from schema.organizations import Organization

ORDER = "admins:created"


@strawberry.type(description="Someone who signs in and acts on one organization.")
class Admin(Node, Actor):
    """An admin, seen by members of its organization and by operators."""

    organization_id: strawberry.Private[OrganizationId]
    email: str = strawberry.field(description="The email address to sign in with; unique without case.")
    name: str | None = strawberry.field(description="The name of the person.")
    role: Role = strawberry.field(description="What the admin may do.")
    status: AdminStatus = strawberry.field(description="Whether the admin can sign in.")
    email_verified: bool = strawberry.field(description="Whether the email address has been shown to be the admin's.")
    created_at: datetime = strawberry.field(description="When the admin was added.")
    last_login_at: datetime | None = strawberry.field(description="When the admin last signed in with its password.")
    removed_at: datetime | None = strawberry.field(
        description="When the admin was removed, or has left; null for a member."
    )

    @strawberry.field(description="The organization that the admin acts on.")
    async def organization(self, info: Info) -> Annotated["Organization", strawberry.lazy("schema.organizations")]:
        """Load the organization; it outlives its admins."""
        from schema.organizations import Organization

        record = await info.context.loaders.organizations.load(self.organization_id)
        if record is None:
            raise LookupError(self.organization_id)
        return Organization.from_record(record)

    @classmethod
    def from_record(cls, record: AdminRecord) -> "Admin":
        """Show a stored admin."""
        return cls(
            id=encode(NodeType.ADMIN, record.id),
            display_name=record.name or record.email,
            organization_id=record.organization_id,
            email=record.email,
            name=record.name,
            role=record.role,
            status=record.status,
            email_verified=record.email_verified,
            created_at=record.created_at,
            last_login_at=record.last_login_at,
            removed_at=record.removed_at,
        )


@strawberry.type(description="Someone who runs the installation: lists organizations, reads no tenant's documents.")
class Operator(Node, Actor):
    """An operator."""

    email: str = strawberry.field(description="The email address to sign in with.")
    created_at: datetime = strawberry.field(description="When the operator was added.")
    last_login_at: datetime | None = strawberry.field(description="When the operator last signed in.")

    @classmethod
    def from_record(cls, record: OperatorRecord) -> "Operator":
        """Show a stored operator."""
        return cls(
            id=encode(NodeType.OPERATOR, record.id),
            display_name=record.email,
            email=record.email,
            created_at=record.created_at,
            last_login_at=record.last_login_at,
        )


@strawberry.type(description="An admin in a connection.")
class AdminEdge:
    """One place in a page of admins."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Admin = strawberry.field(description="The admin.")


@strawberry.type(description="A page of admins, in the order in which they were added.")
class AdminConnection:
    """A page of admins."""

    edges: list[AdminEdge] = strawberry.field(description="The admins with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")

    @classmethod
    def from_page(cls, page: Page[AdminRecord]) -> "AdminConnection":
        """Show a page of stored admins."""
        return connect(cls, AdminEdge, page, ORDER, _key, Admin.from_record)


@strawberry.input(description="What to change about oneself.")
class UpdateAdminInput:
    """Input of `updateAdmin`."""

    name: str | None = strawberry.field(default=None, description="The new name: 2 to 100 characters.")
    email: str | None = strawberry.field(
        default=None, description="The new email address; it counts as unverified, and other sessions end."
    )
    password: str | None = strawberry.field(
        default=None, description="The new password: 8 to 128 characters, not easy to guess; other sessions end."
    )
    current_password: str | None = strawberry.field(
        default=None, description="The current password, wanted with a new email address or password."
    )


@strawberry.type(description="What `updateAdmin` returns.")
class UpdateAdminPayload(Payload):
    """Payload of `updateAdmin`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin as it is now.")


@strawberry.type
class AdminMutations:
    """What admins do to themselves."""

    @mutation(UpdateAdminPayload, "Change one's own name, email address or password.", Permission.VIEWER_UPDATE)
    async def update_admin(
        self,
        info: Info,
        input: Annotated[UpdateAdminInput, strawberry.argument(description="What to change.")],  # noqa: A002 - the name that clients see
    ) -> UpdateAdminPayload | None:
        """Change the caller."""
        update = AdminUpdate(
            name=input.name, email=input.email, password=input.password, current_password=input.current_password
        )
        return UpdateAdminPayload(admin=Admin.from_record(await admins.update_self(info.context, update)))


def _key(record: AdminRecord) -> Key:
    return record.created_at, record.id
