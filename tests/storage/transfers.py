"""Documents of every kind, and files with them, exported and imported at storage's own level."""

import re
from datetime import UTC, datetime
from typing import Any

import bson
from bson.datetime_ms import DatetimeMS

from auth.identifiers import OrganizationId
from storage import exports, import_records, import_staging, leases
from storage.database import Database
from storage.import_records import ImportRecord, OnConflict
from storage.import_staging import Receiver
from storage.imports import Importer
from storage.organizations import OrganizationRecord
from storage.tenant_stores import Content, TenantStore, id_of, to_content
from storage.transfer_format import Tally, manifest, write
from tests.storage import directory

UPLOAD = "8d5a8c4e-6a0e-4cf0-9f4e-0f6b9f2d7c11"
HEADER = b'{"tenantry":{"format":1}}\n'

AT = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
_VALUES: list[Any] = [
    bson.ObjectId("0123456789abcdef01234567"),
    bson.Decimal128("1.50"),
    bson.Decimal128("-Infinity"),
    AT,
    b"\x00\xff",
    bson.Binary(b"0123456789abcdef", 4),
    bson.Binary(b"0123456789abcdef", 3),
    bson.Binary(b"x", 128),
    7,
    -(2**31),
    bson.Int64(7),
    2**40,
    7.0,
    -0.0,
    float("nan"),
    float("inf"),
    5e-324,
    "",
    'ö\u2028\U0001f600\x00\n"\\',
    {"a": [1, {"b": None, "": {}}, []], "a.b": True},
    re.compile("^a.*", re.IGNORECASE | re.MULTILINE),
    bson.Code("f()"),
    bson.Code("f()", {"x": bson.Int64(1)}),
    bson.Timestamp(4, 5),
    bson.MinKey(),
    bson.MaxKey(),
    bson.DBRef("other", 5, "elsewhere", note={"deep": 1}),
    None,
    False,
]
_IDS: list[Any] = [
    1,
    2.5,
    bson.Int64(2**40),
    bson.Decimal128("3.25"),
    "text",
    "",
    True,
    None,
    bson.ObjectId("0123456789abcdef01234568"),
    b"bytes",
    AT,
    {"a": 1, "b": 2},
    {"b": 2, "a": 1},
]


FAR_DATES = [DatetimeMS(10**17), DatetimeMS(-(10**16))]
"""Instants that MongoDB can hold, and the embedded database cannot."""


def foreign_documents() -> list[bytes]:
    """Return documents with every type of value, and others with every type of id."""
    valued = [{"_id": f"value {n:02}", "value": value, "type": "no type"} for n, value in enumerate(_VALUES)]
    return [to_content(one) for one in [*valued, *({"_id": key, "n": 1} for key in _IDS)]]


def api_document(number: int, type_name: str = "note", **data: Any) -> bytes:  # noqa: ANN401 - whatever the test gives
    """Return a document such as the API makes."""
    document = {
        "_id": f"{number:024x}",
        "type": type_name,
        "data": {"n": number, **data},
        "version": 1,
        "created_at": AT,
        "updated_at": AT,
    }
    return bson.encode(document)


async def store_of(database: Database, organization_id: OrganizationId) -> TenantStore:
    """Return an organization's store, where it is now."""
    organization = await directory.read(database, organization_id)
    assert organization is not None
    assert organization.placement is not None
    return TenantStore(database, organization_id, organization.placement)


async def fill(database: Database, organization: OrganizationRecord, contents: list[bytes]) -> None:
    """Put documents into an organization's store."""
    store = await store_of(database, organization.id)
    for first in range(0, len(contents), 200):
        batch = contents[first : first + 200]
        await database.transaction(lambda tx, batch=batch: store.insert(tx, batch))  # type: ignore[misc] # mypy#12557


async def fill_anew(database: Database, organization: OrganizationRecord, contents: list[bytes]) -> None:
    """Have an organization's store hold these documents and no others."""
    store = await store_of(database, organization.id)
    ids = [id_of(content) async for batch in store.batches() for content in batch]
    await database.transaction(lambda tx: store.replace(tx, ids, contents))


async def contents_of(database: Database, organization: OrganizationRecord) -> list[bytes]:
    """Return all documents of an organization, in order of id."""
    store = await store_of(database, organization.id)
    return [content async for batch in store.batches() for content in batch]


async def content_of(database: Database, organization: OrganizationRecord) -> Content:
    """Return what an organization's documents amount to."""
    return await (await store_of(database, organization.id)).content()


def file_of(contents: list[bytes]) -> bytes:
    """Return a file with these documents, whose manifest is right."""
    tally = Tally()
    return HEADER + write(contents, tally) + manifest(tally, [])


async def export(database: Database, organization: OrganizationRecord) -> bytes:
    """Return an export."""
    return b"".join([piece async for piece in exports.lines(database, organization, "global id")])


async def stage(
    database: Database,
    organization: OrganizationRecord,
    file: bytes,
    on_conflict: OnConflict = OnConflict.FAIL,
    upload_id: str = UPLOAD,
) -> Importer:
    """Stage a file; return the worker that is to import it."""
    worker = leases.new_owner()
    await import_records.create(database, organization.id, upload_id, on_conflict)
    receiver = Receiver(database, await import_records.claim(database, organization.id, upload_id, worker), worker)
    await receiver.write(file)
    await receiver.flush()
    return Importer(database, await import_records.begin(database, receiver.record.id, worker, directory.ACT), worker)


async def import_file(
    database: Database,
    organization: OrganizationRecord,
    file: bytes,
    on_conflict: OnConflict = OnConflict.FAIL,
    upload_id: str = UPLOAD,
) -> ImportRecord:
    """Import a file; return what became of it."""
    importer = await stage(database, organization, file, on_conflict, upload_id)
    await importer.run()
    record = await import_records.find(database, organization.id, upload_id)
    assert record is not None
    return record


async def staged(database: Database) -> int:
    """Return how many chunks and entries of journals are left of all imports."""
    names = (import_staging.CHUNKS, import_staging.UNDO)
    return sum([await database[name].count_documents({}) for name in names])
