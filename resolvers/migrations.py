"""Moves of a tenant store, as members and operators see them."""

from collections.abc import AsyncGenerator

from auth.identifiers import MigrationId, OrganizationId
from auth.roles import Permission
from resolvers import migration_progress
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from storage import migrations
from storage.migrations import MigrationRecord
from storage.pages import Page, PageRequest


async def find_visible(context: RequestContext, migration_id: MigrationId) -> MigrationRecord | None:
    """Return a move that the caller may see, or None."""
    migration = await context.loaders.migrations.load(migration_id)
    if migration is None:
        return None
    principal = await context.principal()
    return migration if principal.can(Permission.MIGRATION_READ, migration.organization_id) else None


async def find_page(
    context: RequestContext, organization_id: OrganizationId, page: PageRequest
) -> Page[MigrationRecord]:
    """Return a page of an organization's moves, newest first; the field's guard has verified the organization."""
    return await migrations.find_page(context.services.database, organization_id, page)


async def follow(context: RequestContext, organization_id: OrganizationId) -> AsyncGenerator[MigrationRecord, None]:
    """Return the states of the organization's move that is under way, or of the next to begin, up to its end.

    Raises `UnauthenticatedError` or `ForbiddenError`, now or when the caller may not see them any more.
    """
    await authorize(context, Permission.MIGRATION_READ, organization_id)
    return migration_progress.follow(context, organization_id)
