"""Inviting somebody, and what can become of that."""

from dataclasses import dataclass
from functools import partial

from auth.errors import ForbiddenError, UserError, UserErrorCode
from auth.identifiers import AdminId, InvitationId, OrganizationId
from auth.roles import Permission, Role
from resolvers import emails, names, sessions
from resolvers.authorization import authorize, not_changeable
from resolvers.context import RequestContext
from resolvers.idempotency import Attempt, once
from resolvers.memberships import changing, require_managed
from resolvers.one_time_tokens import token_invalid
from resolvers.sessions import IssuedSession
from storage import admins, inviting
from storage.acts import UNKNOWN, ActorKind, ActorReference
from storage.admins import AdminRecord, AdminStatus
from storage.conflicts import EmailTakenError
from storage.database import new_id, now
from storage.idempotency import References
from storage.invitations import LIFETIME, InvitationRecord, InvitationState
from storage.inviting import EndedError, RenewedTooSoonError, TooManyInvitationsError
from storage.one_time_tokens import TokenInvalidError
from storage.organizations import OrganizationRecord, OrganizationStatus


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation as who was invited sees it, and the organization."""

    invitation: InvitationRecord
    organization: OrganizationRecord


@dataclass(frozen=True, slots=True)
class Accepted:
    """The organization, the admin that there is now, and its first session."""

    organization: OrganizationRecord
    admin: AdminRecord
    session: IssuedSession


async def invite(
    context: RequestContext, organization_id: OrganizationId, attempt: Attempt, *, email: str, role: Role
) -> InvitationRecord:
    """Invite an address to an organization; an invitation of it that is pending is renewed.

    Raises `ForbiddenError` unless the caller manages the role, and `UserError`.
    """
    work = partial(_invite, organization_id=organization_id, email=email, role=role)
    replay = partial(_find_again, context)
    return await once(context, attempt, Permission.INVITATION_MANAGE, organization_id, work, replay)


async def revoke(context: RequestContext, invitation_id: InvitationId) -> InvitationRecord:
    """Revoke a pending invitation. Raises `ForbiddenError` unless the caller manages its role, and `UserError`."""
    invitation = await context.loaders.invitations.load(invitation_id)
    if invitation is None:
        raise ForbiddenError
    organization = await authorize(context, Permission.INVITATION_MANAGE, invitation.organization_id)
    await require_managed(context, invitation.role)
    if organization.status is not OrganizationStatus.ACTIVE:
        raise not_changeable(organization)
    act = await context.act()
    try:
        async with changing(context, organization.id):
            return await inviting.revoke(context.services.database, organization.id, invitation_id, act)
    except EndedError as error:
        raise UserError(UserErrorCode.CONFLICT, _ENDED[error.state], ("invitationId",)) from None


async def find_offer(context: RequestContext, token: str) -> Offer | None:
    """Return what a token invites to, or None if it does not count."""
    invitation = await inviting.find_offered(context.services.database, token)
    organization = None if invitation is None else await context.loaders.organizations.load(invitation.organization_id)
    return None if invitation is None or organization is None else Offer(invitation, organization)


async def accept(context: RequestContext, token: str, *, name: str | None, password: str) -> Accepted:
    """Make who holds the token an admin, signed in. Raises `UserError`; the token is not spent then."""
    offer = await find_offer(context, token)
    if offer is None:
        raise token_invalid()
    if offer.organization.status is not OrganizationStatus.ACTIVE:
        raise not_changeable(offer.organization)
    newcomer = await _newcomer(context, offer, name, password)
    session = sessions.issue(context, newcomer)
    act = context.act_of(ActorReference(ActorKind.ADMIN, newcomer.id), session.record.id)
    try:
        async with changing(context, offer.organization.id):
            admin = await inviting.accept(context.services.database, token, newcomer, session.record, act)
    except TokenInvalidError:
        raise token_invalid() from None
    except EmailTakenError:
        raise _address_taken() from None
    return Accepted(offer.organization, admin, session)


async def decline(context: RequestContext, token: str) -> None:
    """Decline the invitation that a token is for. Raises `UserError`."""
    try:
        await inviting.decline(context.services.database, token, context.act_of(UNKNOWN, None))
    except TokenInvalidError:
        raise token_invalid() from None


async def _invite(
    context: RequestContext, *, organization_id: OrganizationId, email: str, role: Role
) -> InvitationRecord:
    organization = await authorize(context, Permission.INVITATION_MANAGE, organization_id)
    await require_managed(context, role)
    if organization.status is not OrganizationStatus.ACTIVE:
        raise not_changeable(organization)
    act, at = await context.act(), now()
    invitation = InvitationRecord(
        id=InvitationId(new_id()),
        organization_id=organization_id,
        email=emails.check_email(email),
        role=role,
        state=InvitationState.PENDING,
        invited_by=act.actor,
        created_at=at,
        renewed_at=at,
        expires_at=at + LIFETIME,
    )
    try:
        async with changing(context, organization_id):
            return await inviting.invite(context.services.database, invitation, act)
    except EmailTakenError:
        message = "Somebody in this organization has this email address."
        raise UserError(UserErrorCode.EMAIL_TAKEN, message, ("email",)) from None
    except RenewedTooSoonError:
        message = "This address was invited less than a minute ago: wait before you invite it again."
        raise UserError(UserErrorCode.CONFLICT, message, ("email",), retryable=True) from None
    except TooManyInvitationsError:
        message = f"An organization has {inviting.MAX_PENDING} pending invitations at most: revoke some."
        raise UserError(UserErrorCode.CONFLICT, message) from None


async def _find_again(context: RequestContext, references: References) -> InvitationRecord:
    """Return what has become of an invitation that was sent before; it is there as long as its organization."""
    invitation = await context.loaders.invitations.load(references["invitation"])
    if invitation is None:
        raise UserError(UserErrorCode.NOT_FOUND, "Somebody was invited, and the invitation is gone since.")
    return invitation


async def _newcomer(context: RequestContext, offer: Offer, name: str | None, password: str) -> AdminRecord:
    """Return the admin to be, its password hashed: the costly part, for who has a token that counts."""
    invitation, passwords = offer.invitation, context.services.passwords
    checked = None if name is None else names.check_name(name, "name")
    await passwords.check_strength(password, known=[invitation.email, checked or "", offer.organization.name])
    if await admins.find_by_email(context.services.database, invitation.email) is not None:
        raise _address_taken()
    return AdminRecord(
        id=AdminId(new_id()),
        organization_id=invitation.organization_id,
        email=invitation.email,
        name=checked,
        role=invitation.role,
        status=AdminStatus.ACTIVE,
        email_verified=True,
        password_hash=await passwords.hash(password),
        created_at=now(),
    )


def _address_taken() -> UserError:
    message = "The invited email address has an account already."
    return UserError(UserErrorCode.EMAIL_TAKEN, message, ("token",))


_ENDED = {
    InvitationState.ACCEPTED: "The invitation was accepted.",
    InvitationState.DECLINED: "The invitation was declined.",
    InvitationState.EXPIRED: "The invitation was not answered in time.",
}
