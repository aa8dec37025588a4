"""The collection `audit_checkpoints`: heads of audit chains, signed soon after they came about.

A chain is checked from its last checkpoint on before its head is signed. Two signers at once are harmless: one
compare-and-set on the organization's record decides which of them has signed.
"""

import asyncio
import contextlib
import time

import structlog
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from auth.audit_chain import GENESIS
from auth.audit_signatures import AuditSigner
from auth.audit_trail import BreakReason, TrailBreakError, TrailVerifier
from auth.identifiers import OrganizationId
from storage import audit_trails, certificates
from storage.audit_events import instant
from storage.audit_trails import CHECKPOINTS
from storage.database import Database, Document, Session, now

INDEXES = [
    IndexModel([("organization_id", ASCENDING), ("seq", ASCENDING)], name="by_organization", unique=True),
]
_ORGANIZATIONS = "organizations"
_INTERVAL_SECONDS = 1.0
_POSTPONED_SECONDS = 3600.0
_log = structlog.get_logger()


async def keep_signing(database: Database, signer: AuditSigner) -> None:
    """Sign what is due, every second until cancelled; a trail that is broken is logged and looked at hourly."""
    postponed: dict[OrganizationId, float] = {}
    while True:
        try:
            await sign_due(database, signer, postponed)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
            _log.warning("audit checkpoints postponed", error=type(error).__name__)
        await asyncio.sleep(_INTERVAL_SECONDS)


async def sign_due(database: Database, signer: AuditSigner, postponed: dict[OrganizationId, float]) -> int:
    """Sign the heads that are due; return how many it has signed.

    A broken trail is noted in `postponed`, with the instant of `time.monotonic` until which it is left alone.
    """
    due = await database[_ORGANIZATIONS].find({"audit.due_at": {"$lte": now()}}, {"_id": True}).to_list(None)
    count = 0
    for organization_id in (found["_id"] for found in due):
        if postponed.get(organization_id, 0) > time.monotonic():
            continue
        try:
            count += await sign(database, signer, organization_id)
        except TrailBreakError as error:
            postponed[organization_id] = time.monotonic() + _POSTPONED_SECONDS
            found = {"organization": organization_id, "seq": error.seq, "reason": error.reason.value}
            _log.error("audit trail broken", **found)
    return count


async def sign(database: Database, signer: AuditSigner, organization_id: OrganizationId) -> bool:
    """Check a chain from its last checkpoint on and sign its head; false if nothing is to be signed.

    Raises `TrailBreakError`; nothing is signed then.
    """
    unsigned = {"_id": organization_id, "audit.due_at": {"$exists": True}}
    found = await database[_ORGANIZATIONS].find_one(unsigned, {"audit": True})
    if found is None:
        return False
    await _check(database, signer, organization_id, found["audit"])
    return await _sign_head(database, signer, organization_id, found["audit"])


async def _check(database: Database, signer: AuditSigner, organization_id: OrganizationId, head: Document) -> None:
    """Raise `TrailBreakError` unless the head follows from the last checkpoint."""
    verifier = await _from_checkpoint(database, signer, organization_id, head.get("checkpoint_seq", 0))
    found = audit_trails.sections(database, organization_id, verifier.seq + 1, head["seq"])
    async with contextlib.aclosing(found):
        async for section in found:
            await asyncio.to_thread(audit_trails.check, verifier, section)
    if (verifier.seq, verifier.hash) != (head["seq"], head["hash"]):
        message = f"The head of the trail is not event {head['seq']}."
        raise TrailBreakError(head["seq"], BreakReason.HEAD, message)


async def _from_checkpoint(
    database: Database, signer: AuditSigner, organization_id: OrganizationId, seq: int
) -> TrailVerifier:
    """Return a verifier that goes on behind the last checkpoint, whose signature counts, and not what stands beside."""
    if not seq:
        return TrailVerifier(organization_id, signer.keys)
    found = await database[CHECKPOINTS].find_one({"_id": f"{organization_id}:{seq}"}) or {}
    verifier = TrailVerifier(organization_id, signer.keys, seq=seq, link_hash=str(found.get("hash", GENESIS)))
    verifier.checkpoint(found.get("jws"))
    return verifier


async def _sign_head(database: Database, signer: AuditSigner, organization_id: OrganizationId, head: Document) -> bool:
    seq, link_hash, at = head["seq"], head["hash"], now()
    checkpoint: Document = {
        "_id": f"{organization_id}:{seq}",
        "organization_id": organization_id,
        "seq": seq,
        "hash": link_hash,
        "at": at,
        "jws": signer.head(organization_id, seq, link_hash, instant(at)),
    }
    certificate = await certificates.issue(database, signer, organization_id, seq, link_hash, at)
    since = {"_id": organization_id, "audit.checkpoint_seq": head.get("checkpoint_seq")}
    try:
        written = await database.transaction(lambda tx: _write(database, tx, since, checkpoint, certificate))
    except DuplicateKeyError:
        message = f"There is a checkpoint over event {seq} already that the head knows nothing of."
        raise TrailBreakError(seq, BreakReason.CHECKPOINT, message) from None
    if written:
        _log.info("audit checkpoint", organization=organization_id, seq=seq, hash=link_hash)
    return written


async def _write(database: Database, tx: Session, since: Document, checkpoint: Document, certificate: Document) -> bool:
    """Store a checkpoint if there is none since the last one; what was appended meanwhile stays due as it is."""
    organizations, seq = database[_ORGANIZATIONS], checkpoint["seq"]
    signed = {"audit.checkpoint_seq": seq, **certificate}
    head = {**since, "audit.seq": seq, "audit.hash": checkpoint["hash"]}
    result = await organizations.update_one(head, {"$set": signed, "$unset": {"audit.due_at": ""}}, session=tx)
    if not result.matched_count:
        result = await organizations.update_one({**since, "audit.seq": {"$gt": seq}}, {"$set": signed}, session=tx)
    if result.matched_count:
        await database[CHECKPOINTS].insert_one(checkpoint, session=tx)
    return bool(result.matched_count)
