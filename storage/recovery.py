"""Recovery: finds changes whose worker is gone and finishes or undoes them. Two recoverers at once are harmless."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from storage import (
    burned_names,
    document_types,
    import_records,
    imports,
    inviting,
    lapses,
    leases,
    migrations,
    organizations,
    purges,
    sign_ups,
)
from storage.database import Database, Document
from storage.index_builds import BuildLostError, IndexBuild, NotIndexableDocumentsError, TooManyIndexesError
from storage.moves import MoveFailedError, MoveLostError, Mover
from storage.organizations import OrganizationStatus

_INTERVAL_SECONDS = 5.0
_MOVES_AT_ONCE = 4
_IMPORTS_AT_ONCE = 2
_log = structlog.get_logger()


async def keep_recovering(database: Database) -> None:
    """Recover at once and every few seconds until cancelled; a long move or import holds nothing else up."""
    await asyncio.gather(
        _keep(database, recover_organizations),
        _keep(database, recover_moves),
        _keep(database, recover_imports),
        _keep(database, recover_builds),
        _keep(database, inviting.expire_due),
        _keep(database, lapses.sweep),
    )


async def recover(database: Database, *, expired_only: bool = True) -> int:
    """Finish or undo every abandoned change, and purge and let expire what is due; return how many there were.

    With `expired_only=False` all unfinished changes count as abandoned: only for a server that is known to be alone.
    """
    count = await recover_organizations(database, expired_only=expired_only)
    count += await recover_moves(database, expired_only=expired_only)
    count += await recover_imports(database, expired_only=expired_only)
    count += await recover_builds(database, expired_only=expired_only)
    count += await inviting.expire_due(database)
    return count + await lapses.sweep(database)


async def recover_organizations(database: Database, *, expired_only: bool = True) -> int:
    """Undo abandoned sign-ups, finish abandoned deletions, and purge what is due; return how many there were."""
    count = 0
    async for document in _claimed(database, organizations.COLLECTION, expired_only=expired_only):
        await _resume(database, document)
        count += 1
    await burned_names.sweep(database)
    return count + await purges.purge_due(database)


async def recover_moves(database: Database, *, expired_only: bool = True) -> int:
    """Go on with abandoned moves, or finish undoing them; return how many there were."""
    found = _claimed(database, migrations.COLLECTION, expired_only=expired_only, limit=_MOVES_AT_ONCE)
    return len(await asyncio.gather(*[_resume_move(database, document) async for document in found]))


async def recover_imports(database: Database, *, expired_only: bool = True) -> int:
    """Go on with abandoned imports, or finish undoing them, and let broken uploads go; return how many there were."""
    found = _claimed(database, import_records.COLLECTION, expired_only=expired_only, limit=_IMPORTS_AT_ONCE)
    return len(await asyncio.gather(*[imports.resume(database, document) async for document in found]))


async def recover_builds(database: Database, *, expired_only: bool = True) -> int:
    """Go on with abandoned builds of indexes; return how many there were."""
    count = 0
    async for document in _claimed(database, document_types.COLLECTION, expired_only=expired_only):
        await _resume_build(database, document)
        count += 1
    return count


async def release(database: Database) -> None:
    """Let the next round take up every move, import and build at once: only for a server that is known to be alone."""
    for collection in (migrations.COLLECTION, import_records.COLLECTION, document_types.COLLECTION):
        unfinished = database[collection].find(leases.claimable(expired_only=False), {"lease": True})
        for found in await unfinished.to_list(None):
            held = {"_id": found["_id"], **leases.held_by(found["lease"]["owner"])}
            await database[collection].update_one(held, {"$set": {"lease": leases.released()}})


async def _keep(database: Database, recover_some: Callable[[Database], Awaitable[int]]) -> None:
    while True:
        try:
            await recover_some(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
            _log.warning("recovery postponed", error=type(error).__name__)
        await asyncio.sleep(_INTERVAL_SECONDS)


async def _claimed(
    database: Database, collection: str, *, expired_only: bool, limit: int | None = None
) -> AsyncIterator[Document]:
    """Yield what was abandoned and is this worker's now, one by one, so that no lease waits for its turn."""
    abandoned = database[collection].find(leases.claimable(expired_only=expired_only), {"lease": True})
    for found in await abandoned.to_list(limit):
        document = await _claim(database, collection, found, expired_only=expired_only)
        if document is not None:
            yield document


async def _claim(database: Database, collection: str, found: Document, *, expired_only: bool) -> Document | None:
    """Take a lease over; note it if the worker that had it may still be alive, and do something late."""
    worker = leases.new_owner()
    change: Document = {"$set": {"lease": leases.lease(worker)}, "$inc": {"attempts": 1}}
    if expired_only and not leases.is_released(found["lease"]):
        change["$set"]["taken_over"] = True
    claimable = {**leases.claimable(expired_only=expired_only), **leases.held_by(found["lease"]["owner"])}
    await database[collection].update_one({"_id": found["_id"], **claimable}, change)
    document: Document | None = await database[collection].find_one({"_id": found["_id"], **leases.held_by(worker)})
    return document


async def _resume(database: Database, document: Document) -> None:
    worker = document["lease"]["owner"]
    if document["status"] == OrganizationStatus.PROVISIONING:
        await sign_ups.undo(database, document["_id"], worker)
    elif document["status"] == OrganizationStatus.DELETED:
        await purges.purge(database, document["_id"], worker)


async def _resume_build(database: Database, document: Document) -> None:
    build = IndexBuild(database, document["organization_id"], document["name"], document["lease"]["owner"])
    try:
        await build.resume(document["attempts"])
    except BuildLostError:
        return
    except (NotIndexableDocumentsError, TooManyIndexesError) as error:
        _log.warning("index taken back", type=document["name"], reason=str(error))


async def _resume_move(database: Database, document: Document) -> None:
    move = migrations.from_document(document)
    try:
        await Mover(database, move, document["lease"]["owner"]).resume()
    except MoveLostError:
        return
    except MoveFailedError as error:
        _log.warning("move undone", migration=move.id, reason=str(error))
