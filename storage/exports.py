"""Exports: all documents of an organization, read while others write, and while its store is moved.

A document that is there from the beginning to the end is read exactly once: the store is read in order of id, and when
it turns out to have moved, reading goes on at the new place behind the last id.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator

from pymongo.errors import AutoReconnect, CursorNotFound, OperationFailure

from auth.identifiers import OrganizationId
from storage import audit_events, document_types, organizations, transfer_format
from storage.acts import Act
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, now
from storage.organizations import OrganizationRecord, StoreAccess
from storage.tenant_access import NotReadableError
from storage.tenant_stores import TenantStore, only_id
from storage.transfer_format import Tally

_ATTEMPTS = 40
_PAUSE_SECONDS = 0.25
_FEW, _MANY, _FETCHED_BYTES = 8, 1000, 1024 * 1024
_WRITTEN_BYTES = 256 * 1024
_QUERY_PLAN_KILLED = 175


async def record(database: Database, organization_id: OrganizationId, act: Act) -> None:
    """Record that somebody begins to export an organization's documents."""
    event = NewEvent(AuditAction.STORE_EXPORTED, Target(TargetKind.ORGANIZATION, organization_id))
    await database.transaction(lambda tx: audit_events.record(database, tx, organization_id, act, event))


async def lines(database: Database, organization: OrganizationRecord, global_id: str) -> AsyncGenerator[bytes, None]:
    """Yield the export in pieces of whole lines: the header, the documents, the manifest. Raises `NotReadableError`."""
    tally = Tally()
    types = await document_types.find_all(database, organization.id)
    yield transfer_format.header(organization, global_id, types, now())
    async with contextlib.aclosing(batches(database, organization)) as found:
        async for batch in found:
            for some in _cut(batch):
                yield await asyncio.to_thread(transfer_format.write, some, tally)
    yield transfer_format.manifest(tally, await document_types.find_all(database, organization.id))


async def batches(database: Database, organization: OrganizationRecord) -> AsyncGenerator[list[bytes], None]:
    """Yield all documents as BSON, in order of id. Raises `NotReadableError`."""
    after: bytes | None = None
    attempts, fetched = 0, _FEW
    while attempts < _ATTEMPTS:
        store = await _find_store(database, organization.id)
        try:
            async with contextlib.aclosing(_batches_of(database, organization.id, store, after, fetched)) as found:
                async for batch in found:
                    yield batch
                    after, attempts = only_id(batch[-1]), 0
                    if fetched == _FEW and (fetched := _fitting(batch)) != _FEW:
                        break
                else:
                    return
        except _MovedError:
            attempts += 1
            await asyncio.sleep(_PAUSE_SECONDS)
    raise NotReadableError


def _cut(batch: list[bytes]) -> Iterator[list[bytes]]:
    """Cut a batch into such parts as are written and sent at once."""
    size, begin = 0, 0
    for end, content in enumerate(batch, 1):
        size += len(content)
        if size >= _WRITTEN_BYTES or end == len(batch):
            yield batch[begin:end]
            size, begin = 0, end


def _fitting(batch: list[bytes]) -> int:
    """Return how many documents like these the database may send at once, so that large ones do not fill the memory."""
    return max(_FEW, min(_MANY, _FETCHED_BYTES * len(batch) // sum(map(len, batch))))


class _MovedError(Exception):
    """The store was, or may have been, somewhere else when it was read."""


async def _find_store(database: Database, organization_id: OrganizationId) -> TenantStore:
    found = (await organizations.find_by_ids(database, [organization_id])).get(organization_id)
    if found is None or found.placement is None:
        raise NotReadableError
    return TenantStore(database, organization_id, found.placement)


async def _batches_of(
    database: Database, organization_id: OrganizationId, store: TenantStore, after: bytes | None, fetched: int
) -> AsyncGenerator[list[bytes], None]:
    """Yield batches as long as the store turns out to be still there after each was read. Raises `_MovedError`."""
    async with contextlib.aclosing(store.batches(after, fetched=fetched)) as found:
        while batch := await _read(found):
            await _check(database, organization_id, store)
            yield batch
    await _check(database, organization_id, store)


async def _read(batches: AsyncGenerator[list[bytes], None]) -> list[bytes]:
    """Return the next batch, none at the end; raise `_MovedError` if the cursor is lost, maybe with its collection."""
    try:
        return await anext(batches, [])
    except (CursorNotFound, AutoReconnect) as error:
        raise _MovedError from error
    except OperationFailure as error:
        if error.code != _QUERY_PLAN_KILLED:
            raise
        raise _MovedError from error


async def _check(database: Database, organization_id: OrganizationId, store: TenantStore) -> None:
    found = (await organizations.find_by_ids(database, [organization_id])).get(organization_id)
    if found is None or found.placement != store.placement or found.access is StoreAccess.RENAMING:
        raise _MovedError
