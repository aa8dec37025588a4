"""The log of documents that were changed while their store is being copied, written in the writers' own transactions.

Every change is an entry of its own, so that writers and the one who copies again never meet in the same entry.
"""

from collections.abc import Sequence

from bson import ObjectId

from auth.identifiers import OrganizationId
from storage.database import Collection, Document, Session

COLLECTION = "changes"


class ChangeLog:
    """The changes of one organization's documents, in the database of its store."""

    def __init__(self, collection: Collection, organization_id: OrganizationId) -> None:
        self._collection = collection
        self._organization_id = organization_id

    async def append(self, tx: Session, document_ids: Sequence[object]) -> None:
        """Note that these documents were made, changed or deleted."""
        entries: list[Document] = [
            {"_id": f"{self._organization_id}:{ObjectId()}", "document": document_id} for document_id in document_ids
        ]
        await self._collection.insert_many(entries, session=tx)

    async def read(self, limit: int, tx: Session | None = None) -> list[Document]:
        """Return up to `limit` entries."""
        return await self._collection.find(self._all(), session=tx).limit(limit).to_list(limit)

    async def remove(self, tx: Session, entries: Sequence[Document]) -> None:
        """Remove up to a hundred entries that were read."""
        await self._collection.delete_many({"_id": {"$in": [entry["_id"] for entry in entries]}}, session=tx)

    async def clear(self, tx: Session) -> None:
        """Remove all entries."""
        await self._collection.delete_many(self._all(), session=tx)

    def _all(self) -> Document:
        return {"_id": {"$gte": f"{self._organization_id}:", "$lt": f"{self._organization_id};"}}
