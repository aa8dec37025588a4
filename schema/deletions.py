"""Deleting an organization."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import organizations
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


@strawberry.type
class DeletionMutations:
    """How organizations end."""

    @mutation(
        DeleteOrgPayload,
        "Delete an organization: its documents are destroyed and all its sessions end. Its record remains.",
        Permission.ORGANIZATION_DELETE,
    )
    async def delete_org(
        self,
        info: Info,
        input: Annotated[DeleteOrgInput, strawberry.argument(description="What to delete.")],  # noqa: A002 - the name that clients see
    ) -> DeleteOrgPayload | None:
        """Delete an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await organizations.delete(info.context, organization_id, input.confirm_slug)
        return DeleteOrgPayload(organization=Organization.from_record(record))
