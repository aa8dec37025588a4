"""Requests sent again: under a key that the client chooses, a mutation takes effect once and answers the same again."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from auth.errors import BadRequestError, UserError, UserErrorCode
from auth.identifiers import AdminId, OperatorId, OrganizationId
from auth.roles import Permission
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from storage import idempotency
from storage.failures import is_temporary
from storage.idempotency import Done, KeyBusyError, KeyLostError, KeyReusedError, References

_FORM = re.compile(r"[\x20-\x7e]{1,255}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a mutation: its name, the client's key if it has given one, and the arguments as plain values.

    Neither the key nor a password is among the arguments.
    """

    mutation: str
    key: str | None
    arguments: object

    @property
    def fingerprint(self) -> str:
        """What tells these arguments from others. Raises `BadRequestError`."""
        return _digest(self.arguments)

    def key_id(self, organization_id: OrganizationId | None, actor: AdminId | OperatorId | str) -> str:
        """Return the id of the key, which counts for one mutation of one actor in one organization."""
        return _digest([organization_id, actor, self.mutation, self.key])


async def once(
    context: RequestContext,
    attempt: Attempt,
    permission: Permission,
    organization_id: OrganizationId,
    work: Callable[[RequestContext], Awaitable[_T]],
    replay: Callable[[References], Awaitable[_T]],
) -> _T:
    """Return what `work` does with the context it is given, or, if that was done under this key, what `replay` finds.

    Who replays has to hold the permission still. Raises as `work` and `replay` do, and `UserError` for a key that is
    malformed, in use, or used with other arguments.
    """
    if attempt.key is None:
        return await work(context)
    await authorize(context, permission, organization_id)
    actor = (await context.act()).actor.id
    assert actor is not None  # noqa: S101 - whoever holds a permission has an id
    return await once_by(context, attempt, attempt.key_id(organization_id, actor), work, replay)


async def once_by(
    context: RequestContext,
    attempt: Attempt,
    key_id: str,
    work: Callable[[RequestContext], Awaitable[_T]],
    replay: Callable[[References], Awaitable[_T]],
) -> _T:
    """As `once`, for a caller who is authorized already, and a key with this id."""
    if attempt.key is None:
        return await work(context)
    _check(attempt.key)
    database = context.services.database
    try:
        claimed = await idempotency.claim(database, key_id, attempt.fingerprint)
    except KeyReusedError:
        raise mismatch() from None
    except KeyBusyError:
        raise _busy() from None
    if isinstance(claimed, Done):
        context.forget_loaded()
        return await replay(claimed.references)
    try:
        result = await work(context.claiming(claimed))
    except KeyLostError:
        raise _busy() from None
    except Exception as error:
        if not is_temporary(error):  # Otherwise it may take effect yet.
            await idempotency.release(database, claimed)
        raise
    await idempotency.finish(database, claimed)
    return result


async def find_former_actor(
    context: RequestContext, attempt: Attempt, permission: Permission, organization_id: OrganizationId
) -> AdminId | OperatorId | None:
    """Return who did this before, if it is asked with a valid token of the same account, which may not do it any more.

    The session of the token may be over: the caller stays who it is.
    """
    if attempt.key is None or (await context.principal()).can(permission, organization_id):
        return None
    claims = context.claims()
    if claims is None or claims.organization_id != organization_id:
        return None
    key_id = attempt.key_id(organization_id, claims.subject_id)
    done = await idempotency.find_done(context.services.database, key_id, attempt.fingerprint)
    context.forget_loaded()
    return None if done is None else claims.subject_id


def mismatch() -> UserError:
    """Return the error for a key that was used with other arguments."""
    message = "This key was used with other arguments: use another one for another request."
    return UserError(UserErrorCode.IDEMPOTENCY_MISMATCH, message, ("idempotencyKey",))


def undone(what: str) -> UserError:
    """Return the error for a replay of what has been undone since."""
    return UserError(UserErrorCode.CONFLICT, f"This was done, and it was {what} since.")


def _busy() -> UserError:
    message = "A request with this key is under way: try again shortly."
    return UserError(UserErrorCode.CONFLICT, message, ("idempotencyKey",), retryable=True)


def _check(key: str) -> None:
    if _FORM.fullmatch(key) is None:
        message = "A key has 1 to 255 characters, all of them printable ASCII."
        raise UserError(UserErrorCode.INVALID, message, ("idempotencyKey",))


def _digest(value: object) -> str:
    try:
        text = json.dumps(value, sort_keys=True)
    except RecursionError:
        raise BadRequestError("The arguments are nested too deep.") from None
    return hashlib.sha256(text.encode()).hexdigest()
