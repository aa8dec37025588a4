"""Moves of a tenant store, as members and operators see them."""

from auth.identifiers import MigrationId
from auth.roles import Permission
from resolvers.context import RequestContext
from storage.migrations import MigrationRecord


async def find_visible(context: RequestContext, migration_id: MigrationId) -> MigrationRecord | None:
    """Return a move that the caller may see, or None."""
    migration = await context.loaders.migrations.load(migration_id)
    if migration is None:
        return None
    principal = await context.principal()
    return migration if principal.can(Permission.MIGRATION_READ, migration.organization_id) else None
