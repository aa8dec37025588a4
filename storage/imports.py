"""Imports: a staged file is checked, then applied in one transaction or in many that can be undone.

`RECEIVING → CHECKING → APPLYING → APPLIED → DONE`, or `UNDOING → FAILED`. Whoever takes an import over goes on where
the last transaction ended; each of them holds the lease, and notes what undoes it. Readers may see a part of a large
file meanwhile; in the end all of it is there, or nothing.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, TypeVar

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from storage import (
    document_types,
    documents,
    import_records,
    import_rules,
    import_staging,
    leases,
    organizations,
    patient_writes,
    tenant_access,
    transfer_format,
)
from storage.database import Database, Document, Session, now
from storage.failures import is_temporary
from storage.import_checks import FileCheck
from storage.import_records import Finding, ImportLostError, ImportRecord, ImportState, OnConflict, Position, Progress
from storage.import_staging import Change, Line, StagingLostError
from storage.organizations import OrganizationRecord
from storage.tenant_access import (
    DocumentChange,
    DocumentChangeKind,
    NotReadableError,
    NotWritableError,
    TenantTransaction,
)
from storage.tenant_stores import Content, TenantStore, id_of, only_id
from storage.transfer_format import DocumentLine, Manifest

_AT_ONCE_DOCUMENTS, _AT_ONCE_BYTES = 1000, 4 * 1024 * 1024
_BATCH = 200
_IDS = 100
_ATTEMPTS = 5
_MAX_DECLARED = 1024 * 1024
_DUPLICATE_KEY = 11000
_IS_THERE = "A document with this _id is there already."
_T = TypeVar("_T")


class _RefusedError(Exception):
    """The import cannot be carried through."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(*findings)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class _Group:
    """Documents that are written together, the place behind them, and whether the manifest follows."""

    documents: list[tuple[int, DocumentLine]]
    end: Position
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of the documents of a group."""

    fresh: list[tuple[int, bytes]]
    replacing: list[tuple[int, bytes]]
    changes: list[Change]

    def skipped(self, group: _Group) -> int:
        """Return how many documents nothing becomes of."""
        return len(group.documents) - len(self.changes)


class Importer:
    """One worker's work on one import, whose lease it holds."""

    def __init__(self, database: Database, record: ImportRecord, worker: str) -> None:
        self._database = database
        self._record = record
        self._worker = worker

    async def run(self) -> None:
        """Carry an import through to its end, from wherever it is.

        Raises `NotWritableError` if documents cannot be changed for ten seconds: an import of which nothing is written
        waits for the client to ask again, any other for the recovery. Raises `ImportLostError`.
        """
        async with leases.kept(self._database[import_records.COLLECTION], self._record.id, self._worker):
            try:
                await self._carry()
            except NotWritableError:
                await self._put_off()
                raise
            except PyMongoError:
                with contextlib.suppress(PyMongoError):
                    await import_records.postpone(self._database, self._record.id, self._worker)
                raise

    async def _carry(self) -> None:
        try:
            await self._check_and_apply()
        except _RefusedError as error:
            await self._update({"state": ImportState.UNDOING, "errors": [asdict(one) for one in error.findings]})
        except StagingLostError:
            expired = Finding(None, "The file has expired before it was applied.")
            await self._update({"state": ImportState.UNDOING, "errors": [asdict(expired)]})
        if self._record.state is ImportState.APPLIED:
            await self._finish({"state": ImportState.DONE, "verified": await self._verify()})
        elif self._record.state is ImportState.UNDOING:
            await self._undo()
            await self._finish({"state": ImportState.FAILED, "progress": asdict(Progress())})

    async def _check_and_apply(self) -> None:
        if self._record.attempts > _ATTEMPTS and self._record.state in {ImportState.CHECKING, ImportState.APPLYING}:
            raise _RefusedError(Finding(None, "No server has carried it through."))
        if self._record.state is ImportState.CHECKING:
            await self._check()
        if self._record.state is ImportState.APPLYING:
            await self._apply()

    async def _check(self) -> None:
        organization = await self._organization()
        is_empty = await tenant_access.read(self._database, organization, _is_empty)
        has_rules = bool(await document_types.find_all(self._database, organization.id))
        check = FileCheck()
        with contextlib.closing(check):
            async for lines in import_staging.lines(self._database, self._record, Position()):
                documents = await asyncio.to_thread(check.take, lines)
                if has_rules:
                    rules = partial(import_rules.check, self._database, documents)
                    for finding in await self._write(rules):
                        check.add(finding)
                if self._record.on_conflict is OnConflict.FAIL and not is_empty:
                    for finding in await self._conflicts(organization, documents):
                        check.add(finding)
                if check.is_over:
                    break
        declared = check.compare()
        if check.findings:
            raise _RefusedError(*check.findings)
        await self._update(
            {
                "state": ImportState.APPLYING,
                "content": check.tally.total.to_document(),
                "declared": declared if len(declared) <= _MAX_DECLARED else None,
                "into_empty": is_empty,
            }
        )

    async def _conflicts(
        self, organization: OrganizationRecord, documents: Sequence[tuple[int, DocumentLine]]
    ) -> list[Finding]:
        lines = {transfer_format.key_of(id_of(found.content)): number for number, found in documents}
        ids = [id_of(found.content) for _, found in documents]
        there = await tenant_access.read(self._database, organization, lambda store: _read(store, ids))
        return [Finding(lines[key], _IS_THERE, ("_id",)) for key in there]

    async def _apply(self) -> None:
        async with contextlib.aclosing(self._groups()) as groups:
            async for group in groups:
                self._record = await self._write(partial(self._apply_group, group))

    async def _groups(self) -> AsyncGenerator[_Group, None]:
        """Yield what is still to be written: all together if that is little, else in batches."""
        content = self._record.content or Content()
        at_once = content.documents <= _AT_ONCE_DOCUMENTS and content.size <= _AT_ONCE_BYTES
        pending: list[Line] = []
        async for lines in import_staging.lines(self._database, self._record, self._record.progress.at):
            pending += lines
            while not at_once and pending:
                yield await asyncio.to_thread(_to_group, pending[:_BATCH])
                pending = pending[_BATCH:]
        if pending:
            yield await asyncio.to_thread(_to_group, pending)

    async def _apply_group(self, group: _Group, transaction: TenantTransaction) -> ImportRecord:
        before, session = self._record.progress, transaction.session
        old: dict[bytes, bytes] = {}
        if self._record.on_conflict is not OnConflict.FAIL:
            old = await _read(transaction.store, [id_of(found.content) for _, found in group.documents], session)
        if findings := await import_rules.check(self._database, group.documents, transaction):
            raise _RefusedError(*findings)
        plan = _plan(group, old, self._record.on_conflict)
        await _carry_out(transaction, plan)
        is_all = before.at == Position() and group.is_last
        undo = 0 if is_all else await import_staging.journal(self._database, session, self._record, plan.changes)
        progress = Progress(
            at=group.end,
            inserted=before.inserted + len(plan.fresh),
            replaced=before.replaced + len(plan.replacing),
            skipped=before.skipped + plan.skipped(group),
            undo=undo,
        )
        state = ImportState.APPLIED if group.is_last else ImportState.APPLYING
        fields = {"state": state, "progress": asdict(progress), "attempts": 0}
        return await import_records.update(self._database, self._record.id, self._worker, fields, session)

    async def _undo(self) -> None:
        while self._record.progress.undo:
            changes = await import_staging.last_changes(self._database, self._record)
            self._record = await self._write(partial(self._undo_changes, changes))

    async def _undo_changes(self, changes: Sequence[Change], transaction: TenantTransaction) -> ImportRecord:
        """Take changes back, but not of documents that were changed again since."""
        there = await _read(transaction.store, [id_of(change.id) for change in changes], transaction.session)
        unchanged = [
            change
            for change in changes
            if hashlib.sha256(there.get(transfer_format.key_of(id_of(change.id)), b"")).digest() == change.digest
        ]
        ids = [id_of(change.id) for change in unchanged]
        if ids:
            old = [change.old for change in unchanged if change.old is not None]
            await transaction.store.replace(transaction.session, ids, old)
        for change in unchanged:
            transaction.note(id_of(change.id), _undone(change, there))
        await import_staging.remove_last(self._database, transaction.session, self._record)
        progress = replace(self._record.progress, undo=self._record.progress.undo - 1)
        fields = {"progress": asdict(progress)}
        return await import_records.update(self._database, self._record.id, self._worker, fields, transaction.session)

    async def _put_off(self) -> None:
        """Let go of the import: to the client while nothing of it is written, else to the recovery."""
        untouched = self._record.state is ImportState.APPLYING and self._record.progress == Progress()
        if untouched or self._record.state is ImportState.CHECKING:
            fields: Document = {"state": ImportState.RECEIVING, "expires_at": now() + import_records.RETENTION}
            await import_records.release(self._database, self._record.id, self._worker, fields)
        else:
            await import_records.postpone(self._database, self._record.id, self._worker, {"attempts": 0})

    async def _finish(self, fields: Document) -> None:
        await import_staging.remove(self._database, self._record)
        await import_records.finish(self._database, self._record.id, self._worker, fields)

    async def _verify(self) -> bool | None:
        """Read the store again if it was empty before; tell whether it holds what the file holds."""
        if not self._record.into_empty:
            return None
        try:
            found = await tenant_access.read(self._database, await self._organization(), TenantStore.content)
        except NotReadableError:
            return None
        return found == self._record.content

    async def _organization(self) -> OrganizationRecord:
        organization_id = self._record.organization_id
        found = (await organizations.find_by_ids(self._database, [organization_id])).get(organization_id)
        if found is None:
            raise NotReadableError
        return found

    async def _write(self, work: Callable[[TenantTransaction], Coroutine[Any, Any, _T]]) -> _T:
        return await patient_writes.write(self._database, self._record.organization_id, work)

    async def _update(self, fields: Document) -> None:
        self._record = await import_records.update(self._database, self._record.id, self._worker, fields)


