"""Moves of a tenant store, as a journalled sequence that any worker can finish or undo.

`PLANNED → COPYING → VERIFIED → SWITCHED → CLEANED`, or `ROLLED_BACK`. The switch, one compare-and-set on the
organization's record, is the only commit point: before it a move is undone, after it only finished.
"""

import asyncio
import contextlib

from pymongo.errors import DuplicateKeyError, PyMongoError

from auth.identifiers import OrganizationId
from storage import leases, migrations, organizations, slugs
from storage.conflicts import SlugTakenError
from storage.database import Database, Document, Session, now
from storage.migrations import MigrationRecord, MigrationState
from storage.organizations import OrganizationStatus, name_key
from storage.tenant_stores import StoreOccupiedError, TenantStore

_BEFORE_SWITCH = [MigrationState.PLANNED, MigrationState.COPYING, MigrationState.VERIFIED]


class NotMovableError(Exception):
    """The organization is not active, is moving already, or is not what the plan was made for any more."""


class MoveLostError(Exception):
    """Another worker has taken the move over."""


class MoveFailedError(Exception):
    """The move was rolled back; the message says why."""


class Mover:
    """One worker's work on one move. Every step is a compare-and-set on the lease in the journal."""

    def __init__(self, database: Database, move: MigrationRecord, worker: str) -> None:
        self._database = database
        self._move = move
        self._worker = worker
        self._source = TenantStore(database, move.organization_id, move.source.placement)
        self._target = TenantStore(database, move.organization_id, move.target.placement)

    async def run(self) -> None:
        """Carry a planned move through to its end; raise `MoveFailedError` after undoing it."""
        async with leases.kept(self._database[migrations.COLLECTION], self._move.id, self._worker):
            try:
                await self._carry()
            except (MoveFailedError, NotMovableError) as error:
                await self.abandon(str(error))
                raise MoveFailedError(str(error)) from error
            except MoveLostError:
                raise
            except Exception as error:
                if await self.abandon(f"It failed: {type(error).__name__}."):
                    raise
            else:
                with contextlib.suppress(PyMongoError):  # The move has happened; the recovery cleans up after it.
                    await self.clean()

    async def abandon(self, reason: str) -> bool:
        """Undo the move; return false, with the move finished instead, if the switch has happened after all.

        The journal is marked first, and the switch demands that it is not marked: a commit whose outcome was unknown
        either shows here or can happen no more.
        """
        undone = {"_id": self._move.id, "state": {"$in": _BEFORE_SWITCH}, **leases.held_by(self._worker)}
        marked: Document | None = await self._database[migrations.COLLECTION].find_one_and_update(
            undone, {"$set": {"abandoned": True}}
        )
        if marked is None:
            await self.clean()
            return False
        if self._move.moves_documents:
            if marked["state"] == MigrationState.PLANNED:
                await self._target.drop_if_empty()
            else:
                await self._target.drop()
        await self._database.transaction(lambda tx: self._forget(tx, reason))
        return True

    async def clean(self) -> None:
        """Drop what the move has left behind; raise `MoveLostError` unless it is switched and this worker's."""
        await self._update({"$set": {"lease": leases.lease(self._worker)}}, None, {"state": MigrationState.SWITCHED})
        if self._move.moves_documents:
            await self._source.drop()
        await self._database.transaction(self._complete)

    async def _carry(self) -> None:
        if self._move.moves_documents:
            await self._copy()
            await self._verify()
        await self._advance(MigrationState.VERIFIED)
        await self._database.transaction(self._switch)

    async def _copy(self) -> None:
        try:
            await self._target.create()
        except StoreOccupiedError:
            raise MoveFailedError("A collection with the new name holds documents already.") from None
        await self._advance(MigrationState.COPYING, documents_total=await self._source.count())
        done = 0
        async for copied in self._source.copy_to(self._target):
            done += copied
            await self._advance(MigrationState.COPYING, documents_done=done)

    async def _verify(self) -> None:
        source, target = await asyncio.gather(self._source.fingerprint(), self._target.fingerprint())
        if source != target or source.documents != await self._source.count_exactly():
            raise MoveFailedError("The copy differs from the original.")

    async def _switch(self, tx: Session) -> None:
        at, source, target = now(), self._move.source, self._move.target
        result = await self._database[organizations.COLLECTION].update_one(
            {
                "_id": self._move.organization_id,
                "status": OrganizationStatus.ACTIVE,
                "migration_id": self._move.id,
                "placement.epoch": source.placement.epoch,
            },
            {
                "$set": {
                    "name": target.name,
                    "name_key": name_key(target.name),
                    "slug": target.slug,
                    "placement": target.placement.to_document(),
                    "updated_at": at,
                }
            },
            session=tx,
        )
        if not result.matched_count:
            raise NotMovableError("The organization has changed meanwhile.")
        await slugs.make_current(self._database, tx, self._move.organization_id, old=source.slug, new=target.slug)
        await self._update(
            {"$set": {"state": MigrationState.SWITCHED}},
            tx,
            {"state": MigrationState.VERIFIED, "abandoned": {"$exists": False}},
        )

    async def _complete(self, tx: Session) -> None:
        """Let go of the organization; while its old store is still to be dropped, it is neither renamed nor deleted."""
        await self._finish(tx, MigrationState.CLEANED)
        await self._release(tx)

    async def _forget(self, tx: Session, reason: str) -> None:
        await self._finish(tx, MigrationState.ROLLED_BACK, error=reason)
        await slugs.give_target_up(self._database, tx, self._move.target.slug, self._move.organization_id)
        await self._release(tx)

    async def _release(self, tx: Session) -> None:
        own = {"_id": self._move.organization_id, "migration_id": self._move.id}
        await self._database[organizations.COLLECTION].update_one(own, {"$unset": {"migration_id": ""}}, session=tx)

    async def _advance(self, state: MigrationState, **fields: int) -> None:
        """Write progress and renew the lease; raise `MoveLostError` if it is another worker's."""
        await self._update({"$set": {**fields, "state": state, "lease": leases.lease(self._worker)}}, None)

    async def _finish(self, tx: Session, state: MigrationState, *, error: str | None = None) -> None:
        fields = {"state": state, "finished_at": now(), "error": error}
        await self._update({"$set": fields, "$unset": {"lease": ""}}, tx)

    async def _update(self, change: Document, tx: Session | None, provided: Document | None = None) -> None:
        held = {"_id": self._move.id, **leases.held_by(self._worker), **(provided or {})}
        result = await self._database[migrations.COLLECTION].update_one(held, change, session=tx)
        if not result.matched_count:
            raise MoveLostError


