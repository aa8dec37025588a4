"""What happens in organizations, told as storage tells it."""

from auth.identifiers import AdminId, DocumentId, OrganizationId, SessionId
from storage import events
from storage.audit_actions import AuditAction, TargetKind
from storage.database import Database, new_id
from storage.events import EventKind
from storage.tenant_access import DocumentChange, DocumentChangeKind


async def documents(database: Database, organization_id: OrganizationId, *versions: int) -> None:
    """Tell of documents that one transaction has made: their versions serve to tell them apart."""
    changes = [
        DocumentChange(DocumentChangeKind.CREATED, DocumentId(new_id()), "note", version).to_document()
        for version in versions
    ]
    await database.transaction(
        lambda tx: events.publish(database, tx, organization_id, EventKind.DOCUMENTS, {"changes": changes})
    )


async def act(database: Database, organization_id: OrganizationId, action: AuditAction, seq: int = 1) -> None:
    """Tell of something that an admin has done."""
    content = {
        "seq": seq,
        "action": action.value,
        "actor": {"kind": "ADMIN", "id": AdminId("a" * 24)},
        "target": {"kind": TargetKind.SESSION.value, "id": SessionId("b" * 24)},
    }
    await database.transaction(lambda tx: events.publish(database, tx, organization_id, EventKind.ACT, content))
