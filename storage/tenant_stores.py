"""The tenant stores: the one way to an organization's documents.

In a store of its own a document's `_id` is its id; in the shared collection it is `{org, id}`.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import bson
import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, OperationFailure

from auth.identifiers import OrganizationId
from storage.database import Collection, Database, Document, RawCollection, RawCursor, Session
from storage.placements import Placement, StoreStrategy

_RAW = CodecOptions(RawBSONDocument, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
_BATCH = 1000
_DROP_SECONDS = 60.0
_NAMESPACE_EXISTS = 48
_DUPLICATE_KEY = 11000


class StoreOccupiedError(Exception):
    """A collection of this name holds documents that are not ours to touch."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What two stores must have in common to hold the same: the number of documents, their hash, the indexes."""

    documents: int
    content: str
    indexes: tuple[str, ...]


class TenantStore:
    """The documents of one organization, at one place."""

    def __init__(self, database: Database, organization_id: OrganizationId, placement: Placement) -> None:
        self.placement = placement
        self._organization_id = organization_id
        self._master = database
        self._database = database.client[placement.database]
        self._collection: Collection = self._database[placement.collection]
        self._raw = cast("RawCollection", self._collection.with_options(codec_options=_RAW))

    @property
    def is_shared(self) -> bool:
        """Tell whether other organizations' documents are in the same collection."""
        return self.placement.strategy is StoreStrategy.SHARED

    async def create(self) -> None:
        """Make the store; a collection of its name that is there and empty is taken over.

        Raises `StoreOccupiedError` if it holds anything. (From MongoDB 7.0 on, creating what exists is no error.)
        """
        try:
            await self._database.command("create", self.placement.collection)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise
        if await self._collection.find_one(self._scope(), {"_id": True}) is not None:
            raise StoreOccupiedError(self.placement.collection)

    async def drop(self) -> None:
        """Destroy the store: its collection, or its documents in the shared one. Done twice, it is done."""
        if self.is_shared or not (await self._master.capabilities()).drops_at_once:
            async for batch in self._batches({"_id": True}):
                await self._master.transaction(partial(self._delete_between, batch[0]["_id"], batch[-1]["_id"]))
        if not self.is_shared:
            with pymongo.timeout(_DROP_SECONDS):
                await self._collection.drop()

    async def drop_if_empty(self) -> None:
        """Destroy a store that nobody has written to."""
        if not self.is_shared and await self._collection.find_one({}, {"_id": True}) is None:
            await self._collection.drop()

    async def count(self) -> int:
        """Return the number of documents: from the collection's metadata where it is all one organization's."""
        if self.is_shared:
            return int(await self._collection.count_documents(self._scope()))
        return int(await self._collection.estimated_document_count())

    async def copy_to(self, target: "TenantStore") -> AsyncIterator[int]:
        """Copy indexes, then all documents in batches; yield the number of documents that each batch held.

        Documents that an earlier attempt has copied are left as they are.
        """
        indexes = await self._custom_indexes()
        if indexes and not target.is_shared:
            await target._collection.create_indexes(indexes)  # noqa: SLF001 - the same class
        async for batch in self._batches():
            copies = [RawBSONDocument(target._addressed(self._content(document))) for document in batch]  # noqa: SLF001
            await target._insert_missing(copies)  # noqa: SLF001
            yield len(batch)

    async def fingerprint(self) -> Fingerprint:
        """Return count, content hash and indexes of the store.

        The content hash is the sum, modulo 2^256, of the SHA-256 of each document's BSON: no order matters, since mixed
        ids sort differently where they are part of a sub-document.
        """
        total, count = 0, 0
        async for batch in self._batches():
            total += sum(int.from_bytes(hashlib.sha256(self._content(document)).digest()) for document in batch)
            count += len(batch)
        indexes = [] if self.is_shared else await self._custom_indexes()
        names = tuple(sorted(index.document["name"] for index in indexes))
        return Fingerprint(count, f"{total % 2**256:064x}", names)

    async def count_exactly(self) -> int:
        """Return the number of documents, counted one by one."""
        return int(await self._collection.count_documents(self._scope()))

    async def _delete_between(self, first: object, last: object, tx: Session) -> None:
        """Delete a batch by its range of ids; what a range of mixed types leaves, the drop takes."""
        await self._collection.delete_many({"_id": {"$gte": first, "$lte": last}}, session=tx)

    def _scope(self) -> Document:
        """Return the filter for the organization's documents, one range of the index on `_id`."""
        return self._range({"org": self._organization_id}) if self.is_shared else {}

    def _range(self, first: object) -> Document:
        return {"_id": {"$gte": first, "$lt": {"org": self._organization_id, "id": bson.MaxKey()}}}

    def _content(self, document: RawBSONDocument) -> bytes:
        """Return a stored document as it is in a store of its own, byte for byte."""
        if not self.is_shared:
            return bytes(document.raw)
        return _with_id(bytes(document.raw), document["_id"], document["_id"]["id"])

    def _addressed(self, content: bytes) -> bytes:
        """Return a document of a store of its own as it is stored here."""
        if not self.is_shared:
            return content
        document_id = RawBSONDocument(content, _RAW)["_id"]
        return _with_id(content, document_id, {"org": self._organization_id, "id": document_id})

    async def _insert_missing(self, documents: Sequence[RawBSONDocument]) -> None:
        try:
            await self._raw.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if any(failure["code"] != _DUPLICATE_KEY for failure in error.details["writeErrors"]):
                raise

    async def _batches(self, projection: Document | None = None) -> AsyncIterator[list[RawBSONDocument]]:
        """Yield all documents in order of id, each batch by a query of its own, so that no cursor has to live long."""
        last: RawBSONDocument | None = None
        while True:
            found = await self._read_from(last, projection).to_list(_BATCH + 1)
            if last is not None and found and _id_element(found[0]["_id"]) == _id_element(last["_id"]):
                del found[0]
            batch = found[:_BATCH]
            if batch:
                yield batch
            if len(batch) < _BATCH:
                return
            last = batch[-1]

    def _read_from(self, last: RawBSONDocument | None, projection: Document | None) -> RawCursor:
        """Return a cursor over one document more than a batch, from this one on.

        `min` has it begin there in a store of its own, since `$gt` compares ids of one type only, and a tenant's may be
        of many. In the shared collection all are of one type.
        """
        query = self._range(last["_id"]) if last is not None and self.is_shared else self._scope()
        cursor = self._raw.find(query, projection).sort("_id", ASCENDING).limit(_BATCH + 1)
        if last is None or self.is_shared:
            return cursor
        index: list[tuple[str, Any]] = [("_id", last["_id"])]
        return cursor.hint([("_id", ASCENDING)]).min(index)

    async def _custom_indexes(self) -> list[IndexModel]:
        information = await self._collection.index_information()
        return [
            IndexModel(
                index["key"],
                name=name,
                **{key: value for key, value in index.items() if key not in {"key", "v", "ns"}},
            )
            for name, index in sorted(information.items())
            if name != "_id_"
        ]


def _with_id(content: bytes, old: object, new: object) -> bytes:
    """Return a BSON document with another `_id`, which is always its first element; the rest stays as it is."""
    elements = _id_element(new) + content[4 + len(_id_element(old)) :]
    return (4 + len(elements)).to_bytes(4, "little") + elements


def _id_element(value: object) -> bytes:
    return bson.encode({"_id": value})[4:-1]
