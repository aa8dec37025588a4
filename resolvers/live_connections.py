"""Connections that stay open: for how long their caller counts, and how it goes on with a newer token."""

import asyncio
import time
from datetime import UTC, datetime

from auth.errors import BadRequestError, UserError, UserErrorCode
from auth.principals import Anonymous
from resolvers.context import RequestContext
from storage.failures import is_from_database


async def ended(context: RequestContext) -> None:
    """Return as soon as the caller's token ends, unless it is exchanged before, or at the round that finds it revoked.

    The context is for this alone.
    """
    while (claims := context.claims()) is not None:
        try:
            async with asyncio.timeout(max(0.0, claims.expires_at - time.time())):
                loaders = await context.services.rounds.wait(claims.organization_id)
        except TimeoutError:
            continue
        context.renew(loaders)
        if not await _counts(context):
            return


async def renew(context: RequestContext, token: str) -> datetime:
    """Have the connection go on under another token of the same account; return when that one ends.

    Raises `UserError` with `TOKEN_INVALID` for a token that does not count, is another's, or ends before the present
    one, and `BadRequestError` for a request that has no connection.
    """
    connection, renewed = context.connection, context.presenting(token)
    if connection is None:
        raise BadRequestError("Only a WebSocket connection can be renewed: send an HTTP request with the new token.")
    principal = await renewed.principal()
    claims, present = renewed.claims(), context.claims()
    if claims is None or present is None or isinstance(principal, Anonymous):
        raise _token_invalid()
    if claims.subject_id != present.subject_id or claims.expires_at < present.expires_at:
        raise _token_invalid()
    connection.token = token
    return datetime.fromtimestamp(claims.expires_at, UTC)


async def _counts(context: RequestContext) -> bool:
    """Tell whether the caller counts still; who cannot be looked up now does, until the next round."""
    try:
        return not isinstance(await context.principal(), Anonymous)
    except Exception as error:
        if not is_from_database(error):
            raise
        return True


def _token_invalid() -> UserError:
    message = "The token does not count, is not of this connection's account, or ends before the present one."
    return UserError(UserErrorCode.TOKEN_INVALID, message, ("accessToken",))
