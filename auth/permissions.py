"""The classes that guard schema fields, all from the role table of `auth.roles`.

A guarded field of an object asks whether the caller may see *that* object's organization; a guarded mutation asks
whether the caller holds the permission at all, and the resolver then verifies the organization that the input names.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from strawberry import BasePermission, Info

from auth.errors import ForbiddenError, UnauthenticatedError
from auth.identifiers import OrganizationId
from auth.principals import Anonymous, Principal
from auth.roles import Permission


class RequestScope(Protocol):
    """What the guards need of a request's context."""

    async def principal(self) -> Principal:
        """Return the caller, looked up once a request."""
        ...

    async def note_denial(self, permission: Permission, organization_id: OrganizationId) -> None:
        """Hear that the caller was denied something in an organization."""
        ...


class OrganizationScoped(Protocol):
    """An object of the schema that belongs to one organization."""

    organization_id: OrganizationId


def require(principal: Principal, *, allowed: bool) -> None:
    """Raise `UnauthenticatedError` for an anonymous caller, `ForbiddenError` for a known one, unless allowed."""
    if allowed:
        return
    if isinstance(principal, Anonymous):
        raise UnauthenticatedError
    raise ForbiddenError


class RequiresPermission(BasePermission):
    """Lets callers pass who hold the permission, wherever they hold it; `named` finds the organization they mean."""

    def __init__(
        self, permission: Permission, named: Callable[[Mapping[str, Any]], OrganizationId | None] = lambda _: None
    ) -> None:
        self.permission = permission
        self._named = named

    async def has_permission(self, source: Any, info: Info[RequestScope, None], **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 - Strawberry's signature
        """Return true or raise, so that the client learns which of the two refusals it is."""
        principal = await info.context.principal()
        allowed = self.permission in principal.permissions
        organization_id = None if allowed else self._named(kwargs)
        if organization_id is not None:
            await info.context.note_denial(self.permission, organization_id)
        require(principal, allowed=allowed)
        return True


class RequiresPermissionHere(RequiresPermission):
    """Lets callers pass who hold the permission in the organization of the object that the field is on."""

    async def has_permission(
        self,
        source: OrganizationScoped,
        info: Info[RequestScope, None],
        **kwargs: Any,  # noqa: ANN401, ARG002 - Strawberry's signature
    ) -> bool:
        """Return true or raise, so that the client learns which of the two refusals it is."""
        principal = await info.context.principal()
        allowed = principal.can(self.permission, source.organization_id)
        if not allowed:
            await info.context.note_denial(self.permission, source.organization_id)
        require(principal, allowed=allowed)
        return True
