"""Following a move of a tenant store."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import migrations
from schema import ids
from schema.fields import Info, guard, requires
from schema.migrations import Migration
from storage.migrations import MigrationRecord


@strawberry.type
class MigrationSubscriptions:
    """How moves are followed."""

    @strawberry.subscription(
        description=requires(
            "The move of an organization's store that is under way, or else the next one to begin: at once, and again "
            "whenever it has changed. Completes when the move is done or undone.",
            Permission.MIGRATION_READ,
        ),
        extensions=guard(Permission.MIGRATION_READ),
    )
    async def migration_progress(
        self,
        info: Info,
        organization_id: Annotated[
            strawberry.ID, strawberry.argument(description="The global id of the organization.")
        ],
    ) -> AsyncGenerator[Migration | None, None]:
        """Follow a move."""
        return _shown(await migrations.follow(info.context, ids.decode_organization(organization_id)))


async def _shown(moves: AsyncGenerator[MigrationRecord, None]) -> AsyncGenerator[Migration | None, None]:
    async with contextlib.aclosing(moves):
        async for move in moves:
            yield Migration.from_record(move)
