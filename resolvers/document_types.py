"""What an organization says about its documents of one type: the indexes that it declares, and their schema."""

import asyncio
from collections.abc import Sequence
from functools import partial

from auth.errors import UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import document_names
from resolvers.authorization import authorize_change, refused
from resolvers.context import RequestContext
from resolvers.idempotency import Attempt, once
from storage import document_schemas, document_types, index_builds
from storage.document_schemas import SchemaRefusedError
from storage.document_types import MAX_TYPES, DocumentTypeRecord, NotDeclarableError, TooManyTypesError
from storage.idempotency import References
from storage.index_builds import (
    MAX_INDEXES,
    MAX_INDEXES_OF_TYPE,
    BuildLostError,
    BuildUnderWayError,
    IndexBuild,
    NotIndexableDocumentsError,
    TooManyIndexesError,
)

MAX_FIELDS = 4
_WAIT_SECONDS = 2.0


async def find_all(context: RequestContext, organization_id: OrganizationId) -> list[DocumentTypeRecord]:
    """Return all types of an organization; the field's guard has verified it."""
    return await document_types.find_all(context.services.database, organization_id)


async def declare_index(
    context: RequestContext, organization_id: OrganizationId, name: str, fields: Sequence[str], attempt: Attempt
) -> DocumentTypeRecord:
    """Declare an index on fields of the data of a type; declared again, it is what it is.

    Waits two seconds for it; a longer build goes on, and the answer shows it under way. Raises `UserError`.
    """
    work = partial(_declare_index, organization_id=organization_id, name=name, fields=fields)
    replay = partial(_find_declared, context, organization_id, name, fields)
    return await once(context, attempt, Permission.DOCUMENT_TYPE_MANAGE, organization_id, work, replay)


async def _declare_index(
    context: RequestContext, organization_id: OrganizationId, name: str, fields: Sequence[str]
) -> DocumentTypeRecord:
    await authorize_change(context, Permission.DOCUMENT_TYPE_MANAGE, organization_id)
    document_names.check_type(name, ("type",))
    _check_fields(fields)
    try:
        act = await context.act()
        build = await index_builds.declare(context.services.database, organization_id, name, fields, act)
        if build is not None:
            await _run(context, build)
    except NotDeclarableError:
        raise await refused(context, organization_id) from None
    except NotIndexableDocumentsError as error:
        raise UserError(UserErrorCode.INVALID, str(error), ("fields",)) from None
    except BuildUnderWayError:
        raise _conflict("Another index of this type is being built: try again when it is ready.") from None
    except TooManyIndexesError:
        message = (
            f"There are at most {MAX_INDEXES_OF_TYPE} indexes of a type and {MAX_INDEXES} of an organization, and "
        )
        raise _conflict(f"{message}fewer where organizations share a collection.") from None
    except TooManyTypesError:
        raise _conflict(f"There are at most {MAX_TYPES} types with indexes or schemas.") from None
    return await _find(context, organization_id, name)


async def _find_declared(
    context: RequestContext, organization_id: OrganizationId, name: str, fields: Sequence[str], _: References
) -> DocumentTypeRecord:
    """Return the type with an index that was declared before, unless it was taken back."""
    found = await _find(context, organization_id, name)
    if found.index(fields) is None:
        message = "The index could not be built and was taken back: documents of this type do not fit it."
        raise UserError(UserErrorCode.INVALID, message, ("fields",))
    return found


async def set_schema(
    context: RequestContext, organization_id: OrganizationId, name: str, schema: object
) -> DocumentTypeRecord:
    """Set the JSON Schema that data of a type has to heed from now on, or remove it with None. Raises `UserError`."""
    await authorize_change(context, Permission.DOCUMENT_TYPE_MANAGE, organization_id)
    document_names.check_type(name, ("type",))
    try:
        text = None if schema is None else document_schemas.to_text(schema)
        await document_types.set_schema(context.services.database, organization_id, name, text, await context.act())
    except SchemaRefusedError as error:
        raise UserError(UserErrorCode.INVALID, str(error), ("schema",)) from None
    except NotDeclarableError:
        raise await refused(context, organization_id) from None
    except TooManyTypesError:
        raise _conflict(f"There are at most {MAX_TYPES} types with indexes or schemas.") from None
    return await _find(context, organization_id, name)


def _check_fields(fields: Sequence[str]) -> None:
    if not 1 <= len(fields) <= MAX_FIELDS:
        raise UserError(UserErrorCode.INVALID, f"An index is on 1 to {MAX_FIELDS} fields.", ("fields",))
    for position, field in enumerate(fields):
        document_names.check_field(field, ("fields", str(position)))
    if len(set(fields)) < len(fields):
        raise UserError(UserErrorCode.INVALID, "A field is there twice.", ("fields",))


async def _run(context: RequestContext, build: IndexBuild) -> None:
    """Wait for the build while that is reasonable; it goes on when the caller does not wait any more."""
    building = context.services.background.start(build.run())
    try:
        await asyncio.wait_for(asyncio.shield(building), _WAIT_SECONDS)
    except (TimeoutError, BuildLostError):
        return  # It is still `BUILDING`, or another worker goes on with it.


async def _find(context: RequestContext, organization_id: OrganizationId, name: str) -> DocumentTypeRecord:
    found = await document_types.find(context.services.database, organization_id, name)
    return DocumentTypeRecord(organization_id, name) if found is None else found


def _conflict(message: str) -> UserError:
    return UserError(UserErrorCode.CONFLICT, message)
