"""What a move tells of: to the audit trail where it begins and ends, to those who follow it at every step."""

from dataclasses import replace

from storage import audit_events, events
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent
from storage.database import Database, Document, Session
from storage.events import EventKind
from storage.migrations import MigrationRecord


async def progressed(database: Database, tx: Session, move: MigrationRecord) -> None:
    """Tell those who follow the move that its journal has changed."""
    await events.publish(database, tx, move.organization_id, EventKind.MIGRATION, {"migration_id": move.id})


async def started(database: Database, tx: Session, move: MigrationRecord) -> None:
    """Record that somebody wants a move, with what it is to change."""
    await _record(database, tx, move, AuditAction.STORE_MOVE_STARTED, {**_renaming(move), **_placement(move)})
    await progressed(database, tx, move)


async def switched(database: Database, tx: Session, move: MigrationRecord) -> None:
    """Record what a move has changed."""
    if move.renames:
        await _record(database, tx, move, AuditAction.ORGANIZATION_RENAMED, _renaming(move))
    if move.moves_documents:
        await _record(database, tx, move, AuditAction.STORE_MOVED, _placement(move))
    await progressed(database, tx, move)


async def undone(database: Database, tx: Session, move: MigrationRecord, reason: str) -> None:
    """Record that a move was undone, and why."""
    await _record(database, tx, move, AuditAction.STORE_MOVE_UNDONE, {}, {"reason": reason})


async def _record(
    database: Database,
    tx: Session,
    move: MigrationRecord,
    action: AuditAction,
    changes: Document,
    details: Document | None = None,
) -> None:
    target = Target(TargetKind.MIGRATION, move.id)
    event = NewEvent(action, target, changes, details=details or {})
    act = move.act if action is AuditAction.STORE_MOVE_STARTED else replace(move.act, address=None)
    await audit_events.record(database, tx, move.organization_id, act, event)


def _renaming(move: MigrationRecord) -> Document:
    changes = {
        "name": audit_events.change(move.source.name, move.target.name),
        "slug": audit_events.change(move.source.slug, move.target.slug),
    }
    return {name: found for name, found in changes.items() if found["before"] != found["after"]}


def _placement(move: MigrationRecord) -> Document:
    before, after = move.source.placement.to_document(), move.target.placement.to_document()
    names = ("strategy", "database", "collection")
    return {name: audit_events.change(before[name], after[name]) for name in names if before[name] != after[name]}
