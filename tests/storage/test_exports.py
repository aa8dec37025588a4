"""Exports: what is there throughout is in the file exactly once, whatever happens meanwhile."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator

import pytest

from storage import exports, move_plans, tenant_access, tenant_stores
from storage.database import Database
from storage.organizations import OrganizationRecord
from storage.placements import StoreStrategy
from storage.tenant_access import NotReadableError, NotWritableError, TenantTransaction
from storage.tenant_stores import id_of
from tests.storage import directory, transfers

every_strategy = pytest.mark.parametrize("strategy", list(StoreStrategy))
DOCUMENTS = 60


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_stores, "_BATCH_DOCUMENTS", 7)


async def ids_of(database: Database, organization: OrganizationRecord) -> AsyncIterator[list[object]]:
    """Export an organization, batch by batch."""
    async with contextlib.aclosing(exports.batches(database, organization)) as batches:
        async for batch in batches:
            yield [id_of(content) for content in batch]


async def move(
    database: Database, organization: OrganizationRecord, slug: str, strategy: StoreStrategy
) -> OrganizationRecord:
    """Move an organization's store to its end; return the organization as it is then."""
    plan = directory.move_of(database, organization, slug=slug, strategy=strategy)
    await (await move_plans.plan(database, plan)).run()
    moved = await directory.read(database, organization.id)
    assert moved is not None
    assert moved.slug == slug
    return moved


@every_strategy
async def test_every_document_is_exported_once(database: Database, strategy: StoreStrategy) -> None:
    """Documents of all kinds come in order of id, and the manifest counts them by type."""
    organization = await directory.sign_up(database, "acme", strategy)
    foreign = transfers.foreign_documents()
    await transfers.fill(database, organization, [*foreign, *(transfers.api_document(n) for n in range(DOCUMENTS))])
    lines = (await transfers.export(database, organization)).splitlines()
    assert len(lines) == len(foreign) + DOCUMENTS + 2
    types = json.loads(lines[-1])["manifest"]["types"]
    assert {name: one["documents"] for name, one in types.items()} == {"": len(foreign), "note": DOCUMENTS}


async def test_empty_store_is_exported(database: Database) -> None:
    """Header and manifest are there all the same."""
    organization = await directory.sign_up(database, "acme")
    header, manifest = (await transfers.export(database, organization)).splitlines()
    assert json.loads(header)["tenantry"]["slug"] == "acme"
    assert json.loads(manifest)["manifest"]["documents"] == 0


@pytest.mark.parametrize("goal", list(StoreStrategy))
@every_strategy
@pytest.mark.parametrize("moment", [0, 3])
async def test_export_goes_on_where_the_store_has_moved_to(
    database: Database, strategy: StoreStrategy, goal: StoreStrategy, moment: int
) -> None:
    """The store moves between two batches, and its old place is dropped: nothing is missing, nothing comes twice."""
    organization = await directory.sign_up(database, "acme", strategy)
    contents = [*transfers.foreign_documents(), *(transfers.api_document(n) for n in range(DOCUMENTS))]
    await transfers.fill(database, organization, contents)
    expected = [id_of(content) for content in await transfers.contents_of(database, organization)]
    found: list[object] = []
    number = 0
    async for batch in ids_of(database, organization):
        found += batch
        number += 1
        if number == moment + 1:
            await move(database, organization, "elsewhere", goal)
    assert found == expected


@every_strategy
async def test_export_during_writers_and_moves(database: Database, strategy: StoreStrategy) -> None:
    """Each document that is there throughout is exported once, while others come and go and the store moves twice."""
    organization = await directory.sign_up(database, "acme", strategy)
    standing = [transfers.api_document(2 * n) for n in range(DOCUMENTS)]
    await transfers.fill(database, organization, standing)
    is_over, written = asyncio.Event(), 0

    async def write(writer: int) -> None:
        nonlocal written
        for number in itertools.count():
            if is_over.is_set():
                return
            content = transfers.api_document(2 * ((7 * number + 31 * writer) % DOCUMENTS) + 1)

            async def toggle(transaction: TenantTransaction, content: bytes = content) -> None:
                there = await transaction.store.read([id_of(content)], transaction.session)
                await transaction.store.replace(transaction.session, [id_of(content)], [] if there else [content])
                transaction.note(id_of(content))

            with contextlib.suppress(NotWritableError):
                await tenant_access.write(database, organization.id, toggle)
                written += 1

    writers = [asyncio.create_task(write(writer)) for writer in range(3)]
    found: list[object] = []
    moved = organization
    async for batch in ids_of(database, organization):
        found += batch
        if len(found) in range(7, 22):
            moved = await move(database, moved, f"place-{len(found)}", StoreStrategy.COLLECTION)
    is_over.set()
    await asyncio.gather(*writers)
    assert written > 0
    assert len(found) == len(set(found))
    assert {id_of(content) for content in standing} <= set(found)
    assert moved.slug != "acme"


async def test_deleted_store_is_no_empty_one(database: Database) -> None:
    """An export of what is destroyed meanwhile ends with an error, and has no manifest."""
    organization = await directory.sign_up(database, "acme")
    await transfers.fill(database, organization, [transfers.api_document(n) for n in range(DOCUMENTS)])
    pieces = exports.lines(database, organization, "global id")
    await anext(pieces)
    await anext(pieces)
    await directory.delete(database, organization.id)
    with pytest.raises(NotReadableError):
        await anext(pieces)
