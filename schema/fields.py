"""How guarded fields are declared: one line that names the permission, in code and in the description.

What an operator is denied in a named organization is noted, for that organization's audit trail.
"""

from collections.abc import Mapping
from typing import Any

from strawberry.extensions import FieldExtension
from strawberry.permission import PermissionExtension
from strawberry.types import Info as StrawberryInfo

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from auth.permissions import RequiresPermission, RequiresPermissionHere
from auth.roles import Permission
from resolvers.context import RequestContext
from schema import ids

Info = StrawberryInfo[RequestContext, None]


def guard(permission: Permission) -> list[FieldExtension]:
    """Guard a field for callers who hold the permission wherever they hold it."""
    return [PermissionExtension([RequiresPermission(permission, _named_organization)], use_directives=False)]


def guard_here(permission: Permission) -> list[FieldExtension]:
    """Guard a field of an object for callers who hold the permission in that object's organization."""
    return [PermissionExtension([RequiresPermissionHere(permission)], use_directives=False)]


def requires(description: str, permission: Permission) -> str:
    """Return a description that also names the permission."""
    return f"{description} Requires `{permission}`."


def _named_organization(arguments: Mapping[str, Any]) -> OrganizationId | None:
    """Return the organization that a field's arguments name, by its own id or by that of a document."""
    given = arguments.get("input")
    documents = getattr(given, "documents", None)
    named = arguments.get("organization_id") or getattr(given, "organization_id", None)
    document = getattr(documents[0] if documents else given, "id", None)
    try:
        if isinstance(named, str):
            return ids.decode_organization(named)
        return ids.decode_document(document)[0] if isinstance(document, str) else None
    except BadRequestError:
        return None
