"""Deleting an organization, and taking that back while its data is retained."""

import asyncio

from auth.errors import ForbiddenError, UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.principals import Anonymous
from auth.roles import Permission
from resolvers.authorization import actor_of, authorize, refused
from resolvers.context import RequestContext
from storage import deletions
from storage.deletions import NotDeletableError, NotRestorableError
from storage.organizations import ActorReference, OrganizationRecord, OrganizationStatus

_PURGE_SECONDS = 10.0


async def delete(context: RequestContext, organization_id: OrganizationId, confirm_slug: str) -> OrganizationRecord:
    """Delete an organization. Unless its data is retained, its store is destroyed when this returns, or ten seconds on.

    Raises `UserError`.
    """
    organization = await authorize(context, Permission.ORGANIZATION_DELETE, organization_id)
    if confirm_slug != organization.slug:
        raise UserError(UserErrorCode.INVALID, "To delete the organization, repeat its slug exactly.", ("confirmSlug",))
    principal = await context.principal()
    if isinstance(principal, Anonymous):
        raise ForbiddenError
    try:
        await _end(context, organization_id, actor_of(principal))
    except NotDeletableError:
        raise await refused(context, organization_id) from None
    context.forget_loaded()
    remains = await context.loaders.organizations.load(organization_id)
    return organization if remains is None else remains


async def restore(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    """Undo the deletion of an organization whose data is retained. Raises `UserError`."""
    await authorize(context, Permission.ORGANIZATION_RESTORE, organization_id)
    try:
        return await deletions.restore(context.services.database, organization_id)
    except NotRestorableError:
        raise await _not_restorable(context, organization_id) from None


async def _end(context: RequestContext, organization_id: OrganizationId, actor: ActorReference) -> None:
    services = context.services
    retention = services.policy.delete_retention
    if retention:
        await deletions.retain(services.database, organization_id, actor, retention)
        return
    worker = await deletions.mark(services.database, organization_id, actor)
    purging = services.background.start(deletions.purge(services.database, organization_id, worker))
    await asyncio.wait({purging}, timeout=_PURGE_SECONDS)


async def _not_restorable(context: RequestContext, organization_id: OrganizationId) -> UserError:
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    if organization is None or organization.status is OrganizationStatus.DELETED:
        return UserError(UserErrorCode.ORG_DELETED, "The organization's data is destroyed: nothing can be restored.")
    return UserError(UserErrorCode.CONFLICT, "The organization is not deleted.")
