"""The collection `outbox`: mails yet to be sent, each written in the transaction that causes it.

A mail is stored as what it is about, not as its text: tokens come into being when it is sent, so none is stored.
"""

from dataclasses import dataclass
from enum import StrEnum

from pymongo import IndexModel

from auth.identifiers import AdminId, InvitationId, OrganizationId
from storage.database import Database, Document, Session, new_id, now

COLLECTION = "outbox"
INDEXES = [
    IndexModel("due_at", name="due", sparse=True),
    IndexModel("organization_id", name="by_organization", sparse=True),
]


class MailKind(StrEnum):
    """What a mail tells.

    `EMAIL_VERIFICATION`, `PASSWORD_RESET` and `INVITATION` carry a token. `EMAIL_CHANGED` goes to the former address.
    `SIGN_UP_LAPSING` comes before a sign-up whose owner has not verified its address lapses.
    """

    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a kind of mail
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a kind of mail
    EMAIL_CHANGED = "EMAIL_CHANGED"
    INVITATION = "INVITATION"
    SIGN_UP_LAPSING = "SIGN_UP_LAPSING"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: to which address, and what it is about. A password reset knows nothing but the address."""

    kind: MailKind
    to: str
    organization_id: OrganizationId | None = None
    admin_id: AdminId | None = None
    invitation_id: InvitationId | None = None


async def put(database: Database, tx: Session, mail: Mail) -> None:
    """Have a mail sent if the transaction is committed."""
    at = now()
    document = {"_id": new_id(), **to_document(mail), "created_at": at, "due_at": at, "attempts": 0}
    await database[COLLECTION].insert_one(document, session=tx)


async def discard_all(database: Database, tx: Session, organization_id: OrganizationId) -> None:
    """Give up the mails that are about an organization."""
    await database[COLLECTION].delete_many({"organization_id": organization_id}, session=tx)


def to_document(mail: Mail) -> Document:
    """Return what is stored of a mail."""
    about = {"organization_id": mail.organization_id, "admin_id": mail.admin_id, "invitation_id": mail.invitation_id}
    return {"kind": mail.kind, "to": mail.to, **{name: value for name, value in about.items() if value is not None}}


def from_document(document: Document) -> Mail:
    """Read a stored mail."""
    return Mail(
        MailKind(document["kind"]),
        document["to"],
        document.get("organization_id"),
        document.get("admin_id"),
        document.get("invitation_id"),
    )