async def resume(database: Database, document: Document) -> None:
    """Go on with an import that a worker has left, given its record just claimed; let a broken upload go."""
    record, worker = import_records.from_document(document), document["lease"]["owner"]
    with contextlib.suppress(ImportLostError, NotWritableError):
        if record.state is ImportState.RECEIVING:
            await import_records.release(database, record.id, worker)
        else:
            await Importer(database, record, worker).run()


def _to_group(lines: Sequence[Line]) -> _Group:
    found = [(line.number, transfer_format.read(line.text)) for line in lines]
    return _Group(
        documents=[(number, one) for number, one in found if isinstance(one, DocumentLine)],
        end=lines[-1].end,
        is_last=any(isinstance(one, Manifest) for _, one in found),
    )


def _plan(group: _Group, there: dict[bytes, bytes], on_conflict: OnConflict) -> _Plan:
    """Decide what becomes of the documents of a group, given those that are there."""
    plan = _Plan([], [], [])
    for number, found in group.documents:
        old = there.get(transfer_format.key_of(id_of(found.content)))
        if old is not None and on_conflict is OnConflict.SKIP:
            continue
        if len(old or b"") > transfer_format.MAX_DOCUMENT_BYTES:
            raise _RefusedError(Finding(number, "The document that is there is too large to be replaced.", ("_id",)))
        (plan.fresh if old is None else plan.replacing).append((number, found.content))
        plan.changes.append(Change(only_id(found.content), hashlib.sha256(found.content).digest(), old))
    return plan


