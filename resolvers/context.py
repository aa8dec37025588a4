"""What a request carries from field to field: the services, its own loaders, and who is asking from where."""

import asyncio
import copy
from dataclasses import dataclass

from auth.errors import UnauthenticatedError
from auth.identifiers import OrganizationId, SessionId
from auth.principals import AdminPrincipal, Anonymous, OperatorPrincipal, Principal
from auth.roles import Permission
from auth.tokens import AccessClaims, InvalidTokenError
from resolvers import incidents
from resolvers.incidents import Incident
from resolvers.loaders import Loaders
from resolvers.rate_budgets import Charge
from resolvers.refresh_cookies import RefreshCookie
from resolvers.services import Services
from resolvers.sharing import Share
from storage.acts import Act, ActorKind, ActorReference
from storage.admins import AdminRecord, AdminStatus, OperatorRecord
from storage.idempotency import Claim
from storage.organizations import OrganizationStatus


@dataclass(slots=True)
class Credentials:
    """The access token that a client presents, unverified; the client of a connection can exchange it."""

    token: str | None
    of_connection: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the client's network address and name, and the id that the log knows it by."""

    address: str | None
    request_id: str
    user_agent: str | None = None


class RequestContext:
    """The context of one request."""

    def __init__(self, services: Services, credentials: Credentials, origin: Origin) -> None:
        self.services = services
        self.loaders = Loaders(services.lookups)
        self._credentials = credentials
        self._origin = origin
        self._principal: asyncio.Future[Principal] | None = None
        self._stand_in: Principal | None = None
        self.claim: Claim | None = None
        self.share: Share | None = None
        self.cost = 0
        self.charge: Charge | None = None
        self.refresh_cookie: RefreshCookie | None = None

    @property
    def origin(self) -> Origin:
        """Where the request comes from."""
        return self._origin

    async def principal(self) -> Principal:
        """Return the caller as the live records say it is, looked up once a request."""
        if self._stand_in is not None:
            return self._stand_in
        if self._principal is None:
            self._principal = asyncio.ensure_future(self._authenticate())
        return await self._principal

    async def act(self) -> Act:
        """Return how to record that the caller does something. Raises `UnauthenticatedError` for an anonymous one."""
        match await self.principal():
            case AdminPrincipal(admin_id=admin_id, session_id=session_id):
                return self.act_of(ActorReference(ActorKind.ADMIN, admin_id), session_id)
            case OperatorPrincipal(operator_id=operator_id, session_id=session_id):
                return self.act_of(ActorReference(ActorKind.OPERATOR, operator_id), session_id)
        raise UnauthenticatedError

    def act_of(self, actor: ActorReference, session_id: SessionId | None) -> Act:
        """Return how to record that somebody does something by this request, whoever the caller seems to be."""
        return Act(actor, session_id, self._origin.address, self._origin.request_id, self.claim)

    def note(self, incident: Incident) -> None:
        """Have it recorded that something was tried in vain."""
        self.services.incidents.note(incident, self._origin.address)

    async def note_denial(self, permission: Permission, organization_id: OrganizationId) -> None:
        """Have it recorded if it is an operator who was denied this."""
        principal = await self.principal()
        if isinstance(principal, OperatorPrincipal):
            operator = ActorReference(ActorKind.OPERATOR, principal.operator_id)
            self.note(incidents.denied(organization_id, operator, permission))

    def forget_loaded(self) -> None:
        """Have later fields see what a mutation has changed."""
        self.loaders = Loaders(self.services.lookups)

    def renew(self, loaders: Loaders | None = None) -> None:
        """Have the next event of a subscription look everything up anew, or in these loaders, the caller included."""
        self.loaders = loaders or Loaders(self.services.lookups)
        self._principal = None

    @property
    def connection(self) -> Credentials | None:
        """What the client has presented to the connection that the request came by; None for an HTTP request."""
        return self._credentials if self._credentials.of_connection else None

    def presenting(self, token: str) -> "RequestContext":
        """Return a context of its own for the same client with another token."""
        return RequestContext(self.services, Credentials(token), self._origin)

    def claiming(self, claim: Claim) -> "RequestContext":
        """Return this context for work that has claimed an idempotency key."""
        context = copy.copy(self)
        context.claim = claim
        return context

    def stand_in(self, principal: Principal | None) -> None:
        """Have the answer of the present mutation judged as for somebody else; None is the caller again."""
        self._stand_in = principal

    def claims(self) -> AccessClaims | None:
        """Return what the caller's token says, if it is valid: its session may be over."""
        try:
            return None if self._credentials.token is None else self.services.tokens.verify(self._credentials.token)
        except InvalidTokenError:
            return None

    async def _authenticate(self) -> Principal:
        if self._credentials.token is None:
            return Anonymous()
        claims = self.claims()
        principal = None if claims is None else await self._look_up(claims)
        return principal or Anonymous(token_refused=True)

    async def _look_up(self, claims: AccessClaims) -> Principal | None:
        session, account, organization = await asyncio.gather(
            self.loaders.sessions.load(claims.session_id),
            self.loaders.accounts.load(claims.subject_id),
            _none() if claims.organization_id is None else self.loaders.organizations.load(claims.organization_id),
        )
        if session is None or account is None or session.subject_id != account.id:
            return None
        if isinstance(account, OperatorRecord):
            return OperatorPrincipal(account.id, session.id) if claims.organization_id is None else None
        if organization is None or organization.placement is None or not _belongs(account, claims):
            return None
        deleted = organization.status is OrganizationStatus.DELETED
        principal = AdminPrincipal(account.id, session.id, organization.id, account.role, organization_deleted=deleted)
        return principal if principal.permissions else None


def _belongs(admin: AdminRecord, claims: AccessClaims) -> bool:
    present = admin.status is AdminStatus.ACTIVE and admin.removed_at is None
    return present and admin.organization_id == claims.organization_id


async def _none() -> None:
    return None
