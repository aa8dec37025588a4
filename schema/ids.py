"""Global ids: opaque to clients, the type and the key of a node to us (Relay's convention)."""

import re
from enum import StrEnum

import strawberry
from strawberry.relay import from_base64, to_base64

from auth.errors import BadRequestError
from auth.identifiers import AdminId, DocumentId, InvitationId, OrganizationId, SessionId

_KEY = re.compile(r"[0-9a-f]{24}")


class NodeType(StrEnum):
    """The types that have a global id, by their name in the schema."""

    ORGANIZATION = "Organization"
    ADMIN = "Admin"
    OPERATOR = "Operator"
    SESSION = "Session"
    MIGRATION = "Migration"
    DOCUMENT = "Document"
    AUDIT_EVENT = "AuditEvent"
    INVITATION = "Invitation"


_KEYS_OF_PARTS = {
    NodeType.DOCUMENT: re.compile(r"[0-9a-f]{24}:[0-9a-f]{24}"),
    NodeType.AUDIT_EVENT: re.compile(r"[0-9a-f]{24}:[1-9][0-9]{0,17}"),
}


def encode(node_type: NodeType, key: str) -> strawberry.ID:
    """Return the global id of a node."""
    return strawberry.ID(to_base64(node_type.value, key))


def decode(global_id: str) -> tuple[NodeType, str]:
    """Return type and key of a global id; raise `BadRequestError` if it is none of ours."""
    try:
        type_name, key = from_base64(global_id)
        node_type = NodeType(type_name)
    except (ValueError, UnicodeError):
        raise BadRequestError("This is not an id of ours.") from None
    if _KEYS_OF_PARTS.get(node_type, _KEY).fullmatch(key) is None:
        raise BadRequestError("This is not an id of ours.")
    return node_type, key


def decode_organization(global_id: str) -> OrganizationId:
    """Return the key of an organization's global id; raise `BadRequestError` if it is none."""
    return OrganizationId(_key_of(global_id, NodeType.ORGANIZATION, "an organization"))


def decode_admin(global_id: str) -> AdminId:
    """Return the key of an admin's global id; raise `BadRequestError` if it is none."""
    return AdminId(_key_of(global_id, NodeType.ADMIN, "an admin"))


def decode_session(global_id: str) -> SessionId:
    """Return the key of a session's global id; raise `BadRequestError` if it is none."""
    return SessionId(_key_of(global_id, NodeType.SESSION, "a session"))


def decode_invitation(global_id: str) -> InvitationId:
    """Return the key of an invitation's global id; raise `BadRequestError` if it is none."""
    return InvitationId(_key_of(global_id, NodeType.INVITATION, "an invitation"))


def encode_document(organization_id: OrganizationId, document_id: DocumentId) -> strawberry.ID:
    """Return the global id of a document, which is unique within its organization only."""
    return encode(NodeType.DOCUMENT, f"{organization_id}:{document_id}")


def document_key(key: str) -> tuple[OrganizationId, DocumentId]:
    """Return the organization and the id that the key of a document names."""
    organization_id, document_id = key.split(":")
    return OrganizationId(organization_id), DocumentId(document_id)


def decode_document(global_id: str) -> tuple[OrganizationId, DocumentId]:
    """Return what a document's global id names; raise `BadRequestError` if it is none."""
    return document_key(_key_of(global_id, NodeType.DOCUMENT, "a document"))


def encode_audit_event(organization_id: OrganizationId, seq: int) -> strawberry.ID:
    """Return the global id of an audit event."""
    return encode(NodeType.AUDIT_EVENT, f"{organization_id}:{seq}")


def audit_event_key(key: str) -> tuple[OrganizationId, int]:
    """Return the organization and the place in its chain that the key of an audit event names."""
    organization_id, seq = key.split(":")
    return OrganizationId(organization_id), int(seq)


def _key_of(global_id: str, wanted: NodeType, noun: str) -> str:
    node_type, key = decode(global_id)
    if node_type is not wanted:
        raise BadRequestError(f"This is not the id of {noun}.")
    return key
