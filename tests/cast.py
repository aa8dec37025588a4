"""Everyone who can ask, about one organization that has one of everything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.types import ASGIApp

import server
from auth.identifiers import AdminId
from auth.roles import Role
from auth.tokens import AccessTokens
from resolvers import sessions
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import ids
from server import Settings
from storage import accounts, admins
from storage import sessions as stored_sessions
from storage.admins import AccountRecord, AdminRecord
from storage.database import Database, new_id
from tests.api import API, Member
from tests.live import services_of
from tests.members import hold_mails
from tests.permission_matrix import Caller
from tests.storage.directory import ACT

_RENAME = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { migration { id } errors { code } } }"
_CREATE = "mutation ($i: CreateDocumentInput!) { createDocument(input: $i) { document { id } errors { code } } }"
_INVITE = "mutation ($i: InviteAdminInput!) { inviteAdmin(input: $i) { invitation { id } errors { code } } }"
_SEEN = """
query ($id: ID!) {
  viewer { session { id } }
  organization(id: $id) { auditEvents(first: 1) { edges { node { id } } } }
}
"""


@dataclass(frozen=True, slots=True)
class Cast:
    """The organization's owner, its ids by what they are of, and a token for each caller."""

    owner: Member
    accounts: Mapping[Caller, AccountRecord]
    names: Mapping[str, str]
    tokens: dict[Caller, str | None]
    services: Services

    async def sign_in_again(self, caller: Caller) -> None:
        """Give a caller a session of its own, after it has ended the one before."""
        self.tokens[caller] = await _open_session(self.services, self.accounts[caller])


async def assemble(app: ASGIApp, api: API, settings: Settings, operator_token: str) -> Cast:
    """Sign an organization up and bring everyone together."""
    services = await services_of(app)
    owner, stranger = await api.sign_up(), await api.sign_up()
    claims = services.tokens.verify(owner.token)
    others = [ids.decode_admin(stranger.admin_id), services.tokens.verify(operator_token).subject_id]
    found = await admins.find_by_ids(services.database, [claims.subject_id, *others])
    record = found[claims.subject_id]
    assert isinstance(record, AdminRecord)
    people: dict[Caller, AccountRecord] = {
        Caller.OWNER: record,
        Caller.STRANGER: found[others[0]],
        Caller.OPERATOR: found[others[1]],
        Caller.ADMIN: await _add(services.database, record, Role.ADMIN),
        Caller.VIEWER: await _add(services.database, record, Role.VIEWER),
    }
    tokens: dict[Caller, str | None] = {
        caller: await _open_session(services, account) for caller, account in people.items()
    }
    tokens |= {
        Caller.ANONYMOUS: None,
        Caller.EXPIRED: _expired(services, settings, owner),
        Caller.REVOKED: await _revoked(services, record),
        Caller.OWNER: owner.token,
        Caller.OPERATOR: operator_token,
    }
    names = await _names(api, owner, people)
    await hold_mails(services.database)
    return Cast(owner, people, names, tokens, services)


async def _names(api: API, owner: Member, people: Mapping[Caller, AccountRecord]) -> dict[str, str]:
    """Return the ids of what there is of the organization, after making one of everything."""
    rename = {"organizationId": owner.organization_id, "name": f"{owner.name} Renamed"}
    document = {"organizationId": owner.organization_id, "type": "note", "data": {"n": 1}}
    created = (await api.data(_CREATE, {"i": document}, token=owner.token))["createDocument"]
    renamed = (await api.data(_RENAME, {"i": rename}, token=owner.token))["renameOrg"]
    invitation = {"organizationId": owner.organization_id, "email": "invited@example.com", "role": "VIEWER"}
    invited = (await api.data(_INVITE, {"i": invitation}, token=owner.token))["inviteAdmin"]
    seen = await api.data(_SEEN, {"id": owner.organization_id}, token=owner.token)
    (event,) = seen["organization"]["auditEvents"]["edges"]
    return {
        "organization": owner.organization_id,
        "owner": owner.admin_id,
        "admin": ids.encode(ids.NodeType.ADMIN, people[Caller.ADMIN].id),
        "viewer": ids.encode(ids.NodeType.ADMIN, people[Caller.VIEWER].id),
        "operator": ids.encode(ids.NodeType.OPERATOR, people[Caller.OPERATOR].id),
        "invitation": invited["invitation"]["id"],
        "migration": renamed["migration"]["id"],
        "document": created["document"]["id"],
        "session": seen["viewer"]["session"]["id"],
        "audit_event": event["node"]["id"],
    }


async def _add(database: Database, owner: AdminRecord, role: Role) -> AdminRecord:
    email = f"{role.lower()}.{owner.email}"
    record = replace(owner, id=AdminId(new_id()), role=role, email=email)
    await database[admins.COLLECTION].insert_one(admins.to_document(record))
    return record


async def _open_session(services: Services, account: AccountRecord) -> str:
    issued = sessions.issue(RequestContext(services, Credentials(None), Origin(None, "cast")), account)
    await services.database.transaction(lambda tx: stored_sessions.insert(services.database, tx, issued.record))
    return issued.access_token.value


async def _revoked(services: Services, account: AdminRecord) -> str:
    token = await _open_session(services, account)
    session_id = services.tokens.verify(token).session_id
    await accounts.end_session(services.database, session_id, account.organization_id, ACT)
    return token


def _expired(services: Services, settings: Settings, owner: Member) -> str:
    claims = services.tokens.verify(owner.token)
    over = AccessTokens(
        server.load_keys(settings),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        ttl=timedelta(minutes=-1),
    )
    return over.issue(claims.subject_id, claims.session_id, claims.organization_id).value