async def plan(database: Database, move: MigrationRecord) -> Mover:
    """Reserve the new slug and write the move into the journal, in one transaction.

    Raises `SlugTakenError` or `NotMovableError`; nothing has changed then.
    """
    worker = leases.new_owner()
    await database.transaction(lambda tx: _plan(database, tx, move, worker))
    return Mover(database, move, worker)


async def _plan(database: Database, tx: Session, move: MigrationRecord, worker: str) -> None:
    result = await database[organizations.COLLECTION].update_one(
        {
            "_id": move.organization_id,
            "status": OrganizationStatus.ACTIVE,
            "slug": move.source.slug,
            "placement.epoch": move.source.placement.epoch,
            "migration_id": {"$exists": False},
        },
        {"$set": {"migration_id": move.id}},
        session=tx,
    )
    if not result.matched_count:
        raise NotMovableError("The organization is not active, or is moving already.")
    await _reserve_target(database, tx, move.target.slug, move.organization_id)
    document = migrations.to_document(move) | {"lease": leases.lease(worker)}
    await database[migrations.COLLECTION].insert_one(document, session=tx)


async def _reserve_target(database: Database, tx: Session, slug: str, organization_id: OrganizationId) -> None:
    try:
        await slugs.reserve_target(database, tx, slug, organization_id)
    except DuplicateKeyError:
        raise SlugTakenError from None
