"""The progress of moves: the journal is read when an event says that it has changed, once for all who hear of it."""

import contextlib
from collections.abc import AsyncGenerator, Collection

from auth.identifiers import MigrationId, OrganizationId
from auth.roles import Permission
from resolvers import subscriptions
from resolvers.context import RequestContext
from storage.events import EventKind
from storage.migrations import MigrationRecord, MigrationState

_OVER = {MigrationState.CLEANED, MigrationState.ROLLED_BACK}


async def follow(context: RequestContext, organization_id: OrganizationId) -> AsyncGenerator[MigrationRecord, None]:
    """Yield the move that is under way, or the next to begin, at once and when it has changed, until it is over.

    Who takes its time misses states, but never the last one. Raises as `subscriptions.follow`.
    """
    latest: MigrationRecord | None = None
    over_before: set[MigrationId] | None = None
    moments = subscriptions.follow(context, Permission.MIGRATION_READ, organization_id, EventKind.MIGRATION)
    async with contextlib.aclosing(moments):
        async for _ in moments:
            if over_before is None:
                moves = await context.loaders.latest_moves.load(organization_id)
                over_before = {move.id for move in moves if move.state in _OVER}
            move = await _read(context, organization_id, latest, over_before)
            if move is None or move == latest:
                continue
            latest = move
            yield move
            if move.state in _OVER:
                return


async def _read(
    context: RequestContext,
    organization_id: OrganizationId,
    latest: MigrationRecord | None,
    over_before: Collection[MigrationId],
) -> MigrationRecord | None:
    """Return the move that is followed as it is now, or else the first that was not over before."""
    if latest is not None:
        return await context.loaders.migrations.load(latest.id)
    moves = await context.loaders.latest_moves.load(organization_id)
    return next((move for move in reversed(moves) if move.id not in over_before), None)
