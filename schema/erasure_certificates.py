"""Certificates of erasure: what was destroyed of a deleted organization, signed."""

from datetime import datetime

import strawberry

from schema.scalars import BigInt
from storage.certificates import ErasureCertificate as StoredCertificate


@strawberry.type(description="How much was destroyed of a deleted organization.")
class ErasedData:
    """The counts of a certificate."""

    documents: BigInt = strawberry.field(description="Documents in the tenant store.")
    document_types: int = strawberry.field(description="Types of documents with their indexes and schemas.")
    imports: int = strawberry.field(description="Records of imports.")
    sessions: int = strawberry.field(description="Sessions that were still there.")
    slugs: int = strawberry.field(description="Slugs that became free.")
    emails: int = strawberry.field(description="Email addresses that became free.")


@strawberry.type(
    description="A signed statement that a deleted organization's data was destroyed. `server.py audit verify` checks "
    "it with the public keys at `/.well-known/audit-jwks.json`."
)
class ErasureCertificate:
    """A certificate."""

    issued_at: datetime = strawberry.field(description="When it was signed.")
    purged_at: datetime = strawberry.field(description="When the data was destroyed.")
    destroyed: ErasedData = strawberry.field(description="What was destroyed.")
    jws: str = strawberry.field(
        description="The statement itself, a compact JWS (RFC 7515): the counts, the store, who deleted the "
        "organization and when, and the head of its audit trail."
    )

    @classmethod
    def from_stored(cls, certificate: StoredCertificate) -> "ErasureCertificate":
        """Show a stored certificate."""
        counts = certificate.destroyed
        return cls(
            issued_at=certificate.issued_at,
            purged_at=certificate.purged_at,
            destroyed=ErasedData(
                documents=BigInt(counts["documents"]),
                document_types=counts["documentTypes"],
                imports=counts["imports"],
                sessions=counts["sessions"],
                slugs=counts["slugs"],
                emails=counts["emails"],
            ),
            jws=certificate.jws,
        )
