"""Invitations: who may see them."""

from collections.abc import Sequence

from auth.identifiers import InvitationId, OrganizationId
from auth.roles import Permission
from resolvers.context import RequestContext
from storage import invitations
from storage.invitations import InvitationRecord, InvitationState
from storage.pages import Page, PageRequest


async def find_visible(context: RequestContext, invitation_id: InvitationId) -> InvitationRecord | None:
    """Return an invitation that the caller may see, or None."""
    invitation = await context.loaders.invitations.load(invitation_id)
    if invitation is None:
        return None
    principal = await context.principal()
    return invitation if principal.can(Permission.INVITATION_READ, invitation.organization_id) else None


async def find_page(
    context: RequestContext,
    organization_id: OrganizationId,
    states: Sequence[InvitationState] | None,
    page: PageRequest,
) -> Page[InvitationRecord]:
    """Return a page of invitations, newest first; the field's guard has verified the organization."""
    return await invitations.find_page(context.services.database, organization_id, states, page)
