"""Names of stores that are not given out again, since a worker that was given up may still be about to drop them.

A worker whose lease ran out is replaced, but a catalog command that it sends after a long pause cannot be stopped. So
whoever finishes its work burns the name that such a command could hit. It is swept once more after a day, and free
again after thirty (docs/adr/0009).
"""

from dataclasses import replace
from datetime import timedelta

from pymongo import IndexModel

from auth.identifiers import OrganizationId
from storage.database import Database, Session, new_id, now
from storage.placements import Placement, StoreStrategy
from storage.tenant_stores import TenantStore

COLLECTION = "burned_names"
INDEXES = [
    IndexModel("expires_at", name="end", expireAfterSeconds=0),
    IndexModel("sweep_at", name="unswept", sparse=True),
]
_SWEPT_AFTER = timedelta(days=1)
_LIFETIME = timedelta(days=30)
_SUFFIX_LENGTH = 8


async def burn(database: Database, tx: Session, organization_id: OrganizationId, placement: Placement) -> None:
    """Give the name of this store out no more; the shared collection belongs to nobody and stays."""
    if placement.strategy is StoreStrategy.SHARED:
        return
    at = now()
    entry = {
        "organization_id": organization_id,
        "placement": placement.to_document(),
        "sweep_at": at + _SWEPT_AFTER,
        "expires_at": at + _LIFETIME,
    }
    await database[COLLECTION].replace_one({"_id": _key(placement)}, entry, upsert=True, session=tx)


async def avoid(database: Database, tx: Session, placement: Placement) -> Placement:
    """Return the placement, or one with a name of its own if its name is burned."""
    if await database[COLLECTION].find_one({"_id": _key(placement)}, session=tx) is None:
        return placement
    return replace(placement, collection=f"{placement.collection}__{new_id()[-_SUFFIX_LENGTH:]}")


async def sweep(database: Database) -> None:
    """Drop once more what a late command may have made under burned names."""
    for entry in await database[COLLECTION].find({"sweep_at": {"$lt": now()}}).to_list(None):
        placement = Placement.from_document(entry["placement"])
        await TenantStore(database, entry["organization_id"], placement).drop_if_empty()
        await database[COLLECTION].update_one({"_id": entry["_id"]}, {"$unset": {"sweep_at": ""}})


def _key(placement: Placement) -> str:
    return f"{placement.database}.{placement.collection}"
