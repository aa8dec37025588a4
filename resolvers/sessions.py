"""Sessions: opened by a password, renewed by a refresh token, ended by logout."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auth import refresh_tokens
from auth.errors import UserError, UserErrorCode
from auth.identifiers import SessionId
from auth.principals import AdminPrincipal, OperatorPrincipal
from auth.roles import DELETED_PERMISSIONS
from auth.tokens import AccessToken
from resolvers import emails, incidents
from resolvers.context import RequestContext
from resolvers.services import Services
from storage import accounts, admins, sessions
from storage.accounts import PasswordChangedError
from storage.acts import UNKNOWN, ActorKind, ActorReference
from storage.admins import AccountRecord, AdminRecord, AdminStatus
from storage.audit_actions import AuditAction
from storage.database import new_id, now
from storage.organizations import OrganizationStatus
from storage.sessions import RefreshState, SessionRecord

_ABSOLUTE_LIFETIME = timedelta(days=60)
_GRACE = timedelta(seconds=10)
_ROTATION_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session and the tokens to use it with: the only moment at which the refresh token is known."""

    record: SessionRecord
    access_token: AccessToken
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Login:
    """Who has logged in, and the session that was opened."""

    account: AccountRecord
    session: IssuedSession


def issue(context: RequestContext, account: AccountRecord) -> IssuedSession:
    """Make a new session of an account with the client that asks, yet to be stored."""
    services = context.services
    at, session_id, key = now(), SessionId(new_id()), refresh_tokens.create_key()
    refresh_token = refresh_tokens.create(session_id, key)
    record = SessionRecord(
        id=session_id,
        subject_id=account.id,
        organization_id=account.organization_id if isinstance(account, AdminRecord) else None,
        created_at=at,
        last_used_at=at,
        idle_expires_at=_idle_end(services, at),
        expires_at=at + _ABSOLUTE_LIFETIME,
        refresh=RefreshState(key, refresh_tokens.fingerprint(refresh_token), at),
        user_agent=context.origin.user_agent,
        address=context.origin.address,
    )
    return IssuedSession(record, _access_token(services, record), refresh_token)


async def log_in(context: RequestContext, *, email: str, password: str) -> Login:
    """Open a session. Raises `UserError` with `BAD_CREDENTIALS`, after equal work, whatever was wrong."""
    services = context.services
    address = emails.normalize(email)
    account = None if address is None else await admins.find_by_email(services.database, address)
    matches = await services.passwords.verify(password, None if account is None else account.password_hash)
    if account is None or not matches or not await _may_log_in(context, account):
        if isinstance(account, AdminRecord):
            context.note(incidents.failed_login(account.organization_id, account.id))
        raise _bad_credentials()
    password_hash = account.password_hash
    if services.passwords.needs_rehash(password_hash):
        password_hash = await services.passwords.hash(password)
    session = issue(context, account)
    act = context.act_of(_reference(account), session.record.id)
    try:
        account = await accounts.log_in(
            services.database, account, session.record, act, at=session.record.created_at, password_hash=password_hash
        )
    except PasswordChangedError:
        raise _bad_credentials() from None
    return Login(account, session)


async def current(context: RequestContext) -> SessionRecord | None:
    """Return the session that the caller's token belongs to, or None for an anonymous caller."""
    principal = await context.principal()
    if not isinstance(principal, AdminPrincipal | OperatorPrincipal):
        return None
    return await context.loaders.sessions.load(principal.session_id)


async def log_out(context: RequestContext) -> None:
    """End the session that the caller's token belongs to. Raises `UnauthenticatedError` if there is none."""
    act, session = await context.act(), await current(context)
    if session is not None:
        await accounts.end_session(context.services.database, session.id, session.organization_id, act)


async def refresh(context: RequestContext, refresh_token: str) -> IssuedSession:
    """Exchange a refresh token for its successor and a new access token.

    The direct predecessor of the present token gets the same successor for ten seconds, so that many tabs that renew at
    once stay one session; an older or later use of a spent token ends the session. Raises `UserError` with
    `TOKEN_INVALID`.
    """
    database, session_id = context.services.database, refresh_tokens.session_of(refresh_token)
    for _ in range(_ROTATION_ATTEMPTS):
        session = None if session_id is None else (await sessions.find_by_ids(database, [session_id])).get(session_id)
        if session is None or not refresh_tokens.is_genuine(refresh_token, session.refresh.key):
            raise _token_invalid()
        await _check_account(context, session)
        presented, state = refresh_tokens.fingerprint(refresh_token), session.refresh
        successor = refresh_tokens.successor(refresh_token, state.key)
        if presented == state.previous and now() - state.rotated_at <= _GRACE:
            return IssuedSession(session, _access_token(context.services, session), successor)
        if presented != state.current:
            await _end_reused(context, session)
            raise _token_invalid()
        rotated = await _rotate(context.services, session, successor)
        if rotated is not None:
            return IssuedSession(rotated, _access_token(context.services, rotated), successor)
    raise _token_invalid()


async def _end_reused(context: RequestContext, session: SessionRecord) -> None:
    """End a session of which a spent token was presented, by its owner or by a thief: nobody can tell."""
    act = context.act_of(UNKNOWN, session.id)
    reused = AuditAction.SESSION_REFRESH_REUSED
    await accounts.end_session(context.services.database, session.id, session.organization_id, act, reused)


async def _rotate(services: Services, session: SessionRecord, successor: str) -> SessionRecord | None:
    return await sessions.rotate(
        services.database,
        session.id,
        current=session.refresh.current,
        successor=refresh_tokens.fingerprint(successor),
        idle_expires_at=_idle_end(services, now()),
    )


async def _check_account(context: RequestContext, session: SessionRecord) -> None:
    account = await context.loaders.accounts.load(session.subject_id)
    if account is None or not await _may_log_in(context, account):
        raise _token_invalid()


async def _may_log_in(context: RequestContext, account: AccountRecord) -> bool:
    if not isinstance(account, AdminRecord):
        return True
    organization = await context.loaders.organizations.load(account.organization_id)
    if organization is None or account.status is not AdminStatus.ACTIVE or account.removed_at is not None:
        return False
    if organization.status is not OrganizationStatus.DELETED:
        return True
    return organization.purge_at is not None and bool(DELETED_PERMISSIONS[account.role])


def _reference(account: AccountRecord) -> ActorReference:
    kind = ActorKind.ADMIN if isinstance(account, AdminRecord) else ActorKind.OPERATOR
    return ActorReference(kind, account.id)


def _access_token(services: Services, session: SessionRecord) -> AccessToken:
    return services.tokens.issue(session.subject_id, session.id, session.organization_id)


def _idle_end(services: Services, at: datetime) -> datetime:
    return at + services.policy.session_idle


def _bad_credentials() -> UserError:
    return UserError(UserErrorCode.BAD_CREDENTIALS, "The email address or the password is wrong.")


def _token_invalid() -> UserError:
    return UserError(UserErrorCode.TOKEN_INVALID, "The refresh token does not count: log in again.", ("refreshToken",))
