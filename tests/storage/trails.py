"""Audit trails of organizations in the database: made, checked, downloaded."""

from auth.audit_signatures import AuditSigner
from auth.audit_trail import BreakReason, TrailBreakError
from auth.identifiers import AdminId, OrganizationId
from storage import audit_events, audit_trails
from storage.acts import Act, ActorKind, ActorReference
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database
from tests import trails

ADMIN = AdminId("a" * 24)
ADDRESS = "192.0.2.77"
ACT = Act(ActorReference(ActorKind.ADMIN, ADMIN), address=ADDRESS, request_id="r1")


async def record(
    database: Database,
    organization_id: OrganizationId,
    *,
    times: int = 1,
    checkpoint: bool = False,
    act: Act = ACT,
    admin_id: AdminId = ADMIN,
    action: AuditAction = AuditAction.ADMIN_UPDATED,
) -> None:
    """Record events with personal values, each in a transaction of its own; the last with `checkpoint`."""
    for left in reversed(range(times)):
        event = NewEvent(
            action,
            Target(TargetKind.ADMIN, admin_id),
            changes={"left": audit_events.change(left, None)},
            personal={"email": audit_events.change("canary@example.com", f"canary{left}@example.com")},
        )
        due = checkpoint and not left
        await database.transaction(
            lambda tx, event=event, due=due: audit_events.record(  # type: ignore[misc] # bound for each round
                database, tx, organization_id, act, event, checkpoint=due
            )
        )


async def download(database: Database, signer: AuditSigner, organization_id: OrganizationId) -> bytes:
    """Return the trail as a file."""
    return b"".join([piece async for piece in audit_trails.lines(database, signer, organization_id)])


Break = tuple[int, BreakReason]


async def break_in_store(database: Database, signer: AuditSigner, organization_id: OrganizationId) -> Break | None:
    """Check a trail in the database; return its first break."""
    found = (await audit_trails.verify(database, signer.keys, organization_id, 1)).first_break
    return None if found is None else (found.seq, found.reason)


async def break_in_file(database: Database, signer: AuditSigner, organization_id: OrganizationId) -> Break | None:
    """Check a trail as it is downloaded; return its first break."""
    try:
        trails.verify(await download(database, signer, organization_id), signer.keys)
    except TrailBreakError as error:
        return error.seq, error.reason
    return None
