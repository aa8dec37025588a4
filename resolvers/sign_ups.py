"""Signing an organization up: by anyone where sign-up is open, by operators everywhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from auth.errors import UserError, UserErrorCode, UserErrors
from auth.identifiers import AdminId, OrganizationId
from auth.permissions import require
from auth.roles import Permission, Role
from resolvers import emails, login_defence, names, sessions, slugs
from resolvers.context import RequestContext
from resolvers.idempotency import Attempt, mismatch, once_by
from resolvers.sessions import IssuedSession
from storage import admins, sign_ups
from storage import slugs as reserved_slugs
from storage.acts import Act, ActorKind, ActorReference
from storage.admins import AdminRecord, AdminStatus
from storage.conflicts import EmailTakenError, SlugTakenError
from storage.database import new_id, now
from storage.idempotency import References
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import choose
from storage.sign_ups import SignUpLostError


@dataclass(frozen=True, slots=True)
class OrganizationSignUp:
    """What a newcomer gives; `slug` comes from the name unless it is given."""

    name: str
    slug: str | None
    description: str | None
    admin_name: str | None
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A new organization and its owner; the session is None if an operator signed it up, or it was signed up before."""

    organization: OrganizationRecord
    admin: AdminRecord
    session: IssuedSession | None


async def sign_up(context: RequestContext, request: OrganizationSignUp, attempt: Attempt) -> SignedUp:
    """Create an organization with its owner and its store.

    Raises `UserErrors` with all that is wrong with the input, `UserError` for a name or email that is taken, and
    `ForbiddenError` where only operators sign organizations up.
    """
    if not context.services.policy.open_signup:
        principal = await context.principal()
        require(principal, allowed=Permission.ORGANIZATION_CREATE in principal.permissions)
    key_id = attempt.key_id(None, admins.email_key(emails.normalize(request.email) or request.email))
    work = partial(_sign_up, request=request)
    return await once_by(context, attempt, key_id, work, partial(_find_again, context, request.password))


async def _sign_up(context: RequestContext, request: OrganizationSignUp) -> SignedUp:
    services = context.services
    checked, slug = await _check(context, request)
    await _refuse_taken(context, slug, checked.email, given=request.slug is not None)
    organization = _new_organization(context, checked, slug)
    owner = _new_owner(organization, checked)
    session = sessions.issue(context, owner) if services.policy.open_signup else None
    try:
        organization = await sign_ups.sign_up(
            services.database,
            organization,
            owner,
            None if session is None else session.record,
            lambda: services.passwords.hash(checked.password),
            await _act(context, owner, session),
            services.policy.verification_period,
        )
    except SlugTakenError:
        raise slugs.taken(given=request.slug is not None) from None
    except EmailTakenError:
        raise emails.taken() from None
    except SignUpLostError:
        raise UserError(UserErrorCode.CONFLICT, "The sign-up took too long and was undone: try again.") from None
    return SignedUp(organization, owner, session)


async def _find_again(context: RequestContext, password: str, references: References) -> SignedUp:
    """Return what was signed up before, to who knows the password, which is not among what the key is compared by."""
    account = await context.loaders.accounts.load(references["admin"])
    matches = await login_defence.matches(context, "" if account is None else account.email, account, password)
    if not isinstance(account, AdminRecord) or not matches:
        raise mismatch()
    organization = await context.loaders.organizations.load(account.organization_id)
    if organization is None or organization.status is OrganizationStatus.DELETED:
        raise UserError(UserErrorCode.NOT_FOUND, "The organization was signed up, and deleted since.")
    return SignedUp(organization, account, None)


async def _act(context: RequestContext, owner: AdminRecord, session: IssuedSession | None) -> Act:
    """Return who signs the organization up: its owner, unless that is left to operators."""
    if session is None:
        return await context.act()
    return context.act_of(ActorReference(ActorKind.ADMIN, owner.id), session.record.id)


async def _check(context: RequestContext, request: OrganizationSignUp) -> tuple[OrganizationSignUp, str]:
    """Return the input as it is to be stored, and the slug; raise `UserErrors` with everything that is wrong."""
    problems: list[UserError] = []

    def attempt(check: Callable[[], str | None]) -> str:
        try:
            return check() or ""
        except UserError as error:
            problems.append(error)
            return ""

    name = attempt(lambda: names.check_name(request.name, "name"))
    slug = attempt(lambda: slugs.slug_for(name, request.slug)) if name else ""
    admin_name = attempt(lambda: request.admin_name and names.check_name(request.admin_name, "adminName"))
    description = attempt(lambda: request.description and names.check_description(request.description))
    email = attempt(lambda: emails.check_email(request.email))
    try:
        await context.services.passwords.check_strength(request.password, known=[email, name, admin_name])
    except UserError as error:
        problems.append(error)
    if problems:
        raise UserErrors(problems)
    checked = replace(request, name=name, admin_name=admin_name or None, description=description or None, email=email)
    return checked, slug


async def _refuse_taken(context: RequestContext, slug: str, email: str, *, given: bool) -> None:
    """Answer early what a unique index would decide after the work of hashing a password."""
    database = context.services.database
    if await reserved_slugs.is_taken(database, slug):
        raise slugs.taken(given=given)
    if await admins.find_by_email(database, email) is not None:
        raise emails.taken()


def _new_organization(context: RequestContext, request: OrganizationSignUp, slug: str) -> OrganizationRecord:
    at, services = now(), context.services
    return OrganizationRecord(
        id=OrganizationId(new_id()),
        name=request.name,
        slug=slug,
        description=request.description,
        status=OrganizationStatus.PROVISIONING,
        created_at=at,
        updated_at=at,
        placement=choose(services.policy.store_strategy, master=services.database.name, slug=slug, epoch=1),
    )


def _new_owner(organization: OrganizationRecord, request: OrganizationSignUp) -> AdminRecord:
    """Return the owner as it is reserved: with a hash that no password has."""
    return AdminRecord(
        id=AdminId(new_id()),
        organization_id=organization.id,
        email=request.email,
        name=request.admin_name,
        role=Role.OWNER,
        status=AdminStatus.ACTIVE,
        email_verified=False,
        password_hash="",
        created_at=organization.created_at,
    )
