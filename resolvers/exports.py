"""Exporting an organization's documents, for as long as the caller may read them."""

import contextlib
from collections.abc import AsyncGenerator

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.subscriptions import while_allowed
from storage import exports
from storage.organizations import OrganizationRecord


async def find(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    """Return the organization if the caller may export its documents."""
    return await authorize(context, Permission.DOCUMENT_EXPORT, organization_id)


async def record(context: RequestContext, organization: OrganizationRecord) -> None:
    """Record that the caller exports the documents of an organization that it was found to be allowed to."""
    await exports.record(context.services.database, organization.id, await context.act())


async def lines(
    context: RequestContext, organization: OrganizationRecord, global_id: str
) -> AsyncGenerator[bytes, None]:
    """Yield the export in pieces of whole lines.

    Raises `UnauthenticatedError` or `ForbiddenError` once the caller may not read them any more, and
    `NotReadableError`.
    """
    found = exports.lines(context.services.database, organization, global_id)
    allowed = while_allowed(context, Permission.DOCUMENT_EXPORT, organization.id, found)
    async with contextlib.aclosing(allowed):
        async for piece in allowed:
            yield piece
