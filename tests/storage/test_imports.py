"""Imports: what is in a file is in the store afterwards, all of it or nothing."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from storage import import_records, import_staging, imports, leases, organizations, patient_writes, recovery
from storage.database import Database, now
from storage.import_records import ImportLostError, ImportRecord, ImportState, OnConflict
from storage.imports import Importer
from storage.organizations import OrganizationRecord, OrganizationStatus, StoreAccess
from storage.placements import StoreStrategy
from storage.tenant_access import NotReadableError, NotWritableError
from storage.tenant_stores import to_content
from tests.crashes import Crash
from tests.storage import directory, transfers

every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))


async def set_status(database: Database, organization: OrganizationRecord, status: OrganizationStatus) -> None:
    """Suspend or reactivate an organization."""
    await database[organizations.COLLECTION].update_one({"_id": organization.id}, {"$set": {"status": status}})


async def set_access(database: Database, organization: OrganizationRecord, access: StoreAccess | None) -> None:
    """Say what a move under way lets tenants do."""
    change = {"$unset": {"access": ""}} if access is None else {"$set": {"access": access}}
    await database[organizations.COLLECTION].update_one({"_id": organization.id}, change)


async def until_applying(database: Database, organization: OrganizationRecord, inserted: int = 0) -> None:
    """Wait until an import has come so far."""
    async with asyncio.timeout(20):
        while True:
            record = await import_records.find(database, organization.id, transfers.UPLOAD)
            if record is not None and record.state is ImportState.APPLYING and record.progress.inserted >= inserted:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("target_strategy", list(StoreStrategy))
@every_strategy
async def test_round_trip_is_exact(database: Database, strategy: StoreStrategy, target_strategy: StoreStrategy) -> None:
    """An export imported into an empty store of any kind is the same there, byte for byte, and says so."""
    source = await directory.sign_up(database, "source", strategy)
    target = await directory.sign_up(database, "target", target_strategy)
    await transfers.fill(database, source, [*transfers.foreign_documents(), transfers.api_document(1)])
    record = await transfers.import_file(database, target, await transfers.export(database, source))
    assert (record.state, record.errors, record.verified) == (ImportState.DONE, (), True)
    contents = await transfers.contents_of(database, target)
    assert contents == await transfers.contents_of(database, source)
    assert record.progress.inserted == len(contents)
    assert record.content == await transfers.content_of(database, target)
    assert await transfers.staged(database) == 0


@every_strategy
async def test_documents_that_extended_json_cannot_say_are_refused(database: Database, strategy: StoreStrategy) -> None:
    """A key that begins with a dollar sign leaves the store as bytes, and does not come back in."""
    organization = await directory.sign_up(database, "acme", strategy)
    await transfers.fill(database, organization, [to_content({"_id": 1, "a": {"$oid": "5"}})])
    file = await transfers.export(database, organization)
    assert file.splitlines()[1].startswith(b'{"bson":')
    record = await transfers.import_file(database, organization, file, OnConflict.REPLACE)
    assert [(found.line, found.path) for found in record.errors] == [(2, ("a", "$oid"))]


FILE = transfers.file_of([transfers.api_document(n) for n in range(1, 6)])
LINES = FILE.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        (b"".join(LINES[:-1]), None, "cut off"),
        (FILE[:-3], 7, "not extended JSON"),
        (FILE + LINES[1], 8, "behind the manifest"),
        (b"".join(LINES[1:]), 1, "header"),
        (FILE.replace(b'"format":1', b'"format":2'), 1, "format"),
        (FILE.replace(b'"n":{"$numberInt":"3"}', b'"n":{"$numberInt":"4"}'), 7, "hash"),
        (b"".join([*LINES[:3], *LINES[4:]]), 6, "documents"),
        (FILE.replace(b'"note"', b'"memo"', 1), 7, "hash"),
        (FILE.replace(b'"note":{"documents"', b'"memo":{"documents"'), 7, "types"),
        (b"".join([*LINES[:3], LINES[1], *LINES[3:]]), 4, "Line 2 has"),
        (FILE.replace(b'"version":{"$numberInt":"1"}', b'"version":{"$numberInt":"0"}', 1), 2, "version"),
        (FILE.replace(b'"type":"note",', b"", 1), 2, "type"),
        (FILE.replace(b'"data":{"n":{"$numberInt":"2"}}', b'"data":[]', 1), 3, "data"),
        (FILE.replace(b'{"_id":"000000000000000000000004",', b"{", 1), 5, "no _id"),
        (FILE.replace(b'{"n":{"$numberInt":"2"}}', b'{"n":' + b"[" * 200 + b"]" * 200 + b"}"), 3, "nested"),
        (FILE.replace(LINES[1], b'{"_id":[1]}\n'), 2, "array"),
        (FILE.replace(LINES[1], b'{"bson":{"$binary":{"base64":"AAAA","subType":"00"}}}\n'), 2, "not a document"),
        (FILE.replace(b'"n":{"$numberInt":"2"}', b'"n":"' + b"x" * 1_100_000 + b'"'), 3, "JSON"),
        (b"", None, "cut off"),
    ],
)
async def test_file_with_a_fault_leaves_nothing(
    database: Database, file: bytes, line: int | None, message: str
) -> None:
    """What is wrong is found before anything is written, and named with its line; nothing is left of the file."""
    organization = await directory.sign_up(database, "acme")
    record = await transfers.import_file(database, organization, file)
    assert record.state is ImportState.FAILED
    assert line in {finding.line for finding in record.errors}
    assert any(message in finding.message for finding in record.errors), record.errors
    assert await transfers.contents_of(database, organization) == []
    assert await transfers.staged(database) == 0


@pytest.mark.parametrize("twin", [{"$numberDouble": "5.0"}, {"$numberLong": "5"}, {"$numberDecimal": "5.00"}])
async def test_numbers_of_one_value_are_one_id(database: Database, twin: dict[str, str]) -> None:
    """MongoDB takes them for the same id, whatever their type, so a file has only one of them."""
    organization = await directory.sign_up(database, "acme")
    lines = [b'{"_id":5}', b'{"_id":' + json.dumps(twin).encode() + b"}"]
    record = await transfers.import_file(database, organization, transfers.HEADER + b"\n".join(lines))
    assert (record.errors[0].line, record.errors[0].path) == (3, ("_id",))


async def test_relaxed_extended_json_is_read_too(database: Database) -> None:
    """A file that other software has written over in the relaxed form has the same documents where types agree."""
    organization = await directory.sign_up(database, "acme")
    relaxed = b'{"_id":"000000000000000000000001","type":"note","data":{"n":1},"version":1,'
    relaxed += b'"created_at":{"$date":"2026-02-03T04:05:06.789Z"},"updated_at":{"$date":"2026-02-03T04:05:06.789Z"}}\n'
    record = await transfers.import_file(database, organization, FILE.replace(LINES[1], relaxed))
    assert (record.state, record.verified, record.errors) == (ImportState.DONE, True, ())
    assert (await transfers.contents_of(database, organization))[0] == transfers.api_document(1)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ten documents be many: they take several transactions."""
    monkeypatch.setattr(imports, "_AT_ONCE_DOCUMENTS", 5)
    monkeypatch.setattr(imports, "_BATCH", 4)
    monkeypatch.setattr(import_staging, "CHUNK_BYTES", 700)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("on_conflict", [OnConflict.SKIP, OnConflict.REPLACE])
