"""Memberships: changing roles, removing, leaving."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import memberships
from schema import ids
from schema.admins import Admin
from schema.enums import Role
from schema.fields import Info
from schema.organizations import Organization
from schema.user_errors import Payload, mutation


@strawberry.input(description="Who is to get which role.")
class SetAdminRoleInput:
    """Input of `setAdminRole`."""

    admin_id: strawberry.ID = strawberry.field(description="The global id of the admin.")
    role: Role = strawberry.field(description="What the admin is to be.")


@strawberry.type(description="What `setAdminRole` returns.")
class SetAdminRolePayload(Payload):
    """Payload of `setAdminRole`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin as it is now.")


@strawberry.input(description="Whom to remove.")
class RemoveAdminInput:
    """Input of `removeAdmin`."""

    admin_id: strawberry.ID = strawberry.field(description="The global id of the admin.")


@strawberry.type(description="What `removeAdmin` returns.")
class RemoveAdminPayload(Payload):
    """Payload of `removeAdmin`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin that was.")


@strawberry.input(description="What to leave.")
class LeaveOrgInput:
    """Input of `leaveOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of one's own organization.")


@strawberry.type(description="What `leaveOrg` returns.")
class LeaveOrgPayload(Payload):
    """Payload of `leaveOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization left.")


@strawberry.type
class MembershipMutations:
    """How members get other roles, and how they go."""

    @mutation(
        SetAdminRolePayload,
        "Give an admin another role, which ends its sessions; the role that it has changes nothing. Owners change "
        "everyone's role. The last active owner stays one.",
        Permission.ADMIN_MANAGE,
    )
    async def set_admin_role(
        self,
        info: Info,
        input: Annotated[SetAdminRoleInput, strawberry.argument(description="Who gets what.")],  # noqa: A002 - the name that clients see
    ) -> SetAdminRolePayload | None:
        """Change a role."""
        record = await memberships.set_role(info.context, ids.decode_admin(input.admin_id), input.role)
        return SetAdminRolePayload(admin=Admin.from_record(record))

    @mutation(
        RemoveAdminPayload,
        "Remove an admin: its sessions end, and so do invitations that it has sent. Its address is free, its record "
        "stays. Admins remove viewers, owners anyone but the last active owner.",
        Permission.ADMIN_MANAGE,
    )
    async def remove_admin(
        self,
        info: Info,
        input: Annotated[RemoveAdminInput, strawberry.argument(description="Whom to remove.")],  # noqa: A002 - the name that clients see
    ) -> RemoveAdminPayload | None:
        """Remove an admin."""
        record = await memberships.remove(info.context, ids.decode_admin(input.admin_id))
        return RemoveAdminPayload(admin=Admin.from_record(record))

    @mutation(
        LeaveOrgPayload,
        "Leave one's organization: one's sessions end, this one included, and one's address is free. The last active "
        "owner stays.",
        Permission.VIEWER_LEAVE,
    )
    async def leave_org(
        self,
        info: Info,
        input: Annotated[LeaveOrgInput, strawberry.argument(description="What to leave.")],  # noqa: A002 - the name that clients see
    ) -> LeaveOrgPayload | None:
        """Leave."""
        record = await memberships.leave(info.context, ids.decode_organization(input.organization_id))
        return LeaveOrgPayload(organization=Organization.from_record(record))
