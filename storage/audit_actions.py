"""What an audit trail tells of, as `subject:action`, and what was acted on."""

from dataclasses import dataclass
from enum import StrEnum

from storage.database import Document


class AuditAction(StrEnum):
    """What somebody did."""

    ORGANIZATION_CREATED = "organization:created"
    ORGANIZATION_UPDATED = "organization:updated"
    ORGANIZATION_RENAMED = "organization:renamed"
    ORGANIZATION_DELETED = "organization:deleted"
    ORGANIZATION_RESTORED = "organization:restored"
    ORGANIZATION_PURGED = "organization:purged"
    ORGANIZATION_SUSPENDED = "organization:suspended"
    ORGANIZATION_REACTIVATED = "organization:reactivated"
    ADMIN_UPDATED = "admin:updated"
    ADMIN_PASSWORD_CHANGED = "admin:password_changed"  # noqa: S105 - an action
    ADMIN_PASSWORD_RESET = "admin:password_reset"  # noqa: S105 - an action
    ADMIN_EMAIL_VERIFIED = "admin:email_verified"
    ADMIN_ROLE_CHANGED = "admin:role_changed"
    ADMIN_STATUS_CHANGED = "admin:status_changed"
    ADMIN_REMOVED = "admin:removed"
    ADMIN_LEFT = "admin:left"
    ADMIN_ERASED = "admin:erased"
    INVITATION_SENT = "invitation:sent"
    INVITATION_RENEWED = "invitation:renewed"
    INVITATION_ACCEPTED = "invitation:accepted"
    INVITATION_DECLINED = "invitation:declined"
    INVITATION_REVOKED = "invitation:revoked"
    INVITATION_EXPIRED = "invitation:expired"
    SESSION_OPENED = "session:opened"
    SESSION_ENDED = "session:ended"
    SESSION_LOGIN_FAILED = "session:login_failed"
    SESSION_REFRESH_REUSED = "session:refresh_reused"
    STORE_MOVE_STARTED = "store:move_started"
    STORE_MOVED = "store:moved"
    STORE_MOVE_UNDONE = "store:move_undone"
    STORE_EXPORTED = "store:exported"
    STORE_IMPORT_STARTED = "store:import_started"
    STORE_IMPORTED = "store:imported"
    STORE_IMPORT_FAILED = "store:import_failed"
    DOCUMENT_TYPE_INDEX_DECLARED = "document_type:index_declared"
    DOCUMENT_TYPE_INDEX_TAKEN_BACK = "document_type:index_taken_back"
    DOCUMENT_TYPE_SCHEMA_SET = "document_type:schema_set"
    DOCUMENT_TYPE_SCHEMA_REMOVED = "document_type:schema_removed"
    OPERATOR_DENIED = "operator:denied"


class TargetKind(StrEnum):
    """What can be acted on."""

    ORGANIZATION = "ORGANIZATION"
    ADMIN = "ADMIN"
    INVITATION = "INVITATION"
    SESSION = "SESSION"
    MIGRATION = "MIGRATION"
    IMPORT = "IMPORT"
    DOCUMENT_TYPE = "DOCUMENT_TYPE"


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted on; the id of a type of documents is its name."""

    kind: TargetKind
    id: str

    def to_document(self) -> Document:
        """Return the target as stored."""
        return {"kind": self.kind, "id": self.id}

    @classmethod
    def from_document(cls, document: Document) -> "Target":
        """Read a stored target."""
        return cls(TargetKind(document["kind"]), document["id"])
