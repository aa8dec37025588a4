"""How guarded fields are declared: one line that names the permission, in code and in the description."""

from strawberry.extensions import FieldExtension
from strawberry.permission import PermissionExtension
from strawberry.types import Info as StrawberryInfo

from auth.permissions import RequiresPermission, RequiresPermissionHere
from auth.roles import Permission
from resolvers.context import RequestContext

Info = StrawberryInfo[RequestContext, None]


def guard(permission: Permission) -> list[FieldExtension]:
    """Guard a field for callers who hold the permission wherever they hold it."""
    return [PermissionExtension([RequiresPermission(permission)], use_directives=False)]


def guard_here(permission: Permission) -> list[FieldExtension]:
    """Guard a field of an object for callers who hold the permission in that object's organization."""
    return [PermissionExtension([RequiresPermissionHere(permission)], use_directives=False)]


def requires(description: str, permission: Permission) -> str:
    """Return a description that also names the permission."""
    return f"{description} Requires `{permission}`."
