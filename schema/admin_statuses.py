"""Deactivating admins: what operators do about accounts that are not in the right hands."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import admin_statuses
from schema import ids
from schema.admins import Admin
from schema.enums import AdminStatus
from schema.fields import Info
from schema.user_errors import Payload, mutation


@strawberry.input(description="Whom to deactivate or activate.")
class SetAdminStatusInput:
    """Input of `setAdminStatus`."""

    admin_id: strawberry.ID = strawberry.field(description="The global id of the admin.")
    status: AdminStatus = strawberry.field(description="Whether the admin is to be able to sign in.")
    reason: str = strawberry.field(description="Why: 1 to 500 characters, recorded in the organization's audit trail.")


@strawberry.type(description="What `setAdminStatus` returns.")
class SetAdminStatusPayload(Payload):
    """Payload of `setAdminStatus`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin as it is now.")


@strawberry.type
class AdminStatusMutations:
    """How operators lock accounts."""

    @mutation(
        SetAdminStatusPayload,
        "Deactivate an admin, which ends its sessions, or activate it again. The last active owner stays one.",
        Permission.ADMIN_SET_STATUS,
    )
    async def set_admin_status(
        self,
        info: Info,
        input: Annotated[SetAdminStatusInput, strawberry.argument(description="Whom, and why.")],  # noqa: A002 - the name that clients see
    ) -> SetAdminStatusPayload | None:
        """Deactivate or activate an admin."""
        admin_id = ids.decode_admin(input.admin_id)
        record = await admin_statuses.set_status(info.context, admin_id, input.status, input.reason)
        return SetAdminStatusPayload(admin=Admin.from_record(record))
