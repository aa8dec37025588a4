"""Certificates of erasure: signed statements that a deleted organization's data was destroyed, kept in its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auth.audit_signatures import AuditSigner, Signed
from auth.identifiers import OrganizationId
from storage import audit_events
from storage.audit_actions import AuditAction
from storage.database import Database, Document


@dataclass(frozen=True, slots=True)
class ErasureCertificate:
    """A certificate as stored: what was destroyed, by name, when, and the statement itself, signed."""

    issued_at: datetime
    purged_at: datetime
    destroyed: Mapping[str, int]
    jws: str


def from_document(document: Document) -> ErasureCertificate:
    """Read a stored certificate."""
    return ErasureCertificate(**document)


async def issue(
    database: Database, signer: AuditSigner, organization_id: OrganizationId, seq: int, link_hash: str, at: datetime
) -> Document:
    """Return the field of the record that holds the certificate; nothing if one is there, or nothing is destroyed.

    `seq` and `link_hash` are a head of the chain that includes the destruction.
    """
    purge = await _purge(database, organization_id, seq)
    if purge is None:
        return {}
    payload = {
        "organization": organization_id,
        **purge["details"],
        "purgedAt": audit_events.instant(purge["at"]),
        "issuedAt": audit_events.instant(at),
        "head": {"seq": seq, "hash": link_hash},
    }
    certificate = {
        "issued_at": at,
        "purged_at": purge["at"],
        "destroyed": purge["details"]["destroyed"],
        "jws": signer.sign(payload, Signed.CERTIFICATE),
    }
    return {"erasure_certificate": certificate}


async def _purge(database: Database, organization_id: OrganizationId, seq: int) -> Document | None:
    uncertified = {"_id": organization_id, "purged_at": {"$exists": True}, "erasure_certificate": {"$exists": False}}
    if await database["organizations"].find_one(uncertified, {"_id": True}) is None:
        return None
    purged = {"organization_id": organization_id, "action": AuditAction.ORGANIZATION_PURGED, "seq": {"$lte": seq}}
    return await database[audit_events.COLLECTION].find_one(purged)
