"""Suspending organizations, and ending that: operators do, and say why."""

from auth.errors import UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import reasons
from resolvers.context import RequestContext
from storage import suspensions
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.suspensions import NotSuspendableError, NotSuspendedError


async def suspend(context: RequestContext, organization_id: OrganizationId, reason: str) -> OrganizationRecord:
    """Suspend an organization. Raises `UserError`; the mutation's guard has let operators through only."""
    reason = await _check(context, organization_id, reason)
    try:
        return await suspensions.suspend(context.services.database, organization_id, await context.act(), reason)
    except NotSuspendableError:
        raise await _refused(context, organization_id, "The organization is suspended already.") from None


async def reactivate(context: RequestContext, organization_id: OrganizationId, reason: str) -> OrganizationRecord:
    """End the suspension of an organization. Raises `UserError`."""
    reason = await _check(context, organization_id, reason)
    try:
        return await suspensions.reactivate(context.services.database, organization_id, await context.act(), reason)
    except NotSuspendedError:
        raise await _refused(context, organization_id, "The organization is not suspended.") from None


async def _check(context: RequestContext, organization_id: OrganizationId, reason: str) -> str:
    """Return the reason as it is to be recorded, if the organization is there."""
    principal = await context.principal()
    assert principal.can(Permission.ORGANIZATION_SUSPEND, organization_id)  # noqa: S101 - operators hold it everywhere
    if await context.loaders.organizations.load(organization_id) is None:
        raise UserError(UserErrorCode.NOT_FOUND, "There is no such organization.", ("organizationId",))
    return reasons.check(reason)


async def _refused(context: RequestContext, organization_id: OrganizationId, otherwise: str) -> UserError:
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    if organization is None or organization.status is OrganizationStatus.DELETED:
        return UserError(UserErrorCode.ORG_DELETED, "The organization has been deleted.")
    return UserError(UserErrorCode.CONFLICT, otherwise)
