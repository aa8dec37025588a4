"""Resetting a password that was forgotten."""

from auth.one_time_tokens import TokenPurpose
from resolvers import emails
from resolvers.context import RequestContext
from resolvers.one_time_tokens import token_invalid
from storage import account_tokens, outbox, password_resets
from storage.acts import ActorKind, ActorReference
from storage.admins import AdminRecord
from storage.one_time_tokens import TokenInvalidError
from storage.outbox import Mail, MailKind


async def request(context: RequestContext, email: str) -> None:
    """Have a token sent to an address, if an admin has it: looked up when the mail is sent, so nobody can tell here.

    Raises `UserError` for a text that is no address.
    """
    await outbox.request(context.services.database, Mail(MailKind.PASSWORD_RESET, emails.check_email(email)))


async def reset(context: RequestContext, token: str, password: str) -> AdminRecord:
    """Set the password of the admin that a token was sent to. Raises `UserError`; the token is not spent then."""
    database, passwords = context.services.database, context.services.passwords
    admin = await account_tokens.find_admin(database, TokenPurpose.PASSWORD_RESET, token)
    if admin is None:
        raise token_invalid()
    await passwords.check_strength(password, known=[admin.email, admin.name or ""])
    password_hash = await passwords.hash(password)
    act = context.act_of(ActorReference(ActorKind.ADMIN, admin.id), None)
    try:
        return await password_resets.reset(database, token, password_hash, act)
    except TokenInvalidError:
        raise token_invalid() from None
