"""The enums of the lower layers as they stand in the schema: import them from here, described value by value."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from auth.audit_trail import BreakReason as AuditBreakReason
from auth.errors import UserErrorCode
from auth.roles import Role
from storage.admins import AdminStatus
from storage.audit_actions import AuditAction
from storage.audit_actions import TargetKind as AuditTargetKind
from storage.document_types import IndexState as DocumentIndexState
from storage.invitations import InvitationState
from storage.migrations import MigrationKind, MigrationState, MigrationWay
from storage.organizations import OrganizationOrderField, OrganizationStatus
from storage.placements import StoreStrategy
from storage.tenant_access import DocumentChangeKind

__all__ = [
    "AdminStatus",
    "AuditAction",
    "AuditBreakReason",
    "AuditTargetKind",
    "DocumentChangeKind",
    "DocumentIndexState",
    "InvitationState",
    "MigrationKind",
    "MigrationState",
    "MigrationWay",
    "OrganizationOrderField",
    "OrganizationStatus",
    "Role",
    "StoreStrategy",
    "UserErrorCode",
]

_E = TypeVar("_E", bound=type[Enum])


def expose(enum_class: _E, description: str, values: Mapping[Enum, str], *, name: str | None = None) -> _E:
    """Make an enum part of the schema: the members in `values`, with their descriptions, and no others."""
    strawberry.enum(enum_class, name=name, description=description)  # Sets the definition that is completed here.
    definition: StrawberryEnumDefinition = vars(enum_class)["__strawberry_definition__"]
    definition.values = [value for value in definition.values if enum_class[value.name] in values]
    for value in definition.values:
        value.description = values[enum_class[value.name]]
    return enum_class


expose(
    Role,
    "What an admin may do in its organization.",
    {
        Role.OWNER: "Everything, including renaming and deleting the organization.",
        Role.ADMIN: "Everything but what is left to owners.",
        Role.VIEWER: "Reading.",
    },
)
expose(
    AdminStatus,
    "Whether an admin can sign in.",
    {
        AdminStatus.ACTIVE: "The admin can sign in.",
        AdminStatus.DEACTIVATED: "The admin cannot sign in.",
    },
)
expose(
    InvitationState,
    "What has become of an invitation.",
    {
        InvitationState.PENDING: "It can be accepted.",
        InvitationState.ACCEPTED: "It was accepted: it has made an admin.",
        InvitationState.DECLINED: "Who was invited did not want to.",
        InvitationState.REVOKED: "It was taken back, or lost its ground: who had sent it, or the organization.",
        InvitationState.EXPIRED: "It was not answered in time.",
    },
)
expose(
    OrganizationStatus,
    "The state of an organization.",
    {
        OrganizationStatus.ACTIVE: "In use.",
        OrganizationStatus.SUSPENDED: "Suspended by an operator: it can be read, and changes answer `ORG_SUSPENDED`.",
        OrganizationStatus.DELETED: "Deleted: its data is destroyed, at once or at `purgeAt`; its record remains.",
    },
)
expose(
    OrganizationOrderField,
    "What organizations can be ordered by.",
    {
        OrganizationOrderField.NAME: "By name, without case.",
        OrganizationOrderField.SLUG: "By slug.",
        OrganizationOrderField.CREATED_AT: "By the time of sign-up.",
    },
)
expose(
    StoreStrategy,
    "How the documents of one organization are kept apart from those of others.",
    {
        StoreStrategy.COLLECTION: "A collection of its own.",
        StoreStrategy.DATABASE: "A database of its own.",
        StoreStrategy.SHARED: "A slice of a collection that organizations share.",
    },
    name="TenantStoreStrategy",
)
expose(
    DocumentIndexState,
    "Whether a declared index can be used.",
    {
        DocumentIndexState.BUILDING: "It is being built: filters and orders do not use it yet.",
        DocumentIndexState.READY: "Filters and orders use it.",
    },
    name="DocumentIndexState",
)
expose(
    DocumentChangeKind,
    "What became of a document.",
    {
        DocumentChangeKind.CREATED: "It was made.",
        DocumentChangeKind.UPDATED: "It was changed.",
        DocumentChangeKind.DELETED: "It was deleted.",
    },
    name="DocumentChangeKind",
)
expose(
    MigrationKind,
    "Why a tenant store is moved.",
    {
        MigrationKind.RENAME: "The organization is renamed.",
        MigrationKind.MOVE: "The documents are to be kept in another way.",
    },
)
expose(
    MigrationWay,
    "How documents are moved.",
    {
        MigrationWay.COPY: "They are copied, compared, and then destroyed where they were.",
        MigrationWay.RENAME: "Their collection is renamed, which takes no longer for many of them.",
    },
)
expose(
    MigrationState,
    "How far a move of a tenant store has come.",
    {
        MigrationState.PLANNED: "The move is planned; nothing is copied yet.",
        MigrationState.COPYING: "Documents are being copied.",
        MigrationState.FENCED: "For a moment documents cannot be changed: what was written meanwhile is copied.",
        MigrationState.CAUGHT_UP: "The copy has every change.",
        MigrationState.VERIFIED: "The copy is complete and equals the original.",
        MigrationState.SWITCHED: "The organization uses the new store; the old one is about to be dropped.",
        MigrationState.CLEANED: "Done: the old store is gone.",
        MigrationState.ROLLED_BACK: "Undone: the organization is as it was before.",
    },
)
expose(
    AuditAction,
    "What somebody did.",
    {
        AuditAction.ORGANIZATION_CREATED: "An organization was signed up.",
        AuditAction.ORGANIZATION_UPDATED: "An organization's description, or the spelling of its name, was changed.",
        AuditAction.ORGANIZATION_RENAMED: "An organization got another name and slug.",
        AuditAction.ORGANIZATION_DELETED: "An organization was deleted; all its sessions ended.",
        AuditAction.ORGANIZATION_RESTORED: "The deletion of an organization was undone.",
        AuditAction.ORGANIZATION_PURGED: "A deleted organization's data was destroyed.",
        AuditAction.ORGANIZATION_SUSPENDED: "An operator suspended the organization.",
        AuditAction.ORGANIZATION_REACTIVATED: "An operator ended the suspension of the organization.",
        AuditAction.ADMIN_UPDATED: "An admin's name or email address was changed.",
        AuditAction.ADMIN_PASSWORD_CHANGED: "An admin's password was changed.",
        AuditAction.ADMIN_PASSWORD_RESET: "An admin's password was reset by a mail; all its sessions ended.",
        AuditAction.ADMIN_EMAIL_VERIFIED: "An admin's email address was shown to be the admin's.",
        AuditAction.ADMIN_ROLE_CHANGED: "An admin got another role; its sessions ended.",
        AuditAction.ADMIN_STATUS_CHANGED: "An operator deactivated an admin, whose sessions ended, or activated it.",
        AuditAction.ADMIN_REMOVED: "An admin was removed; its sessions ended.",
        AuditAction.ADMIN_LEFT: "An admin left the organization.",
        AuditAction.ADMIN_ERASED: "What was personal about an admin was erased from the trail.",
        AuditAction.INVITATION_SENT: "Somebody was invited.",
        AuditAction.INVITATION_RENEWED: "Somebody who was invited was invited again.",
        AuditAction.INVITATION_ACCEPTED: "An invitation was accepted: there is a new admin.",
        AuditAction.INVITATION_DECLINED: "An invitation was declined.",
        AuditAction.INVITATION_REVOKED: "An invitation was revoked.",
        AuditAction.INVITATION_EXPIRED: "An invitation was not answered in time.",
        AuditAction.SESSION_OPENED: "Somebody signed in.",
        AuditAction.SESSION_ENDED: "Somebody signed out, or ended sessions: `endedSessions`, if all at once.",
        AuditAction.SESSION_LOGIN_FAILED: "Somebody tried to sign in as an admin and failed, `count` times.",
        AuditAction.SESSION_REFRESH_REUSED: "A spent refresh token was presented: the session was ended.",
        AuditAction.STORE_MOVE_STARTED: "A move of the tenant store was begun.",
        AuditAction.STORE_MOVED: "The tenant store was moved.",
        AuditAction.STORE_MOVE_UNDONE: "A move of the tenant store was undone.",
        AuditAction.STORE_EXPORTED: "An export of the documents was begun.",
        AuditAction.STORE_IMPORT_STARTED: "An import of documents was begun.",
        AuditAction.STORE_IMPORTED: "An import of documents was done.",
        AuditAction.STORE_IMPORT_FAILED: "An import of documents failed, and left nothing.",
        AuditAction.DOCUMENT_TYPE_INDEX_DECLARED: "An index on documents was declared.",
        AuditAction.DOCUMENT_TYPE_INDEX_TAKEN_BACK: "A declared index could not be built and was taken back.",
        AuditAction.DOCUMENT_TYPE_SCHEMA_SET: "The schema of a type of documents was set.",
        AuditAction.DOCUMENT_TYPE_SCHEMA_REMOVED: "The schema of a type of documents was removed.",
        AuditAction.OPERATOR_DENIED: "An operator tried what operators may not do, `count` times.",
    },
)
expose(
    AuditTargetKind,
    "What can be acted on.",
    {
        AuditTargetKind.ORGANIZATION: "An organization.",
        AuditTargetKind.ADMIN: "An admin.",
        AuditTargetKind.INVITATION: "An invitation.",
        AuditTargetKind.SESSION: "A session.",
        AuditTargetKind.MIGRATION: "A move of a tenant store.",
        AuditTargetKind.IMPORT: "An import of documents; its id is that of the upload.",
        AuditTargetKind.DOCUMENT_TYPE: "A type of documents; its id is its name.",
    },
    name="AuditTargetKind",
)
expose(
    AuditBreakReason,
    "Why an audit trail is not what was recorded.",
    {
        AuditBreakReason.MISSING: "An event is not there.",
        AuditBreakReason.CHANGED: "An event is another one than its hash says.",
        AuditBreakReason.UNLINKED: "An event does not follow the one before, of which it has another hash.",
        AuditBreakReason.ORDER: "An event is not where it belongs, or is older than the one before.",
        AuditBreakReason.FOREIGN: "An event belongs to another organization.",
        AuditBreakReason.PERSONAL: "Personal values are others than were recorded; that they are erased is no break.",
        AuditBreakReason.CHECKPOINT: "A checkpoint is missing, is not signed by us, or was signed over another trail.",
        AuditBreakReason.HEAD: "The organization's record has another head than the trail.",
    },
    name="AuditBreakReason",
)
expose(
    UserErrorCode,
    "What is wrong, in a form that programs can rely on.",
    {
        UserErrorCode.INVALID: "The value at `path` is not acceptable; `message` says why.",
        UserErrorCode.SLUG_TAKEN: "Another organization has this name, however it is spelled.",
        UserErrorCode.EMAIL_TAKEN: "Another account has this email address.",
        UserErrorCode.WEAK_PASSWORD: "The password is too short, too long or easy to guess.",
        UserErrorCode.BAD_CREDENTIALS: "The email address or the password is wrong.",
        UserErrorCode.TOKEN_INVALID: "The token is spent, old, or none of ours.",
        UserErrorCode.NOT_FOUND: "What the input names does not exist, or not any more.",
        UserErrorCode.CONFLICT: "Something changed meanwhile: read again and retry.",
        UserErrorCode.LAST_OWNER: "An organization has an active owner always: make somebody else one first.",
        UserErrorCode.ORG_MIGRATING: "The organization's store is being moved: retry shortly.",
        UserErrorCode.ORG_SUSPENDED: "The organization is suspended: it can be read, not changed.",
        UserErrorCode.ORG_DELETED: "The organization has been deleted.",
        UserErrorCode.IDEMPOTENCY_MISMATCH: "The idempotency key was used with other arguments.",
    },
)
