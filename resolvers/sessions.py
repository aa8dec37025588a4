"""Sessions: opened by a password, renewed by a refresh token, ended by logout."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

from auth import refresh_tokens
from auth.errors import UnauthenticatedError, UserError, UserErrorCode
from auth.identifiers import SessionId
from auth.permissions import require
from auth.principals import AdminPrincipal, OperatorPrincipal
from auth.roles import DELETED_PERMISSIONS, Permission
from auth.tokens import AccessToken
from resolvers import emails, login_defence
from resolvers.context import RequestContext
from resolvers.refresh_cookies import RefreshCookie
from resolvers.services import Services
from storage import accounts, admins, sessions
from storage.accounts import PasswordChangedError
from storage.acts import UNKNOWN, Act, ActorKind, ActorReference
from storage.admins import AccountRecord, AdminRecord, AdminStatus
from storage.audit_actions import AuditAction
from storage.database import new_id, now
from storage.organizations import OrganizationStatus
from storage.pages import Page, PageRequest
from storage.sessions import RefreshState, SessionRecord

_ABSOLUTE_LIFETIME = timedelta(days=60)
_GRACE = timedelta(seconds=10)
_ROTATION_ATTEMPTS = 2


class _Age(Enum):
    """How a genuine refresh token stands in its chain; one that is just spent is honoured all the same."""

    CURRENT = auto()
    JUST_SPENT = auto()
    SPENT = auto()


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
    """Open a session. Raises `UserError` with `BAD_CREDENTIALS`, after equal work, whatever was wrong.

    Raises `RateLimitedError` for who has tried too often.
    """
    services = context.services
    address = emails.normalize(email)
    account = None if address is None else await admins.find_by_email(services.database, address)
    may_log_in = partial(_may_log_in, context)
    if not await login_defence.matches(context, email, account, password, may_log_in) or account is None:
        raise _bad_credentials()
    password_hash = account.password_hash
    if services.passwords.needs_rehash(password_hash):
        password_hash = await services.passwords.hash(password)
    session = issue(context, account)
    act = context.act_of(_reference(account), session.record.id)
    try:
        async with services.logins.work():
            account = await accounts.log_in(
                services.database,
                account,
                session.record,
                act,
                at=session.record.created_at,
                password_hash=password_hash,
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


async def is_current(context: RequestContext, session_id: SessionId) -> bool:
    """Tell whether the caller's token belongs to this session."""
    principal = await context.principal()
    return isinstance(principal, AdminPrincipal | OperatorPrincipal) and principal.session_id == session_id


async def find_visible(context: RequestContext, session_id: SessionId) -> SessionRecord | None:
    """Return a live session of the caller's own, or None."""
    own, session = await current(context), await context.loaders.sessions.load(session_id)
    return session if own is not None and session is not None and session.subject_id == own.subject_id else None


async def find_page(context: RequestContext, page: PageRequest) -> Page[SessionRecord]:
    """Return a page of the caller's live sessions, newest first."""
    principal = await context.principal()
    require(principal, allowed=Permission.SESSION_MANAGE in principal.permissions)
    own = await _require_current(context)
    return await sessions.find_page(context.services.database, own.subject_id, page)


async def revoke(context: RequestContext, session_id: SessionId) -> None:
    """End a session of the caller's own. Raises `UserError` with `NOT_FOUND` for any other, as for none."""
    session = await find_visible(context, session_id)
    if session is None:
        raise UserError(UserErrorCode.NOT_FOUND, "You have no such session.", ("sessionId",))
    await _end(context, session, await context.act())


async def revoke_all(context: RequestContext, *, keep_current: bool) -> int:
    """End all sessions of the caller, or all but the present one; return how many."""
    database, act, own = context.services.database, await context.act(), await _require_current(context)
    keep = own.id if keep_current else None
    return await accounts.end_sessions(database, own.subject_id, own.organization_id, act, keep=keep)


