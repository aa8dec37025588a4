"""Whole audit trails: checked, and downloaded for as long as the caller may read them."""

import contextlib
from collections.abc import AsyncGenerator

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.subscriptions import while_allowed
from storage import audit_trails
from storage.audit_trails import NoSuchEventError, Verification
from storage.organizations import OrganizationRecord


async def verify(context: RequestContext, organization_id: OrganizationId, from_seq: int) -> Verification:
    """Check an organization's trail from an event on. Raises `BadRequestError` if there is no such event."""
    await authorize(context, Permission.AUDIT_READ, organization_id)
    services = context.services
    try:
        return await audit_trails.verify(services.database, services.signer.keys, organization_id, from_seq)
    except NoSuchEventError:
        raise BadRequestError("The trail is not as long as that.") from None


async def find(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    """Return the organization if the caller may read its trail."""
    return await authorize(context, Permission.AUDIT_READ, organization_id)


async def lines(context: RequestContext, organization: OrganizationRecord) -> AsyncGenerator[bytes, None]:
    """Yield the trail in pieces of whole lines.

    Raises `UnauthenticatedError` or `ForbiddenError` once the caller may not read it any more.
    """
    found = audit_trails.lines(context.services.database, context.services.signer, organization.id)
    allowed = while_allowed(context, Permission.AUDIT_READ, organization.id, found)
    async with contextlib.aclosing(allowed):
        async for piece in allowed:
            yield piece
