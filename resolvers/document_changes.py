"""Documents, written: one or up to a hundred at a time, all of them or none."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from auth.errors import UserError, UserErrorCode, UserErrors
from auth.identifiers import DocumentId, OrganizationId
from auth.roles import Permission
from resolvers import document_names
from resolvers.authorization import authorize_change, unwritable
from resolvers.context import RequestContext
from resolvers.documents import find_visible
from resolvers.idempotency import Attempt, once
from storage import document_json, document_rules, documents, idempotency, tenant_access
from storage.database import Document, now
from storage.document_json import UnstorableError
from storage.document_rules import DocumentsRefusedError
from storage.documents import DocumentRecord, NewDocument
from storage.idempotency import References
from storage.tenant_access import NotWritableError, TenantTransaction

MAX_DOCUMENTS = 100
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024

_Path = tuple[str, ...]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DocumentTarget:
    """A document to change or delete: in any version, or in the one expected only."""

    organization_id: OrganizationId
    document_id: DocumentId
    expected_version: int | None = None


async def create(
    context: RequestContext,
    organization_id: OrganizationId,
    given: Sequence[tuple[str, object]],
    attempt: Attempt,
    *,
    batch: bool,
) -> list[DocumentRecord]:
    """Make documents of types and data. Raises `UserErrors`, or `UserError`, with paths into the input."""
    work = partial(_create, organization_id=organization_id, given=given, batch=batch)
    replay = partial(_find_created, context, organization_id, batch=batch)
    return await once(context, attempt, Permission.DOCUMENT_WRITE, organization_id, work, replay)


async def _create(
    context: RequestContext, organization_id: OrganizationId, given: Sequence[tuple[str, object]], *, batch: bool
) -> list[DocumentRecord]:
    await authorize_change(context, Permission.DOCUMENT_WRITE, organization_id)
    paths = _paths(len(given), batch=batch)
    types = _check_types([kind for kind, _ in given], paths)
    values = _decode_all([data for _, data in given], paths)
    new = [NewDocument(kind, one) for kind, one in zip(types, values, strict=True)]
    records = [documents.new_record(organization_id, document) for document in new]

    async def work(transaction: TenantTransaction) -> list[DocumentRecord]:
        await document_rules.check(context.services.database, transaction, new)
        await documents.insert(transaction, records)
        ids = [record.id for record in records]
        await idempotency.complete(context.services.database, transaction.session, context.claim, {"documents": ids})
        return records

    return await _write(context, organization_id, work, paths)


async def _find_created(
    context: RequestContext, organization_id: OrganizationId, references: References, *, batch: bool
) -> list[DocumentRecord]:
    """Return documents that were made before, as they are now."""
    ids = [DocumentId(document_id) for document_id in references["documents"]]
    found = await asyncio.gather(*(find_visible(context, organization_id, document_id) for document_id in ids))
    message = "The document was made, and deleted since."
    problems = [
        UserError(UserErrorCode.NOT_FOUND, message, path or None)
        for record, path in zip(found, _paths(len(ids), batch=batch), strict=True)
        if record is None
    ]
    if problems:
        raise UserErrors(problems)
    return [record for record in found if record is not None]


async def update(
    context: RequestContext, given: Sequence[tuple[DocumentTarget, object]], *, batch: bool
) -> list[DocumentRecord]:
    """Give documents of one organization other data. Raises as `create`."""
    paths = _paths(len(given), batch=batch)
    targets = [target for target, _ in given]
    organization_id = await _authorize(context, targets, paths)
    values = _decode_all([data for _, data in given], paths)

    async def work(transaction: TenantTransaction) -> list[DocumentRecord]:
        found = await _find(transaction, targets, paths)
        changed = [
            replace(record, values=one, version=record.version + 1, updated_at=now())
            for record, one in zip(found, values, strict=True)
        ]
        new = [NewDocument(record.type, record.values) for record in changed]
        await document_rules.check(context.services.database, transaction, new)
        await documents.replace(transaction, changed)
        return changed

    return await _write(context, organization_id, work, paths)


async def delete(context: RequestContext, targets: Sequence[DocumentTarget], attempt: Attempt, *, batch: bool) -> None:
    """Remove documents of one organization. Raises as `create`."""
    work = partial(_delete, targets=targets, paths=_paths(len(targets), batch=batch))
    await once(context, attempt, Permission.DOCUMENT_WRITE, targets[0].organization_id, work, _nothing)


async def _delete(context: RequestContext, targets: Sequence[DocumentTarget], paths: Sequence[_Path]) -> None:
    organization_id = await _authorize(context, targets, paths)

    async def work(transaction: TenantTransaction) -> None:
        await documents.delete(transaction, await _find(transaction, targets, paths))
        await idempotency.complete(context.services.database, transaction.session, context.claim)

    await _write(context, organization_id, work, paths)


async def _nothing(_: References) -> None:
    """Find nothing of what was deleted before."""


def _paths(count: int, *, batch: bool) -> list[_Path]:
    """Return where in the input each document is."""
    if not batch:
        return [()]
    if not 1 <= count <= MAX_DOCUMENTS:
        message = f"A batch has 1 to {MAX_DOCUMENTS} documents."
        raise UserError(UserErrorCode.INVALID, message, ("documents",))
    return [("documents", str(index)) for index in range(count)]


async def _authorize(
    context: RequestContext, targets: Sequence[DocumentTarget], paths: Sequence[_Path]
) -> OrganizationId:
    """Return the one organization that all documents are of, verified; no document may be there twice."""
    organization_id = targets[0].organization_id
    await authorize_change(context, Permission.DOCUMENT_WRITE, organization_id)
    seen: set[DocumentId] = set()
    for target, path in zip(targets, paths, strict=True):
        if target.organization_id != organization_id:
            raise _invalid("All documents of a batch are of one organization.", (*path, "id"))
        if target.document_id in seen:
            raise _invalid("This document is in the batch twice.", (*path, "id"))
        seen.add(target.document_id)
    return organization_id


def _check_types(given: Sequence[str], paths: Sequence[_Path]) -> list[str]:
    return [document_names.check_type(kind, (*path, "type")) for kind, path in zip(given, paths, strict=True)]


def _decode_all(given: Sequence[object], paths: Sequence[_Path]) -> list[Document]:
    """Return data as it is stored; raise `UserErrors` with all that cannot be."""
    problems: list[UserError] = []
    values: list[Document] = []
    size = 0
    for data, path in zip(given, paths, strict=True):
        try:
            values.append(document_json.decode(data))
            size += _check_size(data)
        except UnstorableError as error:
            problems.append(_invalid(error.message, (*path, "data", *error.path)))
    if problems:
        raise UserErrors(problems)
    if size > MAX_BATCH_BYTES:
        raise _invalid(f"All data of a batch has at most {MAX_BATCH_BYTES} bytes as JSON.", ("documents",))
    return values


def _check_size(data: object) -> int:
    size = document_json.size(data)
    if size > MAX_DOCUMENT_BYTES:
        raise UnstorableError(f"The data of a document has at most {MAX_DOCUMENT_BYTES} bytes as JSON.")
    return size


async def _find(
    transaction: TenantTransaction, targets: Sequence[DocumentTarget], paths: Sequence[_Path]
) -> list[DocumentRecord]:
    """Return the documents; raise `UserErrors` for those that are not there or not in the version expected."""
    ids = [target.document_id for target in targets]
    found = await documents.find_by_ids(transaction.store, ids, transaction.session)
    problems: list[UserError] = []
    for target, path in zip(targets, paths, strict=True):
        record = found.get(target.document_id)
        if record is None:
            problems.append(UserError(UserErrorCode.NOT_FOUND, "There is no such document.", (*path, "id")))
        elif target.expected_version not in {None, record.version}:
            message = f"The document was changed meanwhile: it has the version {record.version}."
            problems.append(UserError(UserErrorCode.CONFLICT, message, (*path, "expectedVersion")))
    if problems:
        raise UserErrors(problems)
    return [found[document_id] for document_id in ids]


async def _write(
    context: RequestContext,
    organization_id: OrganizationId,
    work: Callable[[TenantTransaction], Coroutine[Any, Any, _T]],
    paths: Sequence[_Path],
) -> _T:
    try:
        return await tenant_access.write(context.services.database, organization_id, work)
    except NotWritableError:
        raise await unwritable(context, organization_id) from None
    except DocumentsRefusedError as error:
        raise UserErrors(
            [_invalid(one.message, (*paths[one.index], "data", *one.path)) for one in error.problems]
        ) from None


def _invalid(message: str, path: _Path) -> UserError:
    return UserError(UserErrorCode.INVALID, message, path)
