"""The collection `rate_budgets`: what each organization, and each address of strangers, may still spend.

What is spent are units of cost. A budget is a bucket that fills evenly and holds what it gets in a minute (a token
bucket). One command takes a part of it, so that no two processes can take the same.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.database import Database, Document, now

COLLECTION = "rate_budgets"
INDEXES = [IndexModel("expires_at", name="end", expireAfterSeconds=0)]
PERIOD = timedelta(minutes=1)
_PERIOD_MILLISECONDS = PERIOD // timedelta(milliseconds=1)
_KEPT = timedelta(minutes=5)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """How much was taken of a budget, all or nothing of the least that was wanted, and what is left in it."""

    units: int
    left: int


async def take(database: Database, key: str, limit: int, *, least: int, most: int) -> Taken:
    """Take at least and at most so many units of a budget that gets `limit` a minute, none if there is not the least.

    `limit` is in units, as the others are.
    """
    at = now()
    for _ in range(_ATTEMPTS):
        found: Document | None = await database[COLLECTION].find_one_and_update(
            {"_id": key}, _taking(limit, least, most, at), return_document=ReturnDocument.AFTER
        )
        if found is not None:
            return Taken(int(found["taken"]), int(found["units"]))
        # Not by an upsert: the embedded database does not answer with the record if two of them meet.
        with contextlib.suppress(DuplicateKeyError):
            await database[COLLECTION].insert_one({"_id": key, "units": limit, "at": at, "expires_at": at + _KEPT})
    return Taken(0, 0)


async def give_back(database: Database, key: str, limit: int, units: int) -> None:
    """Put units that were not spent back into a budget, which never holds more than a minute's."""
    await database[COLLECTION].update_one(
        {"_id": key}, [{"$set": {"units": {"$min": [limit, {"$add": ["$units", units]}]}}}]
    )


def _taking(limit: int, least: int, most: int, at: datetime) -> list[Document]:
    """Return the update that fills a budget up to this instant and takes of it; a clock that lags fills nothing."""
    elapsed = {"$max": [0, {"$subtract": [at, "$at"]}]}
    filled = {"$add": ["$units", {"$multiply": [elapsed, limit / _PERIOD_MILLISECONDS]}]}
    taken = {"$cond": [{"$gte": ["$units", least]}, {"$floor": {"$min": ["$units", most]}}, 0]}
    return [
        {"$set": {"units": {"$min": [limit, filled]}, "at": {"$max": ["$at", at]}, "expires_at": at + _KEPT}},
        {"$set": {"taken": taken}},
        {"$set": {"units": {"$subtract": ["$units", "$taken"]}}},
    ]
