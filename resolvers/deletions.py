"""Deleting an organization, and taking that back while its data is retained."""

import asyncio
import contextlib
from functools import partial

from auth.audit_trail import TrailBreakError
from auth.errors import UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.principals import FormerAdmin
from auth.roles import Permission
from resolvers import idempotency
from resolvers.authorization import authorize, not_changeable, refused
from resolvers.context import RequestContext
from resolvers.idempotency import Attempt, once
from resolvers.services import Services
from storage import checkpoints, deletions, purges
from storage.deletions import NotDeletableError, NotRestorableError
from storage.idempotency import References
from storage.organizations import OrganizationRecord, OrganizationStatus

_PURGE_SECONDS = 10.0


async def delete(
    context: RequestContext, organization_id: OrganizationId, confirm_slug: str, attempt: Attempt
) -> OrganizationRecord:
    """Delete an organization. Unless its data is retained, its store is destroyed when this returns, or ten seconds on.

    Raises `UserError`.
    """
    work = partial(_delete, organization_id=organization_id, confirm_slug=confirm_slug)
    replay = partial(_find_again, context, organization_id, deleted=True)
    return await once(context, attempt, Permission.ORGANIZATION_DELETE, organization_id, work, replay)


async def find_deleted(
    context: RequestContext, organization_id: OrganizationId, attempt: Attempt
) -> OrganizationRecord | None:
    """Return an organization whose deletion is sent again by who has deleted it, and may not any more; None for others.

    Most often its session is over, ended by the deletion. Of that organization, and in this mutation's answer only, the
    caller may then see what the record says.
    """
    permission = Permission.ORGANIZATION_DELETE
    admin_id = await idempotency.find_former_actor(context, attempt, permission, organization_id)
    organization = None if admin_id is None else await context.loaders.organizations.load(organization_id)
    if organization is None or organization.deleted_by is None or organization.deleted_by.id != admin_id:
        return None
    context.stand_in(FormerAdmin(organization_id))
    return organization


async def restore(context: RequestContext, organization_id: OrganizationId, attempt: Attempt) -> OrganizationRecord:
    """Undo the deletion of an organization whose data is retained. Raises `UserError`."""
    work = partial(_restore, organization_id=organization_id)
    replay = partial(_find_again, context, organization_id, deleted=False)
    return await once(context, attempt, Permission.ORGANIZATION_RESTORE, organization_id, work, replay)


async def _delete(context: RequestContext, organization_id: OrganizationId, confirm_slug: str) -> OrganizationRecord:
    organization = await authorize(context, Permission.ORGANIZATION_DELETE, organization_id)
    if organization.status is OrganizationStatus.SUSPENDED:
        raise not_changeable(organization)
    if confirm_slug != organization.slug:
        raise UserError(UserErrorCode.INVALID, "To delete the organization, repeat its slug exactly.", ("confirmSlug",))
    try:
        await _end(context, organization_id)
    except NotDeletableError:
        raise await refused(context, organization_id) from None
    context.forget_loaded()
    remains = await context.loaders.organizations.load(organization_id)
    return organization if remains is None else remains


async def _restore(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    await authorize(context, Permission.ORGANIZATION_RESTORE, organization_id)
    try:
        return await deletions.restore(context.services.database, organization_id, await context.act())
    except NotRestorableError:
        raise await _not_restorable(context, organization_id) from None


async def _find_again(
    context: RequestContext, organization_id: OrganizationId, _: References, *, deleted: bool
) -> OrganizationRecord:
    organization = await authorize(context, Permission.ORGANIZATION_READ, organization_id)
    if deleted != (organization.status is OrganizationStatus.DELETED):
        raise idempotency.undone("restored" if deleted else "deleted again")
    return organization


async def _end(context: RequestContext, organization_id: OrganizationId) -> None:
    services, act = context.services, await context.act()
    retention = services.policy.delete_retention
    if retention:
        await deletions.retain(services.database, organization_id, act, retention)
        return
    worker = await deletions.mark(services.database, organization_id, act)
    purging = services.background.start(_purge(services, organization_id, worker))
    await asyncio.wait({purging}, timeout=_PURGE_SECONDS)


async def _purge(services: Services, organization_id: OrganizationId, worker: str) -> None:
    """Destroy what there is and certify it; a trail that is broken is not signed, and the signing loop says so."""
    await purges.purge(services.database, organization_id, worker)
    with contextlib.suppress(TrailBreakError):
        await checkpoints.sign(services.database, services.signer, organization_id)


async def _not_restorable(context: RequestContext, organization_id: OrganizationId) -> UserError:
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    if organization is None or organization.status is OrganizationStatus.DELETED:
        return UserError(UserErrorCode.ORG_DELETED, "The organization's data is destroyed: nothing can be restored.")
    return UserError(UserErrorCode.CONFLICT, "The organization is not deleted.")
