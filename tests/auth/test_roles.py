"""The table of roles."""

from auth.roles import OPERATOR_PERMISSIONS, ROLE_PERMISSIONS, Permission, Role


def test_every_role_has_its_permissions() -> None:
    """Each role can do what the one below it can."""
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert ROLE_PERMISSIONS[Role.VIEWER] < ROLE_PERMISSIONS[Role.ADMIN] < ROLE_PERMISSIONS[Role.OWNER]


def test_every_permission_is_somebodys() -> None:
    """A permission that nobody holds guards a field that nobody can use."""
    assert ROLE_PERMISSIONS[Role.OWNER] | OPERATOR_PERMISSIONS == set(Permission)


def test_operators_change_no_organization() -> None:
    """Operators read and sign up; they rename, describe and delete nobody."""
    changes = {Permission.ORGANIZATION_UPDATE, Permission.ORGANIZATION_RENAME, Permission.ORGANIZATION_DELETE}
    assert not OPERATOR_PERMISSIONS & changes
