"""Errors as data: what a user can mend comes in the payload, beside what the mutation would have returned."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import strawberry
from strawberry.extensions import FieldExtension

from auth.errors import UserError as RaisedUserError
from auth.errors import UserErrors
from auth.roles import Permission
from schema.enums import UserErrorCode
from schema.fields import Info, guard, requires

_P = TypeVar("_P", bound="Payload")


@strawberry.type(description="Something about the input that the user can mend.")
class UserError:
    """One entry in a payload's `errors`."""

    code: UserErrorCode = strawberry.field(description="What is wrong, for programs.")
    message: str = strawberry.field(description="What is wrong, for people.")
    path: list[str] | None = strawberry.field(
        description="Where in the input it is, so that a form can show it there; null when it is nowhere in particular."
    )
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.type
class Payload:
    """The part that all payloads share."""

    errors: list[UserError] = strawberry.field(
        default_factory=list, description="What the user can mend; the other fields are null unless this is empty."
    )


class _ErrorsAsData(FieldExtension):
    """Turns the user errors that a mutation raises into its payload, and lets later fields see what it changed."""

    def __init__(self, payload: type[Payload]) -> None:
        self._payload = payload

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: Any,  # noqa: ANN401 - Strawberry's signature
        info: Info,
        **kwargs: Any,  # noqa: ANN401 - Strawberry's signature
    ) -> Any:  # noqa: ANN401 - Strawberry's signature
        """Resolve the mutation."""
        try:
            return await next_(source, info, **kwargs)
        except RaisedUserError as error:
            return self._payload(errors=[_to_type(error)])
        except UserErrors as group:
            return self._payload(errors=[_to_type(error) for error in group.errors])
        finally:
            info.context.forget_loaded()


class _AsCaller(FieldExtension):
    """Lets a mutation be judged as the caller's, whoever the answer of the one before it was for."""

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: Any,  # noqa: ANN401 - Strawberry's signature
        info: Info,
        **kwargs: Any,  # noqa: ANN401 - Strawberry's signature
    ) -> Any:  # noqa: ANN401 - Strawberry's signature
        """Resolve the mutation."""
        info.context.stand_in(None)
        return await next_(source, info, **kwargs)


def mutation(
    payload: type[_P],
    description: str,
    permission: Permission | None = None,
    before_guard: Sequence[FieldExtension] = (),
) -> Any:  # noqa: ANN401 - a decorator of Strawberry's
    """Declare a mutation with this payload: guarded by a permission, or open to everyone.

    What is in `before_guard` may answer without asking for the permission.
    """
    guards = [] if permission is None else guard(permission)
    text = description if permission is None else requires(description, permission)
    return strawberry.mutation(
        description=text, extensions=[_ErrorsAsData(payload), *guards, *before_guard, _AsCaller()]
    )


def _to_type(error: RaisedUserError) -> UserError:
    path = None if error.path is None else list(error.path)
    return UserError(code=error.code, message=error.message, path=path, retryable=error.retryable)
