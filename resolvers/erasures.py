"""Erasing what is personal about an admin: on the command line, never by the API."""

from auth.errors import UserError, UserErrorCode
from auth.identifiers import AdminId
from resolvers.services import Services
from storage import audit_erasure
from storage.acts import SYSTEM
from storage.audit_erasure import NoSuchAdminError


async def erase(services: Services, admin_id: AdminId) -> int:
    """Erase it from the audit trail of the admin's organization; return of how many events. Raises `UserError`."""
    try:
        return await audit_erasure.erase(services.database, admin_id, SYSTEM)
    except NoSuchAdminError:
        raise UserError(UserErrorCode.NOT_FOUND, "There is no such admin.") from None
