"""Importing documents into an organization: a file is received, then checked and applied in the background."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize, authorize_change, refused
from resolvers.context import RequestContext
from storage import import_records, import_staging, leases
from storage.import_records import ImportRecord, ImportState, OnConflict
from storage.import_staging import Receiver
from storage.imports import Importer
from storage.tenant_access import NotWritableError

_WAIT_SECONDS = 20.0


class OffsetError(Exception):
    """What is sent does not begin where what was received ends."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


class CutOffError(Exception):
    """A file ends without a manifest; the rest of it may still be sent."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


class OtherConflictError(Exception):
    """The upload was begun with another answer to conflicts."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is sent of a file: from which byte on, and what is to become of documents that are there already."""

    id: str
    offset: int
    on_conflict: OnConflict


async def find(context: RequestContext, organization_id: OrganizationId, upload_id: str) -> ImportRecord | None:
    """Return how far an import of the organization has come, if there is one of this upload."""
    await authorize(context, Permission.DOCUMENT_IMPORT, organization_id)
    return await import_records.find(context.services.database, organization_id, upload_id)


async def receive(
    context: RequestContext, organization_id: OrganizationId, upload: Upload, body: AsyncIterator[bytes]
) -> ImportRecord:
    """Stage what is sent; when that is the whole file, import it. Waits twenty seconds for the outcome.

    An upload of which everything is received is not received again. Raises `UserError`, `OffsetError`, `CutOffError`,
    `OtherConflictError`, and what staging raises.
    """
    await authorize_change(context, Permission.DOCUMENT_IMPORT, organization_id)
    try:
        record = await _open(context, organization_id, upload)
        if record.state is ImportState.RECEIVING:
            await _receive(context, record, upload, body)
    except NotWritableError:
        raise await refused(context, organization_id) from None
    return await import_records.find(context.services.database, organization_id, upload.id) or record


async def _open(context: RequestContext, organization_id: OrganizationId, upload: Upload) -> ImportRecord:
    """Return the record of an upload, made if it is new."""
    database = context.services.database
    record = await import_records.find(database, organization_id, upload.id)
    if record is None:
        await import_staging.make_room(database, organization_id)
        await import_records.create(database, organization_id, upload.id, upload.on_conflict)
        record = await import_records.find(database, organization_id, upload.id)
    if record is None:
        raise NotWritableError
    if record.on_conflict is not upload.on_conflict:
        raise OtherConflictError
    return record


async def _receive(context: RequestContext, record: ImportRecord, upload: Upload, body: AsyncIterator[bytes]) -> None:
    database, worker = context.services.database, leases.new_owner()
    record = await import_records.claim(database, record.organization_id, upload.id, worker)
    try:
        record = await _complete(context, record, upload.offset, worker, body)
    except BaseException:
        await import_records.release(database, record.id, worker)
        raise
    running = context.services.background.start(Importer(database, record, worker).run())
    done, _ = await asyncio.wait({running}, timeout=_WAIT_SECONDS)
    for task in done:
        task.result()


async def _complete(
    context: RequestContext, record: ImportRecord, offset: int, worker: str, body: AsyncIterator[bytes]
) -> ImportRecord:
    """Stage what is sent; return the import, to be run, if the file is whole then."""
    database = context.services.database
    if offset != record.received:
        raise OffsetError(record.received)
    record = await _stage(context, record, worker, body)
    if not await import_staging.ends_with_manifest(database, record):
        raise CutOffError(record.received)
    return await import_records.begin(database, record.id, worker, await context.act())


async def _stage(
    context: RequestContext, record: ImportRecord, worker: str, body: AsyncIterator[bytes]
) -> ImportRecord:
    """Stage what comes, and what has come if no more does."""
    database = context.services.database
    receiver = Receiver(database, record, worker)
    async with leases.kept(database[import_records.COLLECTION], record.id, worker):
        try:
            async for data in body:
                await receiver.write(data)
        finally:
            await receiver.flush()
    return receiver.record
