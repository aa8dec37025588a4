"""Deleting an organization, and taking that back while its data is retained."""

import asyncio

from auth.errors import UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize, refused
from resolvers.context import RequestContext
from storage import deletions, purges
from storage.deletions import NotDeletableError, NotRestorableError
from storage.organizations import OrganizationRecord, OrganizationStatus

_PURGE_SECONDS = 10.0


async def delete(context: RequestContext, organization_id: OrganizationId, confirm_slug: str) -> OrganizationRecord:
    """Delete an organization. Unless its data is retained, its store is destroyed when this returns, or ten seconds on.

    Raises `UserError`.
    """
    organization = await authorize(context, Permission.ORGANIZATION_DELETE, organization_id)
    if confirm_slug != organization.slug:
        raise UserError(UserErrorCode.INVALID, "To delete the organization, repeat its slug exactly.", ("confirmSlug",))
    try:
        await _end(context, organization_id)
    except NotDeletableError:
        raise await refused(context, organization_id) from None
    context.forget_loaded()
    remains = await context.loaders.organizations.load(organization_id)
    return organization if remains is None else remains


async def restore(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    """Undo the deletion of an organization whose data is retained. Raises `UserError`."""
    await authorize(context, Permission.ORGANIZATION_RESTORE, organization_id)
    try:
        return await deletions.restore(context.services.database, organization_id, await context.act())
    except NotRestorableError:
        raise await _not_restorable(context, organization_id) from None


async def _end(context: RequestContext, organization_id: OrganizationId) -> None:
    services, act = context.services, await context.act()
    retention = services.policy.delete_retention
    if retention:
        await deletions.retain(services.database, organization_id, act, retention)
        return
    worker = await deletions.mark(services.database, organization_id, act)
    purging = services.background.start(purges.purge(services.database, organization_id, worker))
    await asyncio.wait({purging}, timeout=_PURGE_SECONDS)


async def _not_restorable(context: RequestContext, organization_id: OrganizationId) -> UserError:
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    if organization is None or organization.status is OrganizationStatus.DELETED:
        return UserError(UserErrorCode.ORG_DELETED, "The organization's data is destroyed: nothing can be restored.")
    return UserError(UserErrorCode.CONFLICT, "The organization is not deleted.")
