"""Acts: who does something, and by which request."""

from dataclasses import dataclass
from enum import StrEnum

from auth.identifiers import AdminId, OperatorId, SessionId
from storage.database import Document
from storage.idempotency import Claim


class ActorKind(StrEnum):
    """Who can act on an organization: `SYSTEM` is this software by itself, `UNKNOWN` who has not signed in."""

    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"
    SYSTEM = "SYSTEM"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ActorReference:
    """Who did something, to be looked up when it is shown; only admins and operators have an id."""

    kind: ActorKind
    id: AdminId | OperatorId | None = None

    def to_document(self) -> Document:
        """Return the reference as stored."""
        return {"kind": self.kind, "id": self.id}

    @classmethod
    def from_document(cls, document: Document) -> "ActorReference":
        """Read a stored reference."""
        return cls(ActorKind(document["kind"]), document["id"])


@dataclass(frozen=True, slots=True)
class Act:
    """One act: who is behind it, with which session, from which network address, by which request.

    `claim` is on the idempotency key that the act completes where it takes effect.
    """

    actor: ActorReference
    session_id: SessionId | None = None
    address: str | None = None
    request_id: str | None = None
    claim: Claim | None = None

    def to_document(self) -> Document:
        """Return the act as stored beside work that goes on: without the address, which is personal."""
        return {**self.actor.to_document(), "session_id": self.session_id, "request_id": self.request_id}

    @classmethod
    def from_document(cls, document: Document) -> "Act":
        """Read a stored act."""
        return cls(
            ActorReference.from_document(document),
            session_id=document["session_id"],
            request_id=document["request_id"],
        )


UNKNOWN = ActorReference(ActorKind.UNKNOWN)
"""Somebody who has not signed in."""

SYSTEM = Act(ActorReference(ActorKind.SYSTEM))
"""What this software does by itself."""
