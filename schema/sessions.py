"""Sessions: signing in, staying signed in, signing out."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.relay import PageInfo

from auth.identifiers import SessionId
from auth.roles import Permission
from resolvers import sessions
from resolvers.refresh_cookies import RefreshCookie
from resolvers.sessions import IssuedSession
from schema import ids
from schema.admins import Admin, Operator
from schema.connections import connect
from schema.fields import Info
from schema.ids import NodeType, encode
from schema.interfaces import Node
from schema.refresh_cookies import IN_COOKIE, cookie_for
from schema.user_errors import Payload, mutation
from storage.admins import AdminRecord
from storage.pages import Key, Page
from storage.sessions import SessionRecord

ORDER = "sessions:created"


@strawberry.type(description="The tokens of a session, shown once.")
class SessionTokens:
    """What a client needs to act."""

    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = strawberry.field(description="Always `Bearer`.")
    expires_at: datetime = strawberry.field(description="When the access token ends.")
    refresh_token: str | None = strawberry.field(
        description="Exchange it with `refreshSession` for new tokens; it is good for one use. Null when it is kept in "
        "a cookie."
    )

    @classmethod
    def from_issued(cls, issued: IssuedSession, cookie: RefreshCookie | None = None) -> "SessionTokens":
        """Show new tokens, but have the refresh token kept in the cookie if there is one."""
        if cookie is not None:
            cookie.keep(issued.refresh_token, issued.record.ends_at)
        return cls(
            access_token=issued.access_token.value,
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_at=issued.access_token.expires_at,
            refresh_token=issued.refresh_token if cookie is None else None,
        )


@strawberry.type(description="A login that has not ended.")
class Session(Node):
    """A session of the viewer."""

    session_id: strawberry.Private[SessionId]
    created_at: datetime = strawberry.field(description="When the session began.")
    last_used_at: datetime = strawberry.field(description="When the session was last renewed.")
    expires_at: datetime = strawberry.field(description="When the session ends, unless it is renewed before.")
    client: str | None = strawberry.field(
        description="What the client called itself when the session was last renewed: its `User-Agent`."
    )
    address: str | None = strawberry.field(description="The network address that the session was last renewed from.")

    @strawberry.field(description="Whether it is the session that the access token belongs to.")
    async def current(self, info: Info) -> bool:
        """Compare the session with the caller's."""
        return await sessions.is_current(info.context, self.session_id)

    @classmethod
    def from_record(cls, record: SessionRecord) -> "Session":
        """Show a stored session."""
        return cls(
            id=encode(NodeType.SESSION, record.id),
            session_id=record.id,
            created_at=record.created_at,
            last_used_at=record.last_used_at,
            expires_at=record.ends_at,
            client=record.user_agent,
            address=record.address,
        )


