"""Verifies that the caller may act on an organization, and that the organization can be changed now."""

from auth.errors import UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.permissions import require
from auth.roles import Permission
from resolvers.context import RequestContext
from storage.organizations import OrganizationRecord, OrganizationStatus


async def authorize(
    context: RequestContext, permission: Permission, organization_id: OrganizationId
) -> OrganizationRecord:
    """Return the organization if the caller holds the permission in it.

    Raises `UnauthenticatedError` or `ForbiddenError`; an organization that does not exist is refused like another's.
    """
    principal = await context.principal()
    allowed = principal.can(permission, organization_id)
    if not allowed:
        await context.note_denial(permission, organization_id)
    require(principal, allowed=allowed)
    organization = await context.loaders.organizations.load(organization_id)
    require(principal, allowed=organization is not None)
    assert organization is not None  # noqa: S101 - require() has raised otherwise
    return organization


async def authorize_change(
    context: RequestContext, permission: Permission, organization_id: OrganizationId
) -> OrganizationRecord:
    """As `authorize`, for a change: raise `UserError` if the organization is suspended or deleted."""
    organization = await authorize(context, permission, organization_id)
    if organization.status is not OrganizationStatus.ACTIVE:
        raise not_changeable(organization)
    return organization


async def refused(context: RequestContext, organization_id: OrganizationId) -> UserError:
    """Return why a change that was allowed could not be made after all: the organization has changed meanwhile."""
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    return not_changeable(organization)


async def unwritable(context: RequestContext, organization_id: OrganizationId) -> UserError:
    """Return why documents could not be written although that was allowed: an active organization is being moved."""
    context.forget_loaded()
    organization = await context.loaders.organizations.load(organization_id)
    if organization is not None and organization.status is OrganizationStatus.ACTIVE:
        return _migrating()
    return not_changeable(organization)


def not_changeable(organization: OrganizationRecord | None) -> UserError:
    """Return the error for a change to an organization in this state."""
    if organization is None or organization.status is OrganizationStatus.DELETED:
        return UserError(UserErrorCode.ORG_DELETED, "The organization has been deleted.")
    if organization.status is OrganizationStatus.SUSPENDED:
        return UserError(UserErrorCode.ORG_SUSPENDED, "The organization is suspended: it can be read, not changed.")
    if organization.migration_id is not None:
        return _migrating()
    return UserError(UserErrorCode.CONFLICT, "The organization was changed meanwhile: read it again and retry.")


def _migrating() -> UserError:
    message = "The organization's store is being moved: try again shortly."
    return UserError(UserErrorCode.ORG_MIGRATING, message, retryable=True)