@every_strategy
async def test_large_import_is_there_in_the_end(
    database: Database, strategy: StoreStrategy, on_conflict: OnConflict
) -> None:
    """Many transactions have the same outcome as one."""
    organization = await directory.sign_up(database, "acme", strategy)
    fresh = [transfers.api_document(n) for n in range(30)]
    old = [transfers.api_document(n, old=True) for n in (0, 7, 29)]
    await transfers.fill(database, organization, [*old, transfers.api_document(77)])
    record = await transfers.import_file(database, organization, transfers.file_of(fresh), on_conflict)
    replaced = on_conflict is OnConflict.REPLACE
    progress = (record.progress.inserted, record.progress.replaced, record.progress.skipped)
    assert progress == ((27, 3, 0) if replaced else (27, 0, 3))
    expected = fresh if replaced else [old[0], *fresh[1:7], old[1], *fresh[8:29], old[2]]
    assert await transfers.contents_of(database, organization) == [*expected, transfers.api_document(77)]
    assert (record.state, record.verified) == (ImportState.DONE, None)
    assert await transfers.staged(database) == 0


async def make_last_document_fail(database: Database, organization: OrganizationRecord) -> None:
    """Have the store's own unique index refuse the last of thirty documents."""
    store = await transfers.store_of(database, organization.id)
    await store.collection.create_index([("data.taken", 1)], name="taken", unique=True, sparse=True)
    await transfers.fill(database, organization, [transfers.api_document(99, taken=1)])


