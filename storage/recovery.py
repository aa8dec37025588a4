"""Recovery: finds changes whose worker is gone and finishes or undoes them. Two recoverers at once are harmless."""

import asyncio

import structlog
from pymongo import ReturnDocument

from storage import deletions, leases, migrations, organizations, sign_ups
from storage.database import Database, Document
from storage.migrations import MigrationState
from storage.moves import MoveLostError, Mover
from storage.organizations import OrganizationStatus

_INTERVAL_SECONDS = 5.0
_log = structlog.get_logger()


async def keep_recovering(database: Database) -> None:
    """Recover every few seconds until cancelled; what fails is tried again in the next round."""
    while True:
        await asyncio.sleep(_INTERVAL_SECONDS)
        try:
            await recover(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
            _log.warning("recovery postponed", error=type(error).__name__)


async def recover(database: Database, *, expired_only: bool = True) -> int:
    """Finish or undo every abandoned change; return how many there were.

    With `expired_only=False` all unfinished changes count as abandoned: only for a server that is known to be alone.
    """
    count = 0
    for collection in (organizations.COLLECTION, migrations.COLLECTION):
        abandoned = database[collection].find(leases.claimable(expired_only=expired_only), {"_id": True})
        for found in await abandoned.to_list(None):
            worker = leases.new_owner()
            document = await _claim(database, collection, found["_id"], worker, expired_only=expired_only)
            if document is not None:
                await _resume(database, collection, document, worker)
                count += 1
    return count


async def _claim(
    database: Database, collection: str, record_id: object, worker: str, *, expired_only: bool
) -> Document | None:
    document: Document | None = await database[collection].find_one_and_update(
        {"_id": record_id, **leases.claimable(expired_only=expired_only)},
        {"$set": {"lease": leases.lease(worker)}},
        return_document=ReturnDocument.AFTER,
    )
    return document


async def _resume(database: Database, collection: str, document: Document, worker: str) -> None:
    if collection == migrations.COLLECTION:
        await _resume_move(Mover(database, migrations.from_document(document), worker), document["state"])
    elif document["status"] == OrganizationStatus.PROVISIONING:
        await sign_ups.undo(database, document["_id"], worker)
    elif document["status"] == OrganizationStatus.DELETED:
        await deletions.purge(database, document["_id"], worker)


async def _resume_move(mover: Mover, state: str) -> None:
    try:
        if state == MigrationState.SWITCHED:
            await mover.clean()
        else:
            await mover.abandon("The server that moved it stopped.")
    except MoveLostError:
        return
