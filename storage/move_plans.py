"""How a move begins: one transaction that reserves what it needs and writes it into the journal."""

import asyncio
import time
from dataclasses import dataclass, replace

from pymongo.errors import DuplicateKeyError

from storage import burned_names, idempotency, leases, migrations, move_events, organizations, slugs
from storage.conflicts import SlugTakenError
from storage.database import Database, Session
from storage.migrations import MigrationRecord, MigrationWay
from storage.moves import Mover, NotMovableError
from storage.organizations import OrganizationStatus
from storage.placements import StoreStrategy
from storage.tenant_stores import TenantStore

_FENCE_COMMANDS = 24


@dataclass(frozen=True, slots=True)
class MoveEstimate:
    """What has to be copied for a move, `size` in bytes, and for how long tenants would not be able to write."""

    documents: int
    size: int
    indexes: int
    fence_seconds: float


async def plan(database: Database, move: MigrationRecord) -> Mover:
    """Reserve the new slug, if there is one, and the new name of the store, and write the move into the journal.

    Raises `SlugTakenError` or `NotMovableError`; nothing has changed then.
    """
    worker = leases.new_owner()
    planned = await database.transaction(lambda tx: _plan(database, tx, move, worker))
    return Mover(database, planned, worker)


async def with_way(database: Database, move: MigrationRecord) -> MigrationRecord:
    """Return the move in the way that is best on this server."""
    source, target = move.source.placement, move.target.placement
    renamable = {source.strategy, target.strategy} == {StoreStrategy.COLLECTION} and source.database == target.database
    at_once = renamable and (await database.capabilities()).renames_at_once
    return replace(move, way=MigrationWay.RENAME if at_once else MigrationWay.COPY)


async def estimate(database: Database, move: MigrationRecord) -> MoveEstimate:
    """Return what a move would take: the fence by the number of its commands and how long one takes now."""
    if not move.moves_documents:
        return MoveEstimate(documents=0, size=0, indexes=0, fence_seconds=0.0)
    store = TenantStore(database, move.organization_id, move.source.placement)
    began = time.monotonic()
    await database.ping()
    command = time.monotonic() - began
    if move.way is MigrationWay.RENAME:
        return MoveEstimate(documents=0, size=0, indexes=0, fence_seconds=_FENCE_COMMANDS * command)
    (documents, size), indexes = await asyncio.gather(store.estimate(), store.indexes())
    return MoveEstimate(documents, size, len(indexes), _FENCE_COMMANDS * command)


async def _plan(database: Database, tx: Session, move: MigrationRecord, worker: str) -> MigrationRecord:
    result = await database[organizations.COLLECTION].update_one(
        {
            "_id": move.organization_id,
            "status": OrganizationStatus.ACTIVE,
            "slug": move.source.slug,
            "placement.epoch": move.source.placement.epoch,
            "migration_id": {"$exists": False},
            "builds": {"$in": [None, 0]},
        },
        {"$set": {"migration_id": move.id}},
        session=tx,
    )
    if not result.matched_count:
        raise NotMovableError("The organization is not active, is moving already, or has an index that is being built.")
    if move.renames:
        try:
            await slugs.reserve_target(database, tx, move.target.slug, move.organization_id)
        except DuplicateKeyError:
            raise SlugTakenError from None
    if move.moves_documents:
        placement = await burned_names.avoid(database, tx, move.target.placement)
        move = replace(move, target=replace(move.target, placement=placement))
    document = migrations.to_document(move) | {"lease": leases.lease(worker)}
    await database[migrations.COLLECTION].insert_one(document, session=tx)
    await move_events.started(database, tx, move)
    await idempotency.complete(database, tx, move.act.claim, {"migration": move.id})
    return move
