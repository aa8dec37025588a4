"""Roles, permissions, and the one table that leads from the first to the second."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What an admin is in its organization."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    VIEWER = "VIEWER"


class Permission(StrEnum):
    """What can be allowed, as `resource:action`."""

    VIEWER_UPDATE = "viewer:update"
    VIEWER_LEAVE = "viewer:leave"
    SESSION_MANAGE = "session:manage"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_UPDATE = "organization:update"
    ORGANIZATION_RENAME = "organization:rename"
    ORGANIZATION_MOVE = "organization:move"
    ORGANIZATION_DELETE = "organization:delete"
    ORGANIZATION_RESTORE = "organization:restore"
    ORGANIZATION_LIST = "organization:list"
    ORGANIZATION_CREATE = "organization:create"
    ORGANIZATION_SUSPEND = "organization:suspend"
    ADMIN_READ = "admin:read"
    ADMIN_MANAGE = "admin:manage"
    ADMIN_SET_STATUS = "admin:set_status"
    INVITATION_READ = "invitation:read"
    INVITATION_MANAGE = "invitation:manage"
    MIGRATION_READ = "migration:read"
    AUDIT_READ = "audit:read"
    EVENT_READ = "event:read"
    DOCUMENT_READ = "document:read"
    DOCUMENT_WRITE = "document:write"
    DOCUMENT_TYPE_MANAGE = "document_type:manage"
    DOCUMENT_EXPORT = "document:export"
    DOCUMENT_IMPORT = "document:import"


_VIEWER = frozenset(
    {
        Permission.VIEWER_UPDATE,
        Permission.VIEWER_LEAVE,
        Permission.SESSION_MANAGE,
        Permission.ORGANIZATION_READ,
        Permission.ADMIN_READ,
        Permission.MIGRATION_READ,
        Permission.EVENT_READ,
        Permission.DOCUMENT_READ,
    }
)
_ADMIN = _VIEWER | {
    Permission.ORGANIZATION_UPDATE,
    Permission.AUDIT_READ,
    Permission.ADMIN_MANAGE,
    Permission.INVITATION_READ,
    Permission.INVITATION_MANAGE,
    Permission.DOCUMENT_WRITE,
    Permission.DOCUMENT_TYPE_MANAGE,
    Permission.DOCUMENT_EXPORT,
    Permission.DOCUMENT_IMPORT,
}
_OWNER = _ADMIN | {
    Permission.ORGANIZATION_RENAME,
    Permission.ORGANIZATION_MOVE,
    Permission.ORGANIZATION_DELETE,
    Permission.ORGANIZATION_RESTORE,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {Role.OWNER: _OWNER, Role.ADMIN: _ADMIN, Role.VIEWER: _VIEWER}
)
"""What each role may do in its own organization, and in no other."""

MANAGED_ROLES: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {Role.OWNER: frozenset(Role), Role.ADMIN: frozenset({Role.VIEWER}), Role.VIEWER: frozenset()}
)
"""Whom each role may invite, change and remove, and to which roles: admins manage viewers, owners manage everyone."""

DELETED_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OWNER: frozenset(
            {
                Permission.SESSION_MANAGE,
                Permission.ORGANIZATION_READ,
                Permission.ORGANIZATION_RESTORE,
                Permission.AUDIT_READ,
            }
        ),
        Role.ADMIN: frozenset(),
        Role.VIEWER: frozenset(),
    }
)
"""What is left of that when the organization is deleted; a role that nothing is left of cannot sign in."""

OPERATOR_PERMISSIONS: frozenset[Permission] = frozenset(
    {
        Permission.SESSION_MANAGE,
        Permission.ORGANIZATION_READ,
        Permission.ORGANIZATION_LIST,
        Permission.ORGANIZATION_CREATE,
        Permission.ORGANIZATION_SUSPEND,
        Permission.ADMIN_READ,
        Permission.ADMIN_SET_STATUS,
        Permission.INVITATION_READ,
        Permission.MIGRATION_READ,
        Permission.AUDIT_READ,
        Permission.EVENT_READ,
    }
)
"""What operators may do in every organization: never a change of its data, never a tenant's documents."""
