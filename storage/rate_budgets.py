"""The collection `rate_budgets`: what each organization, and each address of strangers, may still spend."""

import contextlib
from datetime import datetime, timedelta

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.budgets import KEPT, PERIOD_MILLISECONDS, Taken
from storage.database import Database, Document, now

COLLECTION = "rate_budgets"
INDEXES = [IndexModel("expires_at", name="end", expireAfterSeconds=0)]
_ATTEMPTS = 5


class DatabaseBudgets:
    """Budgets in the master database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, key: str, limit: int, *, least: int, most: int) -> Taken:
        """Take at least and at most so many units, none if there is not the least."""
        at, collection = now(), self._database[COLLECTION]
        for _ in range(_ATTEMPTS):
            found: Document | None = await collection.find_one_and_update(
                {"_id": key}, _taking(limit, least, most, at), return_document=ReturnDocument.AFTER
            )
            if found is not None:
                return Taken(int(found["taken"]), int(found["units"]))
            # Not by an upsert: the embedded database does not answer with the record if two of them meet.
            with contextlib.suppress(DuplicateKeyError):
                await collection.insert_one({"_id": key, "units": limit, "at": at, "expires_at": at + KEPT})
        return Taken(0, 0)

    async def give_back(self, key: str, limit: int, units: int) -> None:
        """Put units that were not spent back."""
        await self._database[COLLECTION].update_one(
            {"_id": key}, [{"$set": {"units": {"$min": [limit, {"$add": ["$units", units]}]}}}]
        )

    async def left(self, key: str, limit: int) -> int:
        """Return how many units are there, with what they have become since they were stored."""
        found: Document | None = await self._database[COLLECTION].find_one({"_id": key})
        if found is None:
            return limit
        elapsed = max(0, (now() - found["at"]) // timedelta(milliseconds=1))
        return int(min(limit, found["units"] + elapsed * limit / PERIOD_MILLISECONDS))

    async def close(self) -> None:
        """Leave the database to those who share it."""


def _taking(limit: int, least: int, most: int, at: datetime) -> list[Document]:
    """Return the update that fills a budget up to this instant and takes of it; a clock that lags fills nothing."""
    elapsed = {"$max": [0, {"$subtract": [at, "$at"]}]}
    filled = {"$add": ["$units", {"$multiply": [elapsed, limit / PERIOD_MILLISECONDS]}]}
    taken = {"$cond": [{"$gte": ["$units", least]}, {"$floor": {"$min": ["$units", most]}}, 0]}
    return [
        {"$set": {"units": {"$min": [limit, filled]}, "at": {"$max": ["$at", at]}, "expires_at": at + KEPT}},
        {"$set": {"taken": taken}},
        {"$set": {"units": {"$subtract": ["$units", "$taken"]}}},
    ]
