"""Admins: who they are, and what they change about themselves."""

from dataclasses import dataclass

from auth.errors import ForbiddenError, UserError, UserErrorCode
from auth.identifiers import AdminId, OrganizationId
from auth.principals import AdminPrincipal, OperatorPrincipal
from auth.roles import Permission
from resolvers import emails, login_defence, names
from resolvers.authorization import authorize_change
from resolvers.context import RequestContext
from storage import accounts
from storage.accounts import AdminChanges, PasswordChangedError
from storage.acts import ActorReference
from storage.admins import AdminRecord, OperatorRecord
from storage.conflicts import EmailTakenError
from storage.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class AdminUpdate:
    """What an admin changes about itself: None leaves a field as it is. Email and password want the current one."""

    name: str | None = None
    email: str | None = None
    password: str | None = None
    current_password: str | None = None


async def find_visible(context: RequestContext, admin_id: AdminId) -> AdminRecord | None:
    """Return an admin that the caller may see, or None."""
    account = await context.loaders.accounts.load(admin_id)
    if not isinstance(account, AdminRecord):
        return None
    principal = await context.principal()
    return account if principal.can(Permission.ADMIN_READ, account.organization_id) else None


async def find_page(context: RequestContext, organization_id: OrganizationId, page: PageRequest) -> Page[AdminRecord]:
    """Return a page of an organization's admins, oldest first; the field's guard has verified the organization."""
    found = await context.loaders.admin_pages.load((organization_id, page))
    return found or Page([], has_next=False, has_previous=False)


async def find_actor(context: RequestContext, actor: ActorReference) -> AdminRecord | OperatorRecord | None:
    """Return who did something, or None for the system."""
    return None if actor.id is None else await context.loaders.accounts.load(actor.id)


async def viewer(context: RequestContext) -> AdminRecord | OperatorRecord | None:
    """Return the account of the caller, or None for an anonymous one."""
    match await context.principal():
        case AdminPrincipal(admin_id=account_id) | OperatorPrincipal(operator_id=account_id):
            return await context.loaders.accounts.load(account_id)
    return None


async def update_self(context: RequestContext, update: AdminUpdate) -> AdminRecord:
    """Change the calling admin; a new email or password wants the current password and ends its other sessions.

    Raises `ForbiddenError` for operators, `UserError` for what the admin can mend.
    """
    principal = await context.principal()
    admin = await viewer(context)
    if not isinstance(principal, AdminPrincipal) or not isinstance(admin, AdminRecord):
        raise ForbiddenError("Only admins of an organization can change themselves here.")
    await authorize_change(context, Permission.VIEWER_UPDATE, admin.organization_id)
    changes = await _changes(context, admin, update)
    if not changes:
        return admin
    act = await context.act()
    try:
        return await accounts.change_admin(
            context.services.database, admin, changes, act, session_id=principal.session_id
        )
    except EmailTakenError:
        raise emails.taken() from None
    except PasswordChangedError:
        raise UserError(UserErrorCode.CONFLICT, "The account was changed meanwhile: try again.") from None


async def _changes(context: RequestContext, admin: AdminRecord, update: AdminUpdate) -> AdminChanges:
    changes = AdminChanges()
    if update.name is not None:
        changes["name"] = names.check_name(update.name, "name")
    if update.email is not None:
        email = emails.check_email(update.email)
        if email != admin.email:
            changes["email"] = email
    if update.email is None and update.password is None:
        return changes
    await _check_current_password(context, admin, update.current_password)
    if update.password is not None:
        passwords = context.services.passwords
        await passwords.check_strength(update.password, known=[admin.email, admin.name or ""])
        changes["password_hash"] = await passwords.hash(update.password)
    return changes


async def _check_current_password(context: RequestContext, admin: AdminRecord, given: str | None) -> None:
    path = ("currentPassword",)
    if given is None:
        raise UserError(UserErrorCode.INVALID, "Give the current password to change email or password.", path)
    if not await login_defence.matches(context, admin.email, admin, given):
        raise UserError(UserErrorCode.BAD_CREDENTIALS, "The current password is wrong.", path)
