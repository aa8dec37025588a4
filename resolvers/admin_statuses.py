"""Deactivating admins, and activating them again: operators do, and say why."""

from auth.errors import UserError, UserErrorCode
from auth.identifiers import AdminId
from auth.permissions import require
from auth.roles import Permission
from resolvers import reasons
from resolvers.context import RequestContext
from resolvers.memberships import changing
from storage import admin_statuses
from storage.admins import AdminRecord, AdminStatus


async def set_status(context: RequestContext, admin_id: AdminId, status: AdminStatus, reason: str) -> AdminRecord:
    """Deactivate an admin, which ends its sessions, or activate it. Raises `UserError`."""
    admin = await context.loaders.accounts.load(admin_id)
    if not isinstance(admin, AdminRecord):
        raise _not_found()
    principal = await context.principal()
    require(principal, allowed=principal.can(Permission.ADMIN_SET_STATUS, admin.organization_id))
    reason, database, act = reasons.check(reason), context.services.database, await context.act()
    async with changing(context, admin.organization_id):
        changed = await admin_statuses.set_status(database, admin.organization_id, admin_id, status, act, reason)
    if changed is None:
        raise _not_found()
    return changed


def _not_found() -> UserError:
    return UserError(UserErrorCode.NOT_FOUND, "There is no such admin, or not any more.", ("adminId",))
