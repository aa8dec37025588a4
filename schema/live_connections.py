"""Connections that stay open longer than an access token lasts."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers import live_connections
from schema.fields import Info
from schema.user_errors import Payload, mutation


@strawberry.type(description="What `renewConnection` returns.")
class RenewConnectionPayload(Payload):
    """Payload of `renewConnection`."""

    expires_at: datetime | None = strawberry.field(
        default=None, description="When the connection ends, unless it is renewed before."
    )


@strawberry.type
class LiveConnectionMutations:
    """How a connection goes on."""

    @mutation(
        RenewConnectionPayload,
        "Have this WebSocket connection, and all that runs on it, go on under a newer access token of the same "
        "account; for another token the answer is `TOKEN_INVALID`, and nothing changes. A connection whose token ends "
        "is closed with 4401.",
    )
    async def renew_connection(
        self,
        info: Info,
        access_token: Annotated[
            str, strawberry.argument(description="The newer token, as `refreshSession` gives it: 4,096 bytes at most.")
        ],
    ) -> RenewConnectionPayload | None:
        """Exchange the connection's token."""
        return RenewConnectionPayload(expires_at=await live_connections.renew(info.context, access_token))