@pytest.mark.usefixtures("small_batches")
async def test_large_import_that_fails_is_undone(database: Database) -> None:
    """What was inserted goes, what was replaced comes back, but not where somebody has changed it since."""
    organization = await directory.sign_up(database, "acme")
    old = [transfers.api_document(n, old=True) for n in (0, 7)]
    await transfers.fill(database, organization, old)
    await make_last_document_fail(database, organization)
    fresh = [transfers.api_document(n) for n in range(29)] + [transfers.api_document(29, taken=1)]
    importer = await transfers.stage(database, organization, transfers.file_of(fresh), OnConflict.REPLACE)
    undo = importer._undo  # noqa: SLF001 - somebody changes a document before this

    async def change_and_undo() -> None:
        store = await transfers.store_of(database, organization.id)
        assert await store.count_exactly() > 20
        await store.collection.update_one({"_id": f"{3:024x}"}, {"$set": {"data.changed": True}})
        await undo()

    importer._undo = change_and_undo  # type: ignore[method-assign] # noqa: SLF001 - as above
    await importer.run()
    record = await import_records.find(database, organization.id, transfers.UPLOAD)
    assert record is not None
    assert (record.state, record.errors[0].line) == (ImportState.FAILED, 31)
    assert record.progress.inserted == 0
    kept = transfers.api_document(3, changed=True)
    expected = [old[0], kept, old[1], transfers.api_document(99, taken=1)]
    assert await transfers.contents_of(database, organization) == expected
    assert await transfers.staged(database) == 0


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.timeout(180)
async def test_import_is_whole_or_not_at_all_wherever_it_is_cut_off(
    database: Database, crash: Crash, *, fails: bool
) -> None:
    """After a crash at any command another worker finishes the import, or finishes undoing it; no trace is left."""
    organization = await directory.sign_up(database, "acme")
    old = [transfers.api_document(n, old=True) for n in (0, 7)]
    await transfers.fill(database, organization, old)
    if fails:
        await make_last_document_fail(database, organization)
    before = await transfers.contents_of(database, organization)
    last = transfers.api_document(29, taken=1) if fails else transfers.api_document(29)
    fresh = [*(transfers.api_document(n) for n in range(29)), last]
    finished, number = False, 0
    while not finished:
        number = crash.after(number, 9)
        importer = await transfers.stage(
            database, organization, transfers.file_of(fresh), OnConflict.REPLACE, str(uuid.uuid4())
        )
        importer._database = crash.database  # noqa: SLF001 - staged by a client that lasts
        finished = await crash.run(importer.run(), at_command=number)
        await recovery.recover(database, expired_only=False)
        assert await transfers.contents_of(database, organization) == (before if fails else fresh), number
        assert await transfers.staged(database) == 0, number
        assert not await database["imports"].count_documents({"lease": {"$exists": True}})
        await transfers.fill_anew(database, organization, before)
    assert number > 20


async def test_import_waits_for_the_end_of_a_fence(database: Database) -> None:
    """A store that cannot be written to for a moment is waited for."""
    organization = await directory.sign_up(database, "acme")
    importer = await transfers.stage(database, organization, FILE)
    await set_access(database, organization, StoreAccess.FENCED)
    running = asyncio.create_task(importer.run())
    await until_applying(database, organization)
    await set_access(database, organization, None)
    await running
    assert len(await transfers.contents_of(database, organization)) == 5


