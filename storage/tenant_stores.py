"""The tenant stores: the one way to an organization's documents.

In a store of its own a document's `_id` is its id; in the shared collection it is `{org, id}`, and an index on its two
parts serves every query. Everything that comes in
or goes out here is in the first form; `documents` says what the documents of the API are like.
"""

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import bson
import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, IndexModel
from pymongo.errors import AutoReconnect, CursorNotFound, OperationFailure

from auth.identifiers import OrganizationId
from storage import changes, guards, store_indexes
from storage.changes import ChangeLog
from storage.database import Collection, Database, Document, RawCollection, RawCursor, Session
from storage.guards import Guards
from storage.placements import Placement, StoreStrategy

RAW = CodecOptions(RawBSONDocument, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
_BATCH_DOCUMENTS = 250
_BATCH_BYTES = 1024 * 1024
_DELETIONS = 50
_SAMPLE = 100
_LONG_SECONDS = 60.0
_NAMESPACE_NOT_FOUND = 26
_NAMESPACE_EXISTS = 48

Hold = Callable[[Session], Coroutine[Any, Any, None]]
"""Raises, in a transaction, unless the worker still holds the lease that allows it to write."""


class StoreOccupiedError(Exception):
    """A collection of this name holds documents that are not ours to touch."""


@dataclass(frozen=True, slots=True)
class Content:
    """What documents amount to: their number, their bytes, and a hash.

    The hash is the sum, modulo 2^256, of the SHA-256 of each document's BSON: no order matters, since mixed ids sort
    differently where they are part of a sub-document, and documents can be added and taken away.
    """

    documents: int = 0
    size: int = 0
    digest: int = 0

    def plus(self, contents: Iterable[bytes]) -> "Content":
        """Return the content with these documents added."""
        return self._changed(contents, 1)

    def minus(self, contents: Iterable[bytes]) -> "Content":
        """Return the content without these documents."""
        return self._changed(contents, -1)

    def to_document(self) -> Document:
        """Return the content as stored."""
        return {"documents": self.documents, "size": self.size, "digest": f"{self.digest:064x}"}

    @classmethod
    def from_document(cls, document: Document) -> "Content":
        """Read a stored content."""
        return cls(document["documents"], document["size"], int(document["digest"], 16))

    def _changed(self, contents: Iterable[bytes], sign: int) -> "Content":
        documents, size, digest = self.documents, self.size, self.digest
        for content in contents:
            documents += sign
            size += sign * len(content)
            digest += sign * int.from_bytes(hashlib.sha256(content).digest())
        return Content(documents, size, digest % 2**256)


class TenantStore:
    """The documents of one organization, at one place."""

    def __init__(self, database: Database, organization_id: OrganizationId, placement: Placement) -> None:
        self.placement = placement
        self._organization_id = organization_id
        self._master = database
        self._database = database.client[placement.database]
        self._collection: Collection = self._database[placement.collection]
        self._raw = cast("RawCollection", self._collection.with_options(codec_options=RAW))
        self.guards = Guards(self._database[guards.COLLECTION], organization_id)
        self.changes = ChangeLog(self._database[changes.COLLECTION], organization_id)

    @property
    def organization_id(self) -> OrganizationId:
        """Whose documents these are."""
        return self._organization_id

    @property
    def is_shared(self) -> bool:
        """Tell whether other organizations' documents are in the same collection."""
        return self.placement.strategy is StoreStrategy.SHARED

    @property
    def collection(self) -> Collection:
        """The collection itself, for `documents`, which scopes every query by `scope`."""
        return self._collection

    async def create(self) -> None:
        """Make the store; a collection of its name that is there and empty is taken over.

        Raises `StoreOccupiedError` if it holds anything.
        """
        await self._create_collection(self.placement.collection)
        if await self._collection.find_one(self.scope(), {"_id": True}) is not None:
            raise StoreOccupiedError(self.placement.collection)
        await self.create_companions()
        await self.create_indexes(store_indexes.standing(shared=self.is_shared))

    async def create_companions(self) -> None:
        """Make the collections of guards and of changes that stand beside every store."""
        for name in (guards.COLLECTION, changes.COLLECTION):
            await self._create_collection(name)

    async def create_placeholder(self) -> None:
        """Occupy the name, so that no rename to it can happen any more."""
        await self._create_collection(self.placement.collection)

    async def exists(self) -> bool:
        """Tell whether there is a collection of this name."""
        found = await self._database.command("listCollections", filter={"name": self.placement.collection})
        return bool(found["cursor"]["firstBatch"])

    async def drop(self, hold: Hold) -> None:
        """Destroy the store: its collection, or its documents in the shared one. Done twice, it is done.

        `hold` is asked in every transaction, so that a worker that comes back late deletes nothing.
        """
        if self.is_shared or not (await self._master.capabilities()).drops_at_once:
            await self._empty(hold)
        if not self.is_shared:
            await self._master.transaction(hold)
            with pymongo.timeout(_LONG_SECONDS):
                await self._collection.drop()

    async def drop_if_empty(self) -> bool:
        """Destroy a store that nobody has written to; tell whether it was so."""
        if await self._collection.find_one(self.scope(), {"_id": True}) is not None:
            return False
        if not self.is_shared:
            await self._collection.drop()
        return True

    async def drop_companions(self, hold: Hold) -> None:
        """Remove guards and change log, when no store of the organization is in this database any more."""

        async def delete(tx: Session) -> None:
            await hold(tx)
            await self.guards.delete(tx)
            await self.changes.clear(tx)

        await self._master.transaction(delete)
        if self.placement.strategy is StoreStrategy.DATABASE:
            for name in (guards.COLLECTION, changes.COLLECTION):
                await self._database[name].drop()

    async def rename_to(self, target: "TenantStore") -> None:
        """Give the collection the target's name in one catalog command; done twice, it is done.

        Only where the server's own rename is atomic (`capabilities().renames_at_once`) and in the same database. Raises
        `StoreOccupiedError` if the target exists.
        """
        names = [f"{store.placement.database}.{store.placement.collection}" for store in (self, target)]
        try:
            with pymongo.timeout(_LONG_SECONDS):
                await self._master.client.admin.command("renameCollection", names[0], to=names[1], dropTarget=False)
        except OperationFailure as error:
            if error.code == _NAMESPACE_EXISTS:
                raise StoreOccupiedError(target.placement.collection) from None
            if error.code != _NAMESPACE_NOT_FOUND or not await target.exists():
                raise

    async def count(self) -> int:
        """Return the number of documents: from the collection's metadata where it is all one organization's."""
        if self.is_shared:
            return await self.count_exactly()
        with pymongo.timeout(_LONG_SECONDS):
            return int(await self._collection.estimated_document_count())

    async def count_exactly(self) -> int:
        """Return the number of documents, counted one by one."""
        with pymongo.timeout(_LONG_SECONDS):
            return int(await self._collection.count_documents(self.scope()))

    async def estimate(self) -> tuple[int, int]:
        """Return about how many documents there are, and how many bytes they have, judged by some of them."""
        sample = await self._raw.find(self.scope()).limit(_SAMPLE).to_list(_SAMPLE)
        count = await self.count()
        return count, count * sum(len(document.raw) for document in sample) // max(len(sample), 1)

    async def content(self, *, fetched: int = _BATCH_DOCUMENTS) -> Content:
        """Return what is in the store, read from its first document to its last, `fetched` at a time."""
        found = Content()
        async for batch in self.batches(fetched=fetched):
            found = found.plus(batch)
        return found

    async def batches(
        self, after: bytes | None = None, *, fetched: int = _BATCH_DOCUMENTS
    ) -> AsyncGenerator[list[bytes], None]:
        """Yield all documents as BSON in order of id, up to 250 or 1 MB at a time.

        `after` is a document to begin behind, of which only the `_id` counts; `fetched` is how many the database sends
        at once. A cursor that is lost is opened anew.
        """
        while True:
            batch: list[bytes] = []
            size = 0
            try:
                async with contextlib.aclosing(self._documents_after(after, fetched)) as documents:
                    async for document in documents:
                        batch.append(document)
                        size += len(document)
                        if len(batch) == _BATCH_DOCUMENTS or size >= _BATCH_BYTES:
                            yield batch
                            after, batch, size = batch[-1], [], 0
            except (CursorNotFound, AutoReconnect):
                if not batch:
                    raise
                yield batch
                after = batch[-1]
            else:
                if batch:
                    yield batch
                return

    async def read(self, ids: Sequence[object], tx: Session | None = None) -> list[bytes]:
        """Return those documents that exist among up to a hundred, as BSON."""
        return [self._to_content(document) async for document in self._raw.find(self.among(ids), session=tx)]

    async def insert(self, tx: Session, contents: Sequence[bytes]) -> None:
        """Insert documents given as BSON."""
        await self._raw.insert_many([self._to_stored(content) for content in contents], session=tx)

    async def replace(self, tx: Session, ids: Sequence[object], contents: Sequence[bytes]) -> None:
        """Make the documents of up to a hundred ids be what is given: those not given are deleted."""
        await self._raw.delete_many(self.among(ids), session=tx)
        if contents:
            await self.insert(tx, contents)

    async def indexes(self) -> list[IndexModel]:
        """Return the indexes beside that on `_id`, in terms of a store of its own."""
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

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> None:
        """Build indexes; those that are there already are left as they are."""
        if indexes:
            with pymongo.timeout(_LONG_SECONDS):
                await self._collection.create_indexes(list(indexes))

    @property
    def id_field(self) -> str:
        """The field that holds a document's id."""
        return "_id.id" if self.is_shared else "_id"

    def scope(self) -> Document:
        """Return the filter for the organization's documents: part of every query."""
        return {"_id.org": self._organization_id} if self.is_shared else {}

    def among(self, ids: Sequence[object]) -> Document:
        """Return the filter for documents of these ids."""
        return {**self.scope(), self.id_field: {"$in": list(ids)}}

    def exactly(self, document_id: object) -> Document:
        """Return the filter for the document of this id."""
        return {**self.scope(), self.id_field: document_id}

    def address(self, document_id: object) -> object:
        """Return the `_id` of a document as stored here."""
        return {"org": self._organization_id, "id": document_id} if self.is_shared else document_id

    async def _create_collection(self, name: str) -> None:
        """Make a collection; from MongoDB 7.0 on, making one that exists is no error."""
        try:
            await self._database.command("create", name)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise

    async def _empty(self, hold: Hold) -> None:
        """Delete all documents in small transactions, so that nobody is held up for long."""
        cursor = self._raw.find(self.scope(), {"_id": True}, batch_size=_DELETIONS)
        while found := await _fetch(cursor, _DELETIONS):
            ids = [document["_id"]["id"] if self.is_shared else document["_id"] for document in found]
            await self._master.transaction(partial(self._delete, hold, ids))

    async def _delete(self, hold: Hold, ids: Sequence[object], tx: Session) -> None:
        await hold(tx)
        await self._raw.delete_many(self.among(ids), session=tx)

    async def _documents_after(self, after: bytes | None, fetched: int) -> AsyncGenerator[bytes, None]:
        start = None if after is None else id_of(after)
        cursor = self._raw.find(self.scope()).sort(self.id_field, ASCENDING)
        if start is not None:
            cursor = self._begun(start)
        cursor.batch_size(fetched)
        try:
            while found := await _fetch(cursor, fetched):
                for document in found:
                    content = self._to_content(document)
                    if start is None or _id_element(id_of(content)) != _id_element(start):
                        yield content
        finally:
            await cursor.close()

    def _begun(self, start: object) -> RawCursor:
        """Return a cursor over the documents from this id on, in the same order.

        `$gt` compares ids of one type only, and a tenant's may be of many. In a store of its own `min` has the cursor
        begin there; in the shared collection the whole `_id` is compared, which is always of one type.
        """
        if self.is_shared:
            end = {"org": self._organization_id, "id": bson.MaxKey()}
            query: Document = {"_id": {"$gte": self.address(start), "$lt": end}}
            return self._raw.find(query).sort("_id", ASCENDING)
        index: list[tuple[str, Any]] = [("_id", start)]
        cursor = self._raw.find({}).sort("_id", ASCENDING)
        return cursor.hint([("_id", ASCENDING)]).min(index)

    def _to_content(self, document: RawBSONDocument) -> bytes:
        """Return a stored document as it is in a store of its own, byte for byte."""
        if not self.is_shared:
            return bytes(document.raw)
        return _with_id(bytes(document.raw), document["_id"], document["_id"]["id"])

    def _to_stored(self, content: bytes) -> RawBSONDocument:
        """Return a document of a store of its own as it is stored here."""
        if not self.is_shared:
            return RawBSONDocument(content, RAW)
        document_id = id_of(content)
        return RawBSONDocument(_with_id(content, document_id, self.address(document_id)), RAW)


async def _fetch(cursor: RawCursor, count: int) -> list[RawBSONDocument]:
    """Return the next documents: a large store may take the database a while to begin with."""
    with pymongo.timeout(_LONG_SECONDS):
        return await cursor.to_list(count)


def fitting(documents: int, size: int) -> int:
    """Return how many documents to fetch at once where so many have this size: about a megabyte, whatever they are."""
    return max(1, min(_BATCH_DOCUMENTS, _BATCH_BYTES * documents // size)) if size else _BATCH_DOCUMENTS


def id_of(content: bytes) -> object:
    """Return the `_id` of a document given as BSON."""
    return RawBSONDocument(content, RAW)["_id"]


def only_id(content: bytes) -> bytes:
    """Return a document of nothing but its `_id`."""
    return bson.encode({"_id": id_of(content)})


def to_content(document: Mapping[str, Any]) -> bytes:
    """Return a document as BSON, its `_id` first."""
    return bson.encode({"_id": document["_id"], **document})


def _with_id(content: bytes, old: object, new: object) -> bytes:
    """Return a BSON document with another `_id`, which is always its first element; the rest stays as it is."""
    elements = _id_element(new) + content[4 + len(_id_element(old)) :]
    return (4 + len(elements)).to_bytes(4, "little") + elements


def _id_element(value: object) -> bytes:
    return bson.encode({"_id": value})[4:-1]
