"""Deleting an organization, and restoring it."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import deletions
from schema import ids
from schema.fields import Info
from schema.organizations import Organization
from schema.user_errors import Payload, mutation


@strawberry.input(description="The organization to delete.")
class DeleteOrgInput:
    """Input of `deleteOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    confirm_slug: str = strawberry.field(
        description="The slug of the organization, so that nothing is deleted by mistake."
    )


@strawberry.type(description="What `deleteOrg` returns.")
class DeleteOrgPayload(Payload):
    """Payload of `deleteOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="What remains: the record.")


@strawberry.input(description="The organization to restore.")
class RestoreOrgInput:
    """Input of `restoreOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")


@strawberry.type(description="What `restoreOrg` returns.")
class RestoreOrgPayload(Payload):
    """Payload of `restoreOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is again.")


@strawberry.type
class DeletionMutations:
    """How organizations end, and how they come back."""

    @mutation(
        DeleteOrgPayload,
        "Delete an organization: all its sessions end, and its documents are destroyed, at once or at `purgeAt`. Its "
        "record remains. Until `purgeAt` an owner who logs in can restore it.",
        Permission.ORGANIZATION_DELETE,
    )
    async def delete_org(
        self,
        info: Info,
        input: Annotated[DeleteOrgInput, strawberry.argument(description="What to delete.")],  # noqa: A002 - the name that clients see
    ) -> DeleteOrgPayload | None:
        """Delete an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await deletions.delete(info.context, organization_id, input.confirm_slug)
        return DeleteOrgPayload(organization=Organization.from_record(record))

    @mutation(
        RestoreOrgPayload,
        "Undo the deletion of an organization, until the destruction of its data begins: it is again what it was, and "
        "the session that restores it is an ordinary one from the next request on.",
        Permission.ORGANIZATION_RESTORE,
    )
    async def restore_org(
        self,
        info: Info,
        input: Annotated[RestoreOrgInput, strawberry.argument(description="What to restore.")],  # noqa: A002 - the name that clients see
    ) -> RestoreOrgPayload | None:
        """Restore an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await deletions.restore(info.context, organization_id)
        return RestoreOrgPayload(organization=Organization.from_record(record))