@strawberry.type(description="A session in a connection.")
class SessionEdge:
    """One place in a page of sessions."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Session = strawberry.field(description="The session.")


@strawberry.type(description="A page of sessions, newest first.")
class SessionConnection:
    """A page of sessions."""

    edges: list[SessionEdge] = strawberry.field(description="The sessions with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")

    @classmethod
    def from_page(cls, page: Page[SessionRecord]) -> "SessionConnection":
        """Show a page of stored sessions."""
        return connect(cls, SessionEdge, page, ORDER, _key, Session.from_record)


@strawberry.input(description="Who signs in.")
class LoginInput:
    """Input of `login`."""

    email: str = strawberry.field(description="The email address, in any case.")
    password: str = strawberry.field(description="The password.")
    refresh_token_in_cookie: bool = strawberry.field(default=False, description=IN_COOKIE)


@strawberry.type(description="What `login` returns.")
class LoginPayload(Payload):
    """Payload of `login`."""

    session: SessionTokens | None = strawberry.field(default=None, description="The tokens of the new session.")
    admin: Admin | None = strawberry.field(default=None, description="Who has signed in, if it is an admin.")
    operator: Operator | None = strawberry.field(default=None, description="Who has signed in, if it is an operator.")


@strawberry.input(description="What to renew a session with.")
class RefreshSessionInput:
    """Input of `refreshSession`."""

    refresh_token: str | None = strawberry.field(
        default=None, description="The refresh token that was given last; without it, the one in the cookie counts."
    )


@strawberry.type(description="What `refreshSession` returns.")
class RefreshSessionPayload(Payload):
    """Payload of `refreshSession`."""

    session: SessionTokens | None = strawberry.field(default=None, description="The new tokens of the session.")


@strawberry.type(description="What `logout` returns.")
class LogoutPayload(Payload):
    """Payload of `logout`."""

    logged_out: bool | None = strawberry.field(default=None, description="True: the session's tokens have ended.")


@strawberry.input(description="Which session to end.")
class RevokeSessionInput:
    """Input of `revokeSession`."""

    session_id: strawberry.ID = strawberry.field(description="The global id of a session of one's own.")


@strawberry.type(description="What `revokeSession` returns.")
class RevokeSessionPayload(Payload):
    """Payload of `revokeSession`."""

    revoked_session_id: strawberry.ID | None = strawberry.field(
        default=None, description="The global id of the session that has ended."
    )


@strawberry.input(description="Which sessions to end.")
class RevokeAllSessionsInput:
    """Input of `revokeAllSessions`."""

    keep_current: bool = strawberry.field(
        default=False, description="Whether the session that the access token belongs to goes on."
    )


@strawberry.type(description="What `revokeAllSessions` returns.")
class RevokeAllSessionsPayload(Payload):
    """Payload of `revokeAllSessions`."""

    revoked_count: int | None = strawberry.field(default=None, description="How many sessions have ended.")


@strawberry.type
class SessionMutations:
    """How sessions begin and end."""

    @mutation(
        LoginPayload,
        "Sign in. Whatever is wrong with email or password, the answer is `BAD_CREDENTIALS`. For an owner of a deleted "
        "organization whose data is retained, the session is one to restore it. Ignores `Authorization`.",
    )
    async def login(
        self,
        info: Info,
        input: Annotated[LoginInput, strawberry.argument(description="Who signs in.")],  # noqa: A002 - the name that clients see
    ) -> LoginPayload | None:
        """Open a session."""
        cookie = cookie_for(info.context, wanted=input.refresh_token_in_cookie)
        login = await sessions.log_in(info.context, email=input.email, password=input.password)
        tokens = SessionTokens.from_issued(login.session, cookie)
        if isinstance(login.account, AdminRecord):
            return LoginPayload(session=tokens, admin=Admin.from_record(login.account))
        return LoginPayload(session=tokens, operator=Operator.from_record(login.account))

    @mutation(
        RefreshSessionPayload,
        "Exchange a refresh token for new tokens. A token that was exchanged before, unless just now, ends the "
        "session, since it may be stolen. Ignores `Authorization`.",
    )
    async def refresh_session(
        self,
        info: Info,
        input: Annotated[RefreshSessionInput, strawberry.argument(description="What to renew with.")],  # noqa: A002 - the name that clients see
    ) -> RefreshSessionPayload | None:
        """Renew a session."""
        cookie = cookie_for(info.context, wanted=input.refresh_token is None)
        if cookie is None:
            issued = await sessions.refresh(info.context, input.refresh_token or "")
        else:
            issued = await sessions.refresh_kept(info.context, cookie)
        return RefreshSessionPayload(session=SessionTokens.from_issued(issued, cookie))

    @mutation(
        RevokeSessionPayload,
        "End a session of one's own: its tokens count no more from the next request on.",
        Permission.SESSION_MANAGE,
    )
    async def revoke_session(
        self,
        info: Info,
        input: Annotated[RevokeSessionInput, strawberry.argument(description="Which one to end.")],  # noqa: A002 - the name that clients see
    ) -> RevokeSessionPayload | None:
        """End one session."""
        await sessions.revoke(info.context, ids.decode_session(input.session_id))
        return RevokeSessionPayload(revoked_session_id=input.session_id)

    @mutation(
        RevokeAllSessionsPayload,
        "End all sessions of one's own, wherever they are: their tokens count no more from the next request on.",
        Permission.SESSION_MANAGE,
    )
    async def revoke_all_sessions(
        self,
        info: Info,
        input: Annotated[RevokeAllSessionsInput, strawberry.argument(description="Which ones to end.")],  # noqa: A002 - the name that clients see
    ) -> RevokeAllSessionsPayload | None:
        """End the sessions."""
        count = await sessions.revoke_all(info.context, keep_current=input.keep_current)
        return RevokeAllSessionsPayload(revoked_count=count)

    @mutation(
        LogoutPayload,
        "Sign out: end the session that the access token belongs to, and the one whose refresh token is in the cookie; "
        "either is enough.",
    )
    async def logout(self, info: Info) -> LogoutPayload | None:
        """End the session."""
        await sessions.log_out(info.context)
        return LogoutPayload(logged_out=True)


def _key(record: SessionRecord) -> Key:
    return record.created_at, record.id
