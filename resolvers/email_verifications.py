"""Verifying that an email address is its admin's."""

from auth.errors import ForbiddenError, UserError, UserErrorCode
from auth.one_time_tokens import TokenPurpose
from auth.roles import Permission
from resolvers import admins
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.one_time_tokens import token_invalid
from storage import account_tokens, email_verifications, outbox
from storage.acts import ActorKind, ActorReference
from storage.admins import AdminRecord
from storage.one_time_tokens import TokenInvalidError
from storage.outbox import Mail, MailKind


async def request(context: RequestContext) -> None:
    """Have a new token sent to the caller's address. Raises `ForbiddenError`, or `UserError` for a verified one."""
    admin = await admins.viewer(context)
    if not isinstance(admin, AdminRecord):
        raise ForbiddenError("Only admins of an organization have addresses to verify.")
    await authorize(context, Permission.VIEWER_UPDATE, admin.organization_id)
    if admin.email_verified:
        raise UserError(UserErrorCode.CONFLICT, "The email address is verified.")
    mail = Mail(MailKind.EMAIL_VERIFICATION, admin.email, admin.organization_id, admin.id)
    await outbox.request(context.services.database, mail)


async def verify(context: RequestContext, token: str) -> AdminRecord:
    """Note that the admin that a token was sent to has the address. Raises `UserError`."""
    database = context.services.database
    admin = await account_tokens.find_admin(database, TokenPurpose.EMAIL_VERIFICATION, token)
    if admin is None:
        raise token_invalid()
    act = context.act_of(ActorReference(ActorKind.ADMIN, admin.id), None)
    try:
        return await email_verifications.verify(database, token, act)
    except TokenInvalidError:
        raise token_invalid() from None
