"""Inviting somebody, and answering an invitation."""

from datetime import datetime
from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import inviting
from resolvers.inviting import Offer
from schema import ids
from schema.admins import Admin
from schema.enums import Role
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.invitations import Invitation
from schema.organizations import Organization
from schema.refresh_cookies import IN_COOKIE, cookie_for
from schema.sessions import SessionTokens
from schema.user_errors import Payload, mutation

_TOKEN = "The token from the mail: it is good for one answer."  # noqa: S105 - a description


@strawberry.input(description="Whom to invite.")
class InviteAdminInput:
    """Input of `inviteAdmin`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    email: str = strawberry.field(description="The email address to invite: 254 characters at most.")
    role: Role = strawberry.field(description="What who accepts may do: a role that the caller manages.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.type(description="What `inviteAdmin` returns.")
class InviteAdminPayload(Payload):
    """Payload of `inviteAdmin`."""

    invitation: Invitation | None = strawberry.field(default=None, description="The invitation, new or renewed.")


@strawberry.input(description="Which invitation to revoke.")
class RevokeInvitationInput:
    """Input of `revokeInvitation`."""

    invitation_id: strawberry.ID = strawberry.field(description="The global id of the invitation.")


@strawberry.type(description="What `revokeInvitation` returns.")
class RevokeInvitationPayload(Payload):
    """Payload of `revokeInvitation`."""

    invitation: Invitation | None = strawberry.field(default=None, description="The invitation as it is now.")


@strawberry.input(description="Who accepts.")
class AcceptInvitationInput:
    """Input of `acceptInvitation`."""

    token: str = strawberry.field(description=_TOKEN)
    name: str | None = strawberry.field(default=None, description="The name of the person: 2 to 100 characters.")
    password: str = strawberry.field(description="The password to be: 8 to 128 characters, not easy to guess.")
    refresh_token_in_cookie: bool = strawberry.field(default=False, description=IN_COOKIE)


@strawberry.type(description="What `acceptInvitation` returns.")
class AcceptInvitationPayload(Payload):
    """Payload of `acceptInvitation`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization joined.")
    admin: Admin | None = strawberry.field(default=None, description="The new admin, its address verified.")
    session: SessionTokens | None = strawberry.field(default=None, description="The admin's first session.")


@strawberry.input(description="What to decline.")
class DeclineInvitationInput:
    """Input of `declineInvitation`."""

    token: str = strawberry.field(description=_TOKEN)


@strawberry.type(description="What `declineInvitation` returns.")
class DeclineInvitationPayload(Payload):
    """Payload of `declineInvitation`."""

    declined: bool | None = strawberry.field(default=None, description="True: the invitation has ended.")


@strawberry.type(description="What somebody who was invited may know before accepting.")
class InvitationOffer:
    """An invitation as its token shows it."""

    organization: Organization = strawberry.field(description="The organization, of which everyone sees this much.")
    email: str = strawberry.field(description="The address that was invited.")
    role: Role = strawberry.field(description="What who accepts may do.")
    expires_at: datetime = strawberry.field(description="Until when the invitation can be accepted.")

    @classmethod
    def from_offer(cls, offer: Offer) -> "InvitationOffer":
        """Show an offer."""
        return cls(
            organization=Organization.from_record(offer.organization),
            email=offer.invitation.email,
            role=offer.invitation.role,
            expires_at=offer.invitation.expires_at,
        )


@strawberry.type
class InvitationQueries:
    """How who was invited sees what to."""

    @strawberry.field(
        description="What the token of an invitation is for; null when it does not count. Open to everyone: whoever "
        "has the token may know."
    )
    async def invitation(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="The token from the mail.")],
    ) -> InvitationOffer | None:
        """Look an offer up."""
        offer = await inviting.find_offer(info.context, token)
        return None if offer is None else InvitationOffer.from_offer(offer)


@strawberry.type
class InvitationMutations:
    """How somebody is invited, and answers."""

    @mutation(
        InviteAdminPayload,
        "Invite an email address to become an admin. It can accept for seven days. An address that is invited already "
        "gets a new token, and seven days anew; the former token counts no more. Admins invite viewers, owners anyone.",
        Permission.INVITATION_MANAGE,
    )
    async def invite_admin(
        self,
        info: Info,
        input: Annotated[InviteAdminInput, strawberry.argument(description="Whom to invite.")],  # noqa: A002 - the name that clients see
    ) -> InviteAdminPayload | None:
        """Invite somebody."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await inviting.invite(
            info.context, organization_id, attempt_of(info, input), email=input.email, role=input.role
        )
        return InviteAdminPayload(invitation=Invitation.from_record(record))

    @mutation(
        RevokeInvitationPayload,
        "Revoke a pending invitation: its token counts no more. One that is revoked stays as it is.",
        Permission.INVITATION_MANAGE,
    )
    async def revoke_invitation(
        self,
        info: Info,
        input: Annotated[RevokeInvitationInput, strawberry.argument(description="What to revoke.")],  # noqa: A002 - the name that clients see
    ) -> RevokeInvitationPayload | None:
        """Revoke an invitation."""
        record = await inviting.revoke(info.context, ids.decode_invitation(input.invitation_id))
        return RevokeInvitationPayload(invitation=Invitation.from_record(record))

    @mutation(
        AcceptInvitationPayload,
        "Accept an invitation: become an admin of the organization, with the invited address and role, and sign in. "
        "Open to everyone: the token, which only the invited address was sent, is the proof. Ignores `Authorization`.",
    )
    async def accept_invitation(
        self,
        info: Info,
        input: Annotated[AcceptInvitationInput, strawberry.argument(description="Who accepts.")],  # noqa: A002 - the name that clients see
    ) -> AcceptInvitationPayload | None:
        """Accept an invitation."""
        cookie = cookie_for(info.context, wanted=input.refresh_token_in_cookie)
        accepted = await inviting.accept(info.context, input.token, name=input.name, password=input.password)
        return AcceptInvitationPayload(
            organization=Organization.from_record(accepted.organization),
            admin=Admin.from_record(accepted.admin),
            session=SessionTokens.from_issued(accepted.session, cookie),
        )

    @mutation(
        DeclineInvitationPayload,
        "Decline an invitation. Open to everyone: the token is the proof. Ignores `Authorization`.",
    )
    async def decline_invitation(
        self,
        info: Info,
        input: Annotated[DeclineInvitationInput, strawberry.argument(description="What to decline.")],  # noqa: A002 - the name that clients see
    ) -> DeclineInvitationPayload | None:
        """Decline an invitation."""
        await inviting.decline(info.context, input.token)
        return DeclineInvitationPayload(declined=True)
