"""Memberships: who changes the role of whom, who removes whom, and who leaves."""

import contextlib
from collections.abc import AsyncIterator

from auth.errors import ForbiddenError, UserError, UserErrorCode
from auth.identifiers import AdminId, OrganizationId
from auth.principals import AdminPrincipal
from auth.roles import MANAGED_ROLES, Permission, Role
from resolvers.authorization import authorize, authorize_change, not_changeable, refused
from resolvers.context import RequestContext
from storage import memberships
from storage.admins import AdminRecord
from storage.memberships import LastOwnerError, NotActiveError, NotManageableError
from storage.organizations import OrganizationRecord, OrganizationStatus


async def set_role(context: RequestContext, admin_id: AdminId, role: Role) -> AdminRecord:
    """Give an admin another role, which ends its sessions; the role that it has changes nothing.

    Raises `ForbiddenError` unless the caller manages both roles, and `UserError`.
    """
    admin = await _find_manageable(context, admin_id, role)
    database, act = context.services.database, await context.act()
    async with changing(context, admin.organization_id):
        return await memberships.set_role(database, admin.organization_id, admin_id, role, act)


async def remove(context: RequestContext, admin_id: AdminId) -> AdminRecord:
    """Remove an admin. Raises `ForbiddenError` unless the caller manages its role, and `UserError`."""
    admin = await _find_manageable(context, admin_id)
    database, act = context.services.database, await context.act()
    async with changing(context, admin.organization_id):
        return await memberships.remove(database, admin.organization_id, admin_id, act)


async def leave(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord:
    """Have the caller leave its organization. Raises `UserError`."""
    organization = await authorize_change(context, Permission.VIEWER_LEAVE, organization_id)
    principal, act = await context.principal(), await context.act()
    if not isinstance(principal, AdminPrincipal):
        raise ForbiddenError
    async with changing(context, organization_id):
        await memberships.leave(context.services.database, organization_id, principal.admin_id, act)
    return organization


async def require_managed(context: RequestContext, *roles: Role) -> None:
    """Raise `ForbiddenError` unless the caller is an admin who manages all these roles."""
    principal = await context.principal()
    if not isinstance(principal, AdminPrincipal) or not MANAGED_ROLES[principal.role].issuperset(roles):
        raise ForbiddenError


@contextlib.asynccontextmanager
async def changing(context: RequestContext, organization_id: OrganizationId) -> AsyncIterator[None]:
    """Let a change of an organization's memberships be refused in words that the caller understands."""
    try:
        yield
    except NotManageableError:
        raise ForbiddenError from None
    except NotActiveError:
        raise await refused(context, organization_id) from None
    except LastOwnerError:
        message = "An organization always has an active owner: make somebody else one first."
        raise UserError(UserErrorCode.LAST_OWNER, message) from None


async def _find_manageable(context: RequestContext, admin_id: AdminId, *roles: Role) -> AdminRecord:
    """Return an admin whom the caller may manage, as what it is and in these roles.

    One that does not exist is refused like one of another organization. Raises `UserError` for one that was removed.
    """
    admin = await context.loaders.accounts.load(admin_id)
    if not isinstance(admin, AdminRecord):
        raise ForbiddenError
    organization = await authorize(context, Permission.ADMIN_MANAGE, admin.organization_id)
    await require_managed(context, admin.role, *roles)
    if organization.status is not OrganizationStatus.ACTIVE:
        raise not_changeable(organization)
    if admin.removed_at is not None:
        raise UserError(UserErrorCode.NOT_FOUND, "This admin was removed, or has left.", ("adminId",))
    return admin
