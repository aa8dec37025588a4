"""Invitations: the type, and the list of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.relay import PageInfo

from auth.identifiers import AdminId, OrganizationId
from schema import actors
from schema.admins import Admin
from schema.connections import connect
from schema.enums import InvitationState, Role
from schema.fields import Info
from schema.ids import NodeType, encode
from schema.interfaces import Actor, Node
from storage.acts import ActorReference
from storage.admins import AdminRecord
from storage.invitations import InvitationRecord
from storage.pages import Key, Page

if TYPE_CHECKING:
    from schema.organizations import Organization

ORDER = "invitations:created"


@strawberry.type(description="An invitation to become an admin of an organization, sent to one email address.")
class Invitation(Node):
    """An invitation, seen by those who manage the organization and by operators."""

    organization_id: strawberry.Private[OrganizationId]
    admin_id: strawberry.Private[AdminId | None]
    inviter: strawberry.Private[ActorReference]
    email: str = strawberry.field(description="The address that was invited: nobody else can accept.")
    role: Role = strawberry.field(description="What who accepts may do.")
    state: InvitationState = strawberry.field(description="What has become of the invitation.")
    created_at: datetime = strawberry.field(description="When the address was invited first.")
    renewed_at: datetime = strawberry.field(description="When the address was invited last.")
    expires_at: datetime = strawberry.field(description="Until when the invitation can be accepted.")
    ended_at: datetime | None = strawberry.field(description="When the invitation ended; null while it is pending.")

    @strawberry.field(description="Who has invited the address last.")
    async def invited_by(self, info: Info) -> Actor | None:
        """Load who has invited."""
        return await actors.shown(info.context, self.inviter)

    @strawberry.field(description="The admin that the invitation has made; null unless it was accepted.")
    async def admin(self, info: Info) -> Admin | None:
        """Load the admin."""
        account = None if self.admin_id is None else await info.context.loaders.accounts.load(self.admin_id)
        return Admin.from_record(account) if isinstance(account, AdminRecord) else None

    @strawberry.field(description="The organization that the address is invited to.")
    async def organization(self, info: Info) -> Annotated["Organization", strawberry.lazy("schema.organizations")]:
        """Load the organization; it outlives its invitations."""
        from schema.organizations import Organization

        record = await info.context.loaders.organizations.load(self.organization_id)
        if record is None:
            raise LookupError(self.organization_id)
        return Organization.from_record(record)

    @classmethod
    def from_record(cls, record: InvitationRecord) -> "Invitation":
        """Show a stored invitation."""
        return cls(
            id=encode(NodeType.INVITATION, record.id),
            organization_id=record.organization_id,
            admin_id=record.admin_id,
            inviter=record.invited_by,
            email=record.email,
            role=record.role,
            state=record.state,
            created_at=record.created_at,
            renewed_at=record.renewed_at,
            expires_at=record.expires_at,
            ended_at=record.ended_at,
        )


@strawberry.type(description="An invitation in a connection.")
class InvitationEdge:
    """One place in a page of invitations."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Invitation = strawberry.field(description="The invitation.")


@strawberry.type(description="A page of invitations, newest first.")
class InvitationConnection:
    """A page of invitations."""

    edges: list[InvitationEdge] = strawberry.field(description="The invitations with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")

    @classmethod
    def from_page(cls, page: Page[InvitationRecord]) -> "InvitationConnection":
        """Show a page of stored invitations."""
        return connect(cls, InvitationEdge, page, ORDER, _key, Invitation.from_record)


@strawberry.input(description="Which invitations to list.")
class InvitationFilter:
    """Filter of `invitations`."""

    state: list[InvitationState] | None = strawberry.field(default=None, description="One of these states.")

    def to_stored(self) -> Sequence[InvitationState] | None:
        """Return the states as storage takes them."""
        return None if self.state is None else list(dict.fromkeys(self.state))


def _key(record: InvitationRecord) -> Key:
    return record.created_at, record.id
