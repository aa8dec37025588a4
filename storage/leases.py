"""Leases: who works on an unfinished change, and until when others keep their hands off it.

A lease is a sub-document `{owner, expires_at}`. Every step of the work is a compare-and-set on the owner, so a worker
that lost its lease during a long pause changes nothing more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from pymongo.errors import PyMongoError

from storage.database import Collection, Document, new_id, now

_DURATION = timedelta(seconds=30)
_RENEWAL_SECONDS = 10.0
_NOBODY = ""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def new_owner() -> str:
    """Return the name of one worker on one piece of work."""
    return new_id()


def lease(owner: str) -> Document:
    """Return a lease that starts now."""
    return {"owner": owner, "expires_at": now() + _DURATION}


def released() -> Document:
    """Return a lease that nobody holds, for work that is to be taken up at once."""
    return {"owner": _NOBODY, "expires_at": _LONG_AGO}


def is_released(lease: Document) -> bool:
    """Tell whether a lease was given up, so that its last owner is not at work any more."""
    return bool(lease["owner"] == _NOBODY)


def held_by(owner: str) -> Document:
    """Return the filter for what this worker still holds."""
    return {"lease.owner": owner}


def claimable(*, expired_only: bool) -> Document:
    """Return the filter for what a recoverer may take over."""
    return {"lease.expires_at": {"$lt": now()} if expired_only else {"$exists": True}}


@contextlib.asynccontextmanager
async def kept(collection: Collection, record_id: object, owner: str) -> AsyncIterator[None]:
    """Renew a lease every ten seconds while its owner is at work, however long a step takes."""
    renewing = asyncio.create_task(_renew(collection, {"_id": record_id, **held_by(owner)}, owner))
    try:
        yield
    finally:
        renewing.cancel()


async def _renew(collection: Collection, held: Document, owner: str) -> None:
    while True:
        await asyncio.sleep(_RENEWAL_SECONDS)
        with contextlib.suppress(PyMongoError):
            await collection.update_one(held, {"$set": {"lease": lease(owner)}})
