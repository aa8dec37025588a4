"""Renaming an organization, which moves its store."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import moves
from schema import ids
from schema.fields import Info
from schema.migrations import Migration
from schema.organizations import Organization
from schema.user_errors import Payload, mutation


@strawberry.input(description="The new name of an organization.")
class RenameOrgInput:
    """Input of `renameOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    name: str = strawberry.field(description="The new name: 2 to 100 characters.")
    slug: str | None = strawberry.field(
        default=None, description="The new name in addresses. Made from the name unless given."
    )


@strawberry.type(description="What `renameOrg` returns.")
class RenameOrgPayload(Payload):
    """Payload of `renameOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")
    migration: Migration | None = strawberry.field(
        default=None,
        description="The move of the store, which may still be under way; null when the slug stays and nothing moves.",
    )


@strawberry.type
class MoveMutations:
    """What moves a store."""

    @mutation(
        RenameOrgPayload,
        "Rename an organization. A new slug moves its store; the old one leads to the organization for 30 days.",
        Permission.ORGANIZATION_RENAME,
    )
    async def rename_org(
        self,
        info: Info,
        input: Annotated[RenameOrgInput, strawberry.argument(description="The new name.")],  # noqa: A002 - the name that clients see
    ) -> RenameOrgPayload | None:
        """Rename an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        renamed = await moves.rename(info.context, organization_id, name=input.name, slug=input.slug)
        return RenameOrgPayload(
            organization=Organization.from_record(renamed.organization),
            migration=None if renamed.migration is None else Migration.from_record(renamed.migration),
        )
