"""How tests come by further members of an organization, and by the tokens of invitations."""

from dataclasses import dataclass

from auth.identifiers import InvitationId
from auth.one_time_tokens import TokenPurpose
from schema import ids
from storage import invitations, one_time_tokens, outbox
from storage.database import Database, Session
from storage.one_time_tokens import TokenSubject
from tests import mails
from tests.api import API, PASSWORD, Member
from tests.storage import directory

INVITE = """
mutation ($input: InviteAdminInput!) {
  inviteAdmin(input: $input) {
    invitation { id email role state renewedAt expiresAt endedAt invitedBy { id } admin { id } organization { slug } }
    errors { code path retryable }
  }
}
"""
ACCEPT = """
mutation ($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) {
    organization { slug }
    admin { id email name role emailVerified }
    session { accessToken refreshToken }
    errors { code path }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has joined an organization: the admin's global id, its address, and an access token."""

    id: str
    email: str
    token: str


async def invite(api: API, member: Member, email: str, role: str = "VIEWER") -> str:
    """Have a member invite an address; return the invitation's global id."""
    given = {"organizationId": member.organization_id, "email": email, "role": role}
    payload = (await api.data(INVITE, {"input": given}, token=member.token))["inviteAdmin"]
    assert payload["errors"] == []
    invitation_id: str = payload["invitation"]["id"]
    return invitation_id


async def hold_mails(database: Database) -> None:
    """Take back the mails that nobody sends yet, and wait for those under way: from then on they make no tokens."""
    mails = database[outbox.COLLECTION]

    async def all_are_sent() -> bool:
        return await mails.find_one({"claim": {"$exists": True}}) is None

    while await mails.find_one_and_delete({"claim": {"$exists": False}}) is not None:
        continue
    await directory.until_it_is(all_are_sent)


async def token_of(database: Database, invitation_id: str) -> str:
    """Return a token for an invitation, as the mail about it would have one; that is not sent any more."""
    await hold_mails(database)
    await mails.until_sent(database)  # The mail's token is void then.
    invitation = await invitations.find(database, ids.decode_invitation(invitation_id))
    assert invitation is not None
    subject = TokenSubject(InvitationId(invitation.id), invitation.organization_id, invitation.email)

    async def issue(tx: Session) -> str:
        purpose, end = TokenPurpose.INVITATION, invitation.expires_at
        return await one_time_tokens.issue(database, tx, purpose, subject, expires_at=end)

    return await database.transaction(issue)


async def join(api: API, database: Database, member: Member, email: str, role: str = "VIEWER") -> Person:
    """Have a member invite an address, and somebody accept."""
    token = await token_of(database, await invite(api, member, email, role))
    given = {"token": token, "password": PASSWORD}
    payload = (await api.data(ACCEPT, {"input": given}))["acceptInvitation"]
    assert payload["errors"] == []
    return Person(payload["admin"]["id"], email, payload["session"]["accessToken"])
