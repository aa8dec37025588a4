"""Moving an organization's store: renaming the organization, or keeping its documents in another way."""

from typing import Annotated, TypedDict

import strawberry

from auth.roles import Permission
from resolvers import moves
from schema import ids
from schema.enums import MigrationWay, StoreStrategy
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.migrations import Migration, MigrationPlace
from schema.organizations import Organization
from schema.scalars import BigInt
from schema.user_errors import Payload, mutation


@strawberry.input(description="The new name of an organization.")
class RenameOrgInput:
    """Input of `renameOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    name: str = strawberry.field(description="The new name: 2 to 100 characters.")
    slug: str | None = strawberry.field(
        default=None, description="The new name in addresses. Made from the name unless given."
    )
    dry_run: bool = strawberry.field(default=False, description="Change nothing, and return what would be done.")
    idempotency_key: str | None = strawberry.field(default=None, description=f"{KEY} Without meaning on a dry run.")


@strawberry.input(description="Another way to keep an organization's documents.")
class MoveTenantStoreInput:
    """Input of `moveTenantStore`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    strategy: StoreStrategy = strawberry.field(description="How the documents are to be kept apart from others.")
    dry_run: bool = strawberry.field(default=False, description="Change nothing, and return what would be done.")
    idempotency_key: str | None = strawberry.field(default=None, description=f"{KEY} Without meaning on a dry run.")


@strawberry.type(description="What a move of a store would do.")
class MovePlan:
    """A move that was not begun."""

    way: MigrationWay = strawberry.field(description="How the documents would be moved.")
    from_: MigrationPlace = strawberry.field(name="from", description="Where the store is.")
    to: MigrationPlace = strawberry.field(description="Where the store would be.")
    documents: int = strawberry.field(description="About how many documents would be copied.")
    bytes: BigInt = strawberry.field(description="About how many bytes would be copied.")
    indexes: int = strawberry.field(description="How many indexes would be built.")
    estimated_fence_milliseconds: int = strawberry.field(
        description="For how long changes to documents would answer `ORG_MIGRATING`, as far as can be told."
    )

    @classmethod
    def from_plan(cls, plan: moves.MovePlan) -> "MovePlan":
        """Show a plan."""
        return cls(
            way=plan.move.way,
            from_=MigrationPlace.from_identity(plan.move.source),
            to=MigrationPlace.from_identity(plan.move.target),
            documents=plan.estimate.documents,
            bytes=BigInt(plan.estimate.size),
            indexes=plan.estimate.indexes,
            estimated_fence_milliseconds=round(plan.estimate.fence_seconds * 1000),
        )


@strawberry.type(description="What `renameOrg` returns.")
class RenameOrgPayload(Payload):
    """Payload of `renameOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")
    migration: Migration | None = strawberry.field(
        default=None,
        description="The move of the store, which may still be under way; null when the slug stays and nothing moves.",
    )
    plan: MovePlan | None = strawberry.field(
        default=None, description="What would be done, on a dry run; null when nothing would move."
    )


@strawberry.type(description="What `moveTenantStore` returns.")
class MoveTenantStorePayload(Payload):
    """Payload of `moveTenantStore`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")
    migration: Migration | None = strawberry.field(
        default=None,
        description="The move of the store, which may still be under way; null when it is kept that way already.",
    )
    plan: MovePlan | None = strawberry.field(
        default=None, description="What would be done, on a dry run; null when nothing would move."
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
        attempt = attempt_of(info, input, keyless=input.dry_run)
        moved = await moves.rename(
            info.context, organization_id, attempt, name=input.name, slug=input.slug, dry_run=input.dry_run
        )
        return RenameOrgPayload(**_shown(moved))

    @mutation(
        MoveTenantStorePayload,
        "Keep the documents of an organization in another way. They stay readable meanwhile, and changeable but for a "
        "moment.",
        Permission.ORGANIZATION_MOVE,
    )
    async def move_tenant_store(
        self,
        info: Info,
        input: Annotated[MoveTenantStoreInput, strawberry.argument(description="The new way.")],  # noqa: A002 - the name that clients see
    ) -> MoveTenantStorePayload | None:
        """Move a store."""
        organization_id = ids.decode_organization(input.organization_id)
        attempt = attempt_of(info, input, keyless=input.dry_run)
        moved = await moves.move_store(info.context, organization_id, attempt, input.strategy, dry_run=input.dry_run)
        return MoveTenantStorePayload(**_shown(moved))


class _Shown(TypedDict):
    organization: Organization
    migration: Migration | None
    plan: MovePlan | None


def _shown(moved: moves.Moved) -> _Shown:
    return {
        "organization": Organization.from_record(moved.organization),
        "migration": None if moved.migration is None else Migration.from_record(moved.migration),
        "plan": None if moved.plan is None else MovePlan.from_plan(moved.plan),
    }
