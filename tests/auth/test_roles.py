"""The table of roles."""

import pytest

from auth.identifiers import AdminId, OrganizationId, SessionId
from auth.principals import AdminPrincipal
from auth.roles import DELETED_PERMISSIONS, OPERATOR_PERMISSIONS, ROLE_PERMISSIONS, Permission, Role


def test_every_role_has_its_permissions() -> None:
    """Each role can do what the one below it can."""
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert ROLE_PERMISSIONS[Role.VIEWER] < ROLE_PERMISSIONS[Role.ADMIN] < ROLE_PERMISSIONS[Role.OWNER]


def test_every_permission_is_somebodys() -> None:
    """A permission that nobody holds guards a field that nobody can use."""
    assert ROLE_PERMISSIONS[Role.OWNER] | OPERATOR_PERMISSIONS == set(Permission)


def test_operators_change_no_organization() -> None:
    """Operators read and sign up; they rename, describe and delete nobody."""
    changes = {
        Permission.ORGANIZATION_UPDATE,
        Permission.ORGANIZATION_RENAME,
        Permission.ORGANIZATION_DELETE,
        Permission.ORGANIZATION_RESTORE,
    }
    assert not OPERATOR_PERMISSIONS & changes


@pytest.mark.parametrize("role", list(Role))
def test_deleted_organization_leaves_less_to_everyone(role: Role) -> None:
    """An owner can see it and its trail, restore it, and end sessions; nobody can do what it could not before."""
    left = DELETED_PERMISSIONS[role]
    assert left < ROLE_PERMISSIONS[role]
    owners = {
        Permission.SESSION_MANAGE,
        Permission.ORGANIZATION_READ,
        Permission.ORGANIZATION_RESTORE,
        Permission.AUDIT_READ,
    }
    assert left == (owners if role is Role.OWNER else set())


@pytest.mark.parametrize("deleted", [False, True])
def test_principal_has_the_permissions_of_the_state_of_its_organization(*, deleted: bool) -> None:
    """Deletion takes the permissions away, in the own organization as elsewhere."""
    own, other = OrganizationId("a" * 24), OrganizationId("b" * 24)
    owner = AdminPrincipal(AdminId("c" * 24), SessionId("d" * 24), own, Role.OWNER, organization_deleted=deleted)
    assert owner.permissions == (DELETED_PERMISSIONS if deleted else ROLE_PERMISSIONS)[Role.OWNER]
    assert owner.can(Permission.ORGANIZATION_RESTORE, own)
    assert owner.can(Permission.ORGANIZATION_DELETE, own) is not deleted
    assert not owner.can(Permission.ORGANIZATION_RESTORE, other)
