"""Guards: what makes a fence tight although writers and the one who fences do not wait for each other.

A tenant write is one transaction: it reads the organization's record, takes one of the organization's guards (an
increment), and writes. Who changes the rules for writers (a fence, a log of changes, a deletion) changes the record
first and then touches every guard, each by an update of its own. A writer that has read the old rules has either
committed before the touch of its guard returns, or meets a write conflict and reads the new ones.
"""

import itertools

import pymongo
from pymongo import UpdateOne

from auth.identifiers import OrganizationId
from storage.database import Collection, Session

COLLECTION = "guards"
COUNT = 16
_TOUCH_SECONDS = 2.0
_turns = itertools.count()


class GuardsMissingError(Exception):
    """The organization has no guards in this database yet."""


class Guards:
    """The guards of one organization, in the database of its store, so that a write touches few shards."""

    def __init__(self, collection: Collection, organization_id: OrganizationId) -> None:
        self._collection = collection
        self._organization_id = organization_id

    async def take(self, tx: Session) -> None:
        """Take one guard for a transaction that writes; concurrent writers of one process take different ones.

        Raises `GuardsMissingError`.
        """
        guard = self._ids()[next(_turns) % COUNT]
        result = await self._collection.update_one({"_id": guard}, {"$inc": {"taken": 1}}, session=tx)
        if not result.matched_count:
            raise GuardsMissingError

    async def touch(self) -> None:
        """Wait until every write that began under the old rules has ended, for two seconds at most.

        Raises one of the driver's timeouts, or a write conflict, after that.
        """
        touches = [UpdateOne({"_id": guard}, {"$inc": {"taken": 1}}) for guard in self._ids()]
        with pymongo.timeout(_TOUCH_SECONDS):
            await self._collection.bulk_write(touches, ordered=False)

    async def create(self, tx: Session) -> None:
        """Make those that are missing; the caller's transaction excludes that two do so at once."""
        found = await self._collection.find({"_id": {"$in": self._ids()}}, {"_id": True}, session=tx).to_list(COUNT)
        missing = set(self._ids()) - {guard["_id"] for guard in found}
        if missing:
            await self._collection.insert_many([{"_id": guard, "taken": 0} for guard in sorted(missing)], session=tx)

    async def delete(self, tx: Session) -> None:
        """Remove all of them."""
        await self._collection.delete_many({"_id": {"$in": self._ids()}}, session=tx)

    def _ids(self) -> list[str]:
        return [f"{self._organization_id}:{number}" for number in range(COUNT)]
