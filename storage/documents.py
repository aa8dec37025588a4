"""The documents of the API in tenant stores: `{_id, type, data, version, created_at, updated_at}`.

Stores may hold documents of other shapes, which a tenant's own software has put there: here they do not exist.
"""

import contextlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import DeleteOne, UpdateOne

from auth.identifiers import DocumentId, OrganizationId
from storage import document_json, document_queries, pages
from storage.database import Collection, Document, Session, new_id, now
from storage.document_queries import DocumentQuery, Segment
from storage.document_values import field_value, is_indexable
from storage.pages import Key, Page, PageRequest
from storage.tenant_access import DocumentChange, DocumentChangeKind, TenantTransaction
from storage.tenant_stores import TenantStore

_CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
_ID = re.compile(r"[0-9a-f]{24}")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document; `values` is its data as stored."""

    id: DocumentId
    organization_id: OrganizationId
    type: str
    values: Mapping[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        """The data as relaxed extended JSON."""
        return document_json.encode(self.values)

    def key(self, order: str | None) -> Key:
        """Return the document's place in an order by a field, or by creation."""
        return "" if order is None else document_json.exact_text(field_value(self.values, order)), self.id


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What a document is made of, or what a changed one holds from now on."""

    type: str
    values: Mapping[str, Any]


def new_record(organization_id: OrganizationId, document: NewDocument) -> DocumentRecord:
    """Return a document that is not stored yet."""
    at = now()
    return DocumentRecord(
        DocumentId(new_id()), organization_id, document.type, document.values, version=1, created_at=at, updated_at=at
    )


async def find_by_ids(
    store: TenantStore, ids: Sequence[DocumentId], tx: Session | None = None
) -> dict[DocumentId, DocumentRecord]:
    """Return the documents that exist among these, of which there are at most 100."""
    found = await _collection(store).find(store.among(ids), session=tx).to_list(len(ids))
    records = (_from_document(store, document) for document in found)
    return {record.id: record for record in records if record is not None}


async def find_page(store: TenantStore, query: DocumentQuery, page: PageRequest) -> Page[DocumentRecord]:
    """Return one page of documents. Raises `document_json.UnstorableError` for a cursor that is none."""
    found: list[DocumentRecord] = []
    for segment in document_queries.segments(query, page):
        found += await _read(store, query, page, segment, page.limit + 1 - len(found))
        if len(found) > page.limit:
            break
    return pages.cut(found, page)


async def insert(transaction: TenantTransaction, records: Sequence[DocumentRecord]) -> None:
    """Store new documents."""
    store = transaction.store
    await store.collection.insert_many([_to_document(store, record) for record in records], session=transaction.session)
    _note(transaction, records, DocumentChangeKind.CREATED)


async def replace(transaction: TenantTransaction, records: Sequence[DocumentRecord]) -> None:
    """Give documents, as the transaction has read and changed them, their new data and version."""
    changes = [
        UpdateOne(
            transaction.store.exactly(record.id),
            {"$set": {"data": record.values, "version": record.version, "updated_at": record.updated_at}},
        )
        for record in records
    ]
    await transaction.store.collection.bulk_write(changes, session=transaction.session)
    _note(transaction, records, DocumentChangeKind.UPDATED)


async def delete(transaction: TenantTransaction, records: Sequence[DocumentRecord]) -> None:
    """Remove documents that the transaction has read."""
    deletions = [DeleteOne(transaction.store.exactly(record.id)) for record in records]
    await transaction.store.collection.bulk_write(deletions, session=transaction.session)
    _note(transaction, records, DocumentChangeKind.DELETED)


def change_of(kind: DocumentChangeKind, content: bytes) -> DocumentChange | None:
    """Return what is to be told of a document given as BSON; None if it is not of our shape."""
    match bson.decode(content, _CODEC):
        case {
            "_id": str(document_id),
            "type": str(type_name),
            "data": dict(),
            "version": int(version),
            "created_at": datetime(),
            "updated_at": datetime(),
        } if _ID.fullmatch(document_id) is not None:
            return DocumentChange(kind, DocumentId(document_id), type_name, version)
    return None


def _note(transaction: TenantTransaction, records: Sequence[DocumentRecord], kind: DocumentChangeKind) -> None:
    for record in records:
        transaction.note(record.id, DocumentChange(kind, record.id, record.type, record.version))


async def _read(
    store: TenantStore, query: DocumentQuery, page: PageRequest, segment: Segment, wanted: int
) -> list[DocumentRecord]:
    """Read up to `wanted` of our documents in a segment, past those of others."""
    criteria, sort = document_queries.criteria(store, query, segment), document_queries.sort(store, query, page)
    documents = await _collection(store).find(criteria, sort=sort, limit=wanted).to_list(wanted)
    found = [record for document in documents if (record := _from_document(store, document, query.order))]
    if len(found) == len(documents):
        return found
    found = []
    async with contextlib.aclosing(_all(store, criteria, sort)) as every:
        async for document in every:
            record = _from_document(store, document, query.order)
            if record is not None:
                found.append(record)
            if len(found) == wanted:
                break
    return found


async def _all(store: TenantStore, criteria: Document, sort: list[tuple[str, int]]) -> AsyncGenerator[Document, None]:
    cursor = _collection(store).find(criteria, sort=sort, batch_size=_BATCH)
    try:
        async for document in cursor:
            yield document
    finally:
        await cursor.close()


def _collection(store: TenantStore) -> Collection:
    return store.collection.with_options(codec_options=_CODEC)


def _to_document(store: TenantStore, record: DocumentRecord) -> Document:
    return {
        "_id": store.address(record.id),
        "type": record.type,
        "data": record.values,
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _from_document(store: TenantStore, document: Document, order: str | None = None) -> DocumentRecord | None:
    """Read a stored document; None if it is not of our shape, or has no place in the order."""
    match document:
        case {
            "_id": address,
            "type": str(kind),
            "data": dict(values),
            "version": int(version),
            "created_at": datetime() as created,
            "updated_at": datetime() as updated,
        }:
            document_id = address["id"] if store.is_shared else address
            if not isinstance(document_id, str) or _ID.fullmatch(document_id) is None:
                return None
            if order is not None and not is_indexable(values, order):
                return None
            organization_id = store.organization_id
            return DocumentRecord(DocumentId(document_id), organization_id, kind, values, version, created, updated)
    return None