async def test_import_that_cannot_begin_is_the_clients_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the fence stays, nothing is written, the file is kept, and asking again imports it."""
    monkeypatch.setattr(patient_writes, "_FENCE_SECONDS", 0.0)
    organization = await directory.sign_up(database, "acme")
    importer = await transfers.stage(database, organization, FILE)
    await set_access(database, organization, StoreAccess.FENCED)
    with pytest.raises(NotWritableError):
        await importer.run()
    await set_access(database, organization, None)
    assert await transfers.contents_of(database, organization) == []
    worker = leases.new_owner()
    record = await import_records.claim(database, organization.id, transfers.UPLOAD, worker)
    assert record.received == len(FILE)
    await Importer(database, await import_records.begin(database, record.id, worker, directory.ACT), worker).run()
    assert len(await transfers.contents_of(database, organization)) == 5


@pytest.mark.usefixtures("small_batches")
async def test_import_that_is_cut_short_by_a_suspension_goes_on_after_it(database: Database) -> None:
    """What a large import has written stays until the organization is active again, and then the rest follows."""
    organization = await directory.sign_up(database, "acme")
    fresh = [transfers.api_document(n) for n in range(30)]
    importer = await transfers.stage(database, organization, transfers.file_of(fresh))
    apply_group = importer._apply_group  # noqa: SLF001 - the suspension comes after the first

    async def apply_and_suspend(group: Any, transaction: Any) -> ImportRecord:  # noqa: ANN401 - passed on
        if group.end.lines > 10:
            raise NotWritableError
        return await apply_group(group, transaction)

    importer._apply_group = apply_and_suspend  # type: ignore[method-assign] # noqa: SLF001 - as above
    running = asyncio.create_task(importer.run())
    await until_applying(database, organization, inserted=1)
    await set_status(database, organization, OrganizationStatus.SUSPENDED)
    with pytest.raises(NotWritableError):
        await running
    await recovery.recover_imports(database)
    assert 0 < len(await transfers.contents_of(database, organization)) < 30
    await set_status(database, organization, OrganizationStatus.ACTIVE)
    await recovery.recover_imports(database)
    assert await transfers.contents_of(database, organization) == fresh


async def test_purge_takes_staged_files_along(database: Database) -> None:
    """Of a deleted organization nothing is left, whoever was at work; another's upload stays."""
    organization, other = await directory.sign_up(database, "acme"), await directory.sign_up(database, "other")
    importer = await transfers.stage(database, organization, FILE)
    await transfers.stage(database, other, FILE)
    await directory.delete(database, organization.id)
    with pytest.raises((ImportLostError, NotReadableError, NotWritableError)):
        await importer.run()
    left = await database["imports"].find().to_list(None)
    assert [found["organization_id"] for found in left] == [other.id]
    assert await transfers.staged(database) == 1


async def test_large_file_is_checked_without_keeping_it(database: Database) -> None:
    """A file of many chunks is read back exactly, lines across chunks included."""
    organization = await directory.sign_up(database, "acme")
    contents = [transfers.api_document(n, text="ö" * 400_000) for n in range(6)]
    record = await transfers.import_file(database, organization, transfers.file_of(contents))
    assert (record.state, record.verified) == (ImportState.DONE, True)
    assert record.chunks > 3


@pytest.mark.parametrize("declared", ["schema", "index"])
async def test_rules_of_types_hold_for_files_too(database: Database, declared: str) -> None:
    """What a schema forbids, or an index cannot hold, is refused with its line and the path in the document."""
    organization = await directory.sign_up(database, "acme")
    schema = json.dumps({"properties": {"n": {"maximum": 1}}})
    index = {"fields": ["n"], "state": "READY", "declared_at": now()}
    rule: dict[str, Any] = {"schema": schema, "schema_version": 1} if declared == "schema" else {"indexes": [index]}
    await database["document_types"].insert_one(
        {"_id": "rule", "organization_id": organization.id, "name": "note"} | rule
    )
    fits, breaks = transfers.api_document(1), transfers.api_document(2)
    if declared == "index":
        breaks = transfers.api_document(2, n=[1])
    record = await transfers.import_file(database, organization, transfers.file_of([fits, breaks]))
    assert [(found.line, found.path) for found in record.errors] == [(3, ("data", "n"))]
    assert await transfers.contents_of(database, organization) == []
    other = await transfers.import_file(database, organization, transfers.file_of([fits]), upload_id=str(uuid.uuid4()))
    assert other.state is ImportState.DONE