async def log_out(context: RequestContext) -> None:
    """End the session that the caller's token belongs to, and the one that the cookie is of, which is removed.

    Raises `UnauthenticatedError` if there is neither.
    """
    session = await current(context)
    if session is not None:
        await _end(context, session, await context.act())
    if not await _end_kept(context) and session is None:
        raise UnauthenticatedError


async def refresh(context: RequestContext, refresh_token: str) -> IssuedSession:
    """Exchange a refresh token for its successor and a new access token.

    The direct predecessor of the present token gets the same successor for ten seconds, so that many tabs that renew at
    once stay one session; an older or later use of a spent token ends the session. Raises `UserError` with
    `TOKEN_INVALID`.
    """
    for _ in range(_ROTATION_ATTEMPTS):
        session = await _find(context, refresh_token)
        if session is None:
            raise _token_invalid()
        await _check_account(context, session)
        successor, age = refresh_tokens.successor(refresh_token, session.refresh.key), _age(refresh_token, session)
        if age is _Age.SPENT:
            await _end_reused(context, session)
            raise _token_invalid()
        renewed = session if age is _Age.JUST_SPENT else await _rotate(context, session, successor)
        if renewed is not None:
            return IssuedSession(renewed, _access_token(context.services, renewed), successor)
    raise _token_invalid()


async def refresh_kept(context: RequestContext, cookie: RefreshCookie) -> IssuedSession:
    """Renew the session that the cookie is of, as `refresh` does; a cookie that does not count is removed."""
    try:
        return await refresh(context, cookie.token or "")
    except UserError:
        cookie.remove()
        raise


async def _find(context: RequestContext, refresh_token: str) -> SessionRecord | None:
    """Return the live session that a refresh token was issued for."""
    session_id = refresh_tokens.session_of(refresh_token)
    if session_id is None:
        return None
    session = (await sessions.find_by_ids(context.services.database, [session_id])).get(session_id)
    return session if session is not None and refresh_tokens.is_genuine(refresh_token, session.refresh.key) else None


def _age(refresh_token: str, session: SessionRecord) -> _Age:
    presented, state = refresh_tokens.fingerprint(refresh_token), session.refresh
    if presented == state.current:
        return _Age.CURRENT
    return _Age.JUST_SPENT if presented == state.previous and now() - state.rotated_at <= _GRACE else _Age.SPENT


async def _require_current(context: RequestContext) -> SessionRecord:
    session = await current(context)
    if session is None:
        raise UnauthenticatedError
    return session


async def _end(context: RequestContext, session: SessionRecord, act: Act) -> None:
    await accounts.end_session(context.services.database, session.id, session.organization_id, act)


async def _end_kept(context: RequestContext) -> bool:
    """End the session that the cookie is of, and remove the cookie; tell whether there was one."""
    cookie = context.refresh_cookie
    if cookie is None or cookie.token is None:
        return False
    session, token = await _find(context, cookie.token), cookie.token
    cookie.remove()
    if session is None:
        return False
    if _age(token, session) is _Age.SPENT:
        await _end_reused(context, session)
    else:
        await _end(context, session, context.act_of(_owner(session), session.id))
    return True


async def _end_reused(context: RequestContext, session: SessionRecord) -> None:
    """End a session of which a spent token was presented, by its owner or by a thief: nobody can tell."""
    act = context.act_of(UNKNOWN, session.id)
    reused = AuditAction.SESSION_REFRESH_REUSED
    await accounts.end_session(context.services.database, session.id, session.organization_id, act, reused)


async def _rotate(context: RequestContext, session: SessionRecord, successor: str) -> SessionRecord | None:
    return await sessions.rotate(
        context.services.database,
        session,
        successor=refresh_tokens.fingerprint(successor),
        idle_expires_at=_idle_end(context.services, now()),
        user_agent=context.origin.user_agent,
        address=context.origin.address,
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


def _owner(session: SessionRecord) -> ActorReference:
    kind = ActorKind.OPERATOR if session.organization_id is None else ActorKind.ADMIN
    return ActorReference(kind, session.subject_id)


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
