"""The viewer: who is asking."""

import strawberry

from auth.errors import UnauthenticatedError
from auth.principals import Anonymous
from resolvers import admins, sessions
from schema.admins import Admin, Operator
from schema.connections import After, Before, First, Last, page_request
from schema.fields import Info
from schema.sessions import ORDER, Session, SessionConnection
from storage.admins import AdminRecord, OperatorRecord


@strawberry.type(description="Who is asking: an admin or an operator.")
class Viewer:
    """The caller."""

    admin: Admin | None = strawberry.field(description="The admin who is asking, or null.")
    operator: Operator | None = strawberry.field(description="The operator who is asking, or null.")
    permissions: list[str] = strawberry.field(
        description="What the viewer may do, as `resource:action`: admins in their own organization, operators in all."
    )

    @strawberry.field(description="The session that the access token belongs to.")
    async def session(self, info: Info) -> Session | None:
        """Load the session."""
        record = await sessions.current(info.context)
        return None if record is None else Session.from_record(record)

    @strawberry.field(description="The viewer's sessions that have not ended, newest first.")
    async def sessions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SessionConnection | None:
        """Load a page of sessions."""
        page = page_request(ORDER, first=first, after=after, last=last, before=before)
        return SessionConnection.from_page(await sessions.find_page(info.context, page))


@strawberry.type
class ViewerQueries:
    """Who is asking."""

    @strawberry.field(
        description="Who is asking; null for an anonymous caller. With an access token that does not count, there is "
        "also an error `UNAUTHENTICATED`."
    )
    async def viewer(self, info: Info) -> Viewer | None:
        """Return the caller."""
        principal = await info.context.principal()
        if isinstance(principal, Anonymous):
            if principal.token_refused:
                raise UnauthenticatedError("The access token does not count: it has ended, or its session has.")
            return None
        account = await admins.viewer(info.context)
        return Viewer(
            admin=Admin.from_record(account) if isinstance(account, AdminRecord) else None,
            operator=Operator.from_record(account) if isinstance(account, OperatorRecord) else None,
            permissions=sorted(principal.permissions),
        )