async def _carry_out(transaction: TenantTransaction, plan: _Plan) -> None:
    if plan.fresh:
        with _explaining(plan.fresh):
            await transaction.store.insert(transaction.session, [content for _, content in plan.fresh])
    if plan.replacing:
        replacing = [content for _, content in plan.replacing]
        with _explaining(plan.replacing):
            await transaction.store.replace(transaction.session, [id_of(content) for content in replacing], replacing)
    contents = {only_id(content): content for _, content in [*plan.fresh, *plan.replacing]}
    for change in plan.changes:
        kind = DocumentChangeKind.CREATED if change.old is None else DocumentChangeKind.UPDATED
        transaction.note(id_of(change.id), documents.change_of(kind, contents[change.id]))


def _undone(change: Change, there: dict[bytes, bytes]) -> DocumentChange | None:
    """Return what undoing a change makes of a document, which is gone or as it was before."""
    if change.old is not None:
        return documents.change_of(DocumentChangeKind.UPDATED, change.old)
    return documents.change_of(DocumentChangeKind.DELETED, there[transfer_format.key_of(id_of(change.id))])


@contextlib.contextmanager
def _explaining(documents: Sequence[tuple[int, bytes]]) -> Iterator[None]:
    """Say which document it is that the database refuses."""
    try:
        yield
    except OperationFailure as error:
        if is_temporary(error):
            raise
        found = error.details["writeErrors"][0] if isinstance(error, BulkWriteError) else {"code": error.code}
        raise _RefusedError(_explain(found, documents)) from error


def _explain(error: Document, documents: Sequence[tuple[int, bytes]]) -> Finding:
    line = documents[error["index"]][0] if "index" in error else None
    if error["code"] != _DUPLICATE_KEY:
        return Finding(line, f"The database refuses the document (code {error['code']}).")
    if set(error.get("keyPattern", {"_id": 1})) == {"_id"}:
        return Finding(line, _IS_THERE, ("_id",))
    return Finding(line, "A unique index of the store refuses the document.")


async def _read(store: TenantStore, ids: Sequence[object], tx: Session | None = None) -> dict[bytes, bytes]:
    """Return those documents that exist among these, by the key of their id."""
    found: list[bytes] = []
    for first in range(0, len(ids), _IDS):
        found += await store.read(ids[first : first + _IDS], tx)
    return {transfer_format.key_of(id_of(content)): content for content in found}


async def _is_empty(store: TenantStore) -> bool:
    return await store.collection.find_one(store.scope(), {"_id": True}) is None
