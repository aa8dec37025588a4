"""The caller of a request, as the live records of session, admin and organization say it is."""

from collections.abc import Hashable
from dataclasses import dataclass

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from auth.roles import DELETED_PERMISSIONS, OPERATOR_PERMISSIONS, ROLE_PERMISSIONS, Permission, Role


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody signed in; `token_refused` when a token was sent and does not count.

    As of all principals, `rights` are what decides what the caller may see: those who have the same see the same.
    """

    token_refused: bool = False

    @property
    def rights(self) -> Hashable:
        """None."""
        return None

    @property
    def permissions(self) -> frozenset[Permission]:
        """Nothing: what an anonymous caller may do is unguarded."""
        return frozenset()

    def can(self, permission: Permission, organization_id: OrganizationId) -> bool:  # noqa: ARG002 - as its peers
        """Say no."""
        return False


@dataclass(frozen=True, slots=True)
class AdminPrincipal:
    """An admin with a live session in an organization that is live, or is deleted and still has its data."""

    admin_id: AdminId
    session_id: SessionId
    organization_id: OrganizationId
    role: Role
    organization_deleted: bool = False

    @property
    def rights(self) -> Hashable:
        """Those of the role in the organization."""
        return self.organization_id, self.role, self.organization_deleted

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role allows, in the admin's own organization."""
        return (DELETED_PERMISSIONS if self.organization_deleted else ROLE_PERMISSIONS)[self.role]

    def can(self, permission: Permission, organization_id: OrganizationId) -> bool:
        """Tell whether the role allows this and the organization is the admin's own."""
        return organization_id == self.organization_id and permission in self.permissions


@dataclass(frozen=True, slots=True)
class OperatorPrincipal:
    """An operator of the whole installation, with a live session."""

    operator_id: OperatorId
    session_id: SessionId

    @property
    def rights(self) -> Hashable:
        """Those of all operators."""
        return OPERATOR_PERMISSIONS

    @property
    def permissions(self) -> frozenset[Permission]:
        """The same for every operator and every organization."""
        return OPERATOR_PERMISSIONS

    def can(self, permission: Permission, organization_id: OrganizationId) -> bool:  # noqa: ARG002 - as its peers
        """Tell whether operators may do this."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class FormerAdmin:
    """Who has deleted an organization and asks once more with the ended session: may see what the answer said."""

    organization_id: OrganizationId

    @property
    def rights(self) -> Hashable:
        """Those to what is left of the organization."""
        return self.organization_id

    @property
    def permissions(self) -> frozenset[Permission]:
        """Reading what is left of the organization."""
        return frozenset({Permission.ORGANIZATION_READ})

    def can(self, permission: Permission, organization_id: OrganizationId) -> bool:
        """Tell whether this is reading what is left of the organization."""
        return organization_id == self.organization_id and permission in self.permissions


Principal = Anonymous | AdminPrincipal | OperatorPrincipal | FormerAdmin
