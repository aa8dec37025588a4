"""Sessions: signing in, staying signed in, signing out."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers import sessions
from resolvers.sessions import IssuedSession
from schema.admins import Admin, Operator
from schema.fields import Info
from schema.ids import NodeType, encode
from schema.interfaces import Node
from schema.user_errors import Payload, mutation
from storage.admins import AdminRecord
from storage.sessions import SessionRecord


@strawberry.type(description="The tokens of a session, shown once.")
class SessionTokens:
    """What a client needs to act."""

    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = strawberry.field(description="Always `Bearer`.")
    expires_at: datetime = strawberry.field(description="When the access token ends.")
    refresh_token: str | None = strawberry.field(
        description="Exchange it with `refreshSession` for new tokens; it is good for one use."
    )

    @classmethod
    def from_issued(cls, issued: IssuedSession) -> "SessionTokens":
        """Show new tokens."""
        return cls(
            access_token=issued.access_token.value,
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_at=issued.access_token.expires_at,
            refresh_token=issued.refresh_token,
        )


@strawberry.type(description="A login that has not ended.")
class Session(Node):
    """A session of the viewer."""

    created_at: datetime = strawberry.field(description="When the session began.")
    last_used_at: datetime = strawberry.field(description="When the session was last renewed.")
    expires_at: datetime = strawberry.field(description="When the session ends, unless it is renewed before.")

    @classmethod
    def from_record(cls, record: SessionRecord) -> "Session":
        """Show a stored session."""
        return cls(
            id=encode(NodeType.SESSION, record.id),
            created_at=record.created_at,
            last_used_at=record.last_used_at,
            expires_at=min(record.idle_expires_at, record.expires_at),
        )


@strawberry.input(description="Who signs in.")
class LoginInput:
    """Input of `login`."""

    email: str = strawberry.field(description="The email address, in any case.")
    password: str = strawberry.field(description="The password.")


@strawberry.type(description="What `login` returns.")
class LoginPayload(Payload):
    """Payload of `login`."""

    session: SessionTokens | None = strawberry.field(default=None, description="The tokens of the new session.")
    admin: Admin | None = strawberry.field(default=None, description="Who has signed in, if it is an admin.")
    operator: Operator | None = strawberry.field(default=None, description="Who has signed in, if it is an operator.")


@strawberry.input(description="What to renew a session with.")
class RefreshSessionInput:
    """Input of `refreshSession`."""

    refresh_token: str = strawberry.field(description="The refresh token that was given last.")


@strawberry.type(description="What `refreshSession` returns.")
class RefreshSessionPayload(Payload):
    """Payload of `refreshSession`."""

    session: SessionTokens | None = strawberry.field(default=None, description="The new tokens of the session.")


@strawberry.type(description="What `logout` returns.")
class LogoutPayload(Payload):
    """Payload of `logout`."""

    logged_out: bool | None = strawberry.field(default=None, description="True: the session's tokens have ended.")


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
        login = await sessions.log_in(info.context, email=input.email, password=input.password)
        tokens = SessionTokens.from_issued(login.session)
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
        issued = await sessions.refresh(info.context, input.refresh_token)
        return RefreshSessionPayload(session=SessionTokens.from_issued(issued))

    @mutation(LogoutPayload, "Sign out: end the session that the access token belongs to.")
    async def logout(self, info: Info) -> LogoutPayload | None:
        """End the session."""
        await sessions.log_out(info.context)
        return LogoutPayload(logged_out=True)
