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
    require(principal, allowed=principal.can(permission, organization_id))
    organization = await context.loaders.organizations.load(organization_id)
    require(principal, allowed=organization is not None)
    assert organization is not None  # noqa: S101 - require() has raised otherwise
    return organization


async def authorize_change(
    context: RequestContext, permission: Permission, organization_id: OrganizationId
) -> OrganizationRecord:
    """As `authorize`, for a change: raise `UserError` if the organization is suspended or deleted."""
    organization = await authorize(context, permission, organization_id)
    if organization.status is OrganizationStatus.SUSPENDED:
        raise UserError(UserErrorCode.ORG_SUSPENDED, "The organization is suspended: it can be read, not changed.")
    if organization.status is OrganizationStatus.DELETED:
        raise deleted()
    return organization


def deleted() -> UserError:
    """Return the error for a change to an organization that has been deleted."""
    return UserError(UserErrorCode.ORG_DELETED, "The organization has been deleted.")


def migrating() -> UserError:
    """Return the error for a change that has to wait until a move of the store is over."""
    return UserError(UserErrorCode.ORG_MIGRATING, "The organization's store is being moved: try again shortly.")


def require_active(changed: OrganizationRecord | None) -> OrganizationRecord:
    """Return the changed organization; None means that it was deleted while the request was under way."""
    if changed is None:
        raise deleted()
    return changed
