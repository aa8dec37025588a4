"""Members and invitations made at storage's own level."""

from dataclasses import replace
from datetime import timedelta

from auth.identifiers import AdminId, InvitationId, OrganizationId, SessionId
from auth.one_time_tokens import TokenPurpose
from auth.roles import Role
from storage import admins, inviting, one_time_tokens, sessions
from storage.acts import Act, ActorKind, ActorReference
from storage.admins import AdminRecord
from storage.database import Database, Session, new_id, now
from storage.invitations import LIFETIME, InvitationRecord, InvitationState
from storage.one_time_tokens import TokenSubject
from storage.organizations import OrganizationRecord
from storage.sessions import RefreshState, SessionRecord
from tests.storage import directory


def act_of(admin_id: AdminId) -> Act:
    """Return how an admin acts."""
    return Act(ActorReference(ActorKind.ADMIN, admin_id))


async def owner_of(database: Database, organization_id: OrganizationId) -> AdminRecord:
    """Return who owns an organization."""
    owner = await database["admins"].find_one({"organization_id": organization_id, "role": Role.OWNER})
    assert owner is not None
    record = admins.from_document(owner)
    assert isinstance(record, AdminRecord)
    return record


def new_admin(organization: OrganizationRecord, role: Role = Role.VIEWER, email: str | None = None) -> AdminRecord:
    """Return an admin who is yet to be stored."""
    return replace(directory.new_owner(organization, email), role=role)


def new_session(admin: AdminRecord) -> SessionRecord:
    """Return a session that is yet to be stored."""
    at = now()
    end = at + timedelta(days=1)
    refresh = RefreshState(b"key", b"current", at)
    return SessionRecord(SessionId(new_id()), admin.id, admin.organization_id, at, at, end, end, refresh)


async def add(database: Database, organization: OrganizationRecord, role: Role = Role.VIEWER) -> AdminRecord:
    """Store an admin with a session."""
    admin = new_admin(organization, role)
    await database.transaction(lambda tx: admins.insert(database, tx, admin))
    await database.transaction(lambda tx: sessions.insert(database, tx, new_session(admin)))
    return admin


def new_invitation(inviter: AdminRecord, email: str, role: Role = Role.VIEWER) -> InvitationRecord:
    """Return an invitation that is yet to be stored."""
    at = now()
    return InvitationRecord(
        id=InvitationId(new_id()),
        organization_id=inviter.organization_id,
        email=email,
        role=role,
        state=InvitationState.PENDING,
        invited_by=act_of(inviter.id).actor,
        created_at=at,
        renewed_at=at,
        expires_at=at + LIFETIME,
    )


async def invite(database: Database, inviter: AdminRecord, email: str, role: Role = Role.VIEWER) -> InvitationRecord:
    """Have an admin invite an address."""
    return await inviting.invite(database, new_invitation(inviter, email, role), act_of(inviter.id))


async def token_of(database: Database, invitation: InvitationRecord) -> str:
    """Return a token for an invitation, as the mail about it has one."""
    subject = TokenSubject(invitation.id, invitation.organization_id, invitation.email)

    async def issue(tx: Session) -> str:
        purpose, end = TokenPurpose.INVITATION, invitation.expires_at
        return await one_time_tokens.issue(database, tx, purpose, subject, expires_at=end)

    return await database.transaction(issue)


async def accept(database: Database, token: str, organization: OrganizationRecord) -> AdminRecord:
    """Accept an invitation as somebody new."""
    newcomer = new_admin(organization)
    return await inviting.accept(database, token, newcomer, new_session(newcomer), act_of(newcomer.id))
