"""Moves of a tenant store, as a journalled sequence that any worker can go on with, finish or undo.

`PLANNED → COPYING → FENCED → CAUGHT_UP → VERIFIED → SWITCHED → CLEANED`, or `ROLLED_BACK`. The switch, one
compare-and-set on the organization's record, is the only commit point: before it a move is carried on or undone, after
it only finished. Every write of a worker is a transaction that also holds its lease in the journal.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import bson
from pymongo import IndexModel
from pymongo.errors import PyMongoError

from storage import burned_names, document_types, leases, metrics, migrations, move_events, organizations, slugs
from storage.database import Database, Document, Session, now
from storage.failures import is_temporary, outlasting
from storage.migrations import MigrationRecord, MigrationState, MigrationWay, Progress
from storage.organizations import OrganizationStatus, StoreAccess, name_key
from storage.tenant_stores import StoreOccupiedError, TenantStore, only_id

_OVER = {MigrationState.SWITCHED, MigrationState.CLEANED, MigrationState.ROLLED_BACK}
_BEFORE_SWITCH = [state for state in MigrationState if state not in _OVER]
_CHANGES = 100
_LITTLE = 10
_ROUNDS = 2000
_FENCE_SECONDS = 5.0
_ATTEMPTS = 5
_PATIENCE_SECONDS = 20.0
_T = TypeVar("_T")


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
        self._fenced_at = 0.0
        self._source = TenantStore(database, move.organization_id, move.source.placement)
        self._target = TenantStore(database, move.organization_id, move.target.placement)

    async def run(self) -> None:
        """Carry a move through to its end, from wherever it is; raise `MoveFailedError` after undoing it.

        A database that is away for some seconds does not end the move.
        """
        with metrics.MOVES_UNDER_WAY.track_inprogress():
            async with leases.kept(self._database[migrations.COLLECTION], self._move.id, self._worker):
                try:
                    await self._persevere(self._carry)
                except (MoveFailedError, NotMovableError) as error:
                    if await self._persevere(partial(self.abandon, str(error))):
                        raise MoveFailedError(str(error)) from error
                except MoveLostError:
                    raise
                except Exception as error:
                    if await self.abandon(f"It failed: {type(error).__name__}."):
                        raise
                else:
                    with contextlib.suppress(PyMongoError):  # The move has happened; the recovery cleans up after it.
                        await self._persevere(self.clean)

    async def resume(self) -> None:
        """Go on with a move that another worker has left, or finish undoing it; raise `MoveFailedError` then."""
        if self._move.state is MigrationState.SWITCHED:
            await self.clean()
        elif self._move.abandoned or self._move.attempts > _ATTEMPTS:
            await self.abandon(self._move.error or "No server has carried it through.")
        else:
            await self.run()

    async def abandon(self, reason: str) -> bool:
        """Undo the move; return false, with the move finished instead, if the switch has happened after all.

        The journal is marked first, and the switch demands that it is not marked: a commit whose outcome was unknown
        either shows here or can happen no more. A rename of the collection is kept from happening late by a placeholder
        under the new name; if it has happened, the move goes forward.
        """
        if self._may_be_renamed and await self._is_renamed():
            await self._database.transaction(self._switch)
            await self.clean()
            return False
        undone = {"_id": self._move.id, "state": {"$in": _BEFORE_SWITCH}, **leases.held_by(self._worker)}
        mark = {"$set": {"abandoned": True, "error": reason}}
        if not (await self._database[migrations.COLLECTION].update_one(undone, mark)).matched_count:
            await self.clean()
            return False
        await self._database.transaction(lambda tx: self._set_access(tx, None))
        if self._move.moves_documents and self._move.way is MigrationWay.COPY:
            await self._drop_target()
        await self._database.transaction(lambda tx: self._forget(tx, reason))
        metrics.MOVES_ROLLED_BACK.inc()
        return True

    async def clean(self) -> None:
        """Drop what the move has left behind; raise `MoveLostError` unless it is switched and this worker's."""
        await self._update({"$set": {"lease": leases.lease(self._worker)}}, None, {"state": MigrationState.SWITCHED})
        if self._move.moves_documents:
            if self._move.way is MigrationWay.COPY:
                await self._source.drop(self._hold)
            if self._leaves_database:
                await self._source.drop_companions(self._hold)
        await self._database.transaction(self._complete)
        metrics.MOVES_FINISHED.inc()

    @property
    def _leaves_database(self) -> bool:
        return self._source.placement.database != self._target.placement.database

    @property
    def _may_be_renamed(self) -> bool:
        return self._move.way is MigrationWay.RENAME and self._move.state is MigrationState.VERIFIED

    async def _is_renamed(self) -> bool:
        await self._target.create_placeholder()
        return not await self._source.exists()

    async def _persevere(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do a part of the work; when the database was away meanwhile, again from what the journal says."""
        deadline = 0.0
        while True:
            try:
                return await work()
            except PyMongoError as error:
                deadline = deadline or time.monotonic() + _PATIENCE_SECONDS
                if not is_temporary(error) or time.monotonic() > deadline:
                    raise
                await self._read_journal(deadline)

    async def _read_journal(self, deadline: float) -> None:
        held = {"_id": self._move.id, **leases.held_by(self._worker)}
        found = await outlasting(lambda: self._database[migrations.COLLECTION].find_one(held), deadline)
        if found is None:
            raise MoveLostError
        self._move = migrations.from_document(found)

    async def _carry(self) -> None:
        if self._move.state is MigrationState.SWITCHED:
            return
        if self._move.state is MigrationState.PLANNED:
            await self._begin()
        if self._move.state is MigrationState.COPYING:
            await self._copy()
        if self._move.state is MigrationState.FENCED:
            await self._catch_up_fenced()
        if self._move.state is MigrationState.CAUGHT_UP:
            await self._verify()
        if self._move.moves_documents and self._move.way is MigrationWay.RENAME:
            await self._rename()
        await self._database.transaction(self._switch)

    async def _begin(self) -> None:
        """Make the target ready, and have writers log what they change from now on."""
        if not self._move.moves_documents:
            await self._advance(MigrationState.VERIFIED)
        elif self._move.way is MigrationWay.RENAME:
            await self._fence(StoreAccess.RENAMING)
        else:
            await self._source.create_companions()
            try:
                await self._target.create()
            except StoreOccupiedError:
                raise MoveFailedError("A collection with the new name holds documents already.") from None
            await self._target.create_indexes(await self._indexes())
            documents, size = await self._source.estimate()
            progress = Progress(documents_total=documents, bytes_total=size, since=now())
            await self._advance(MigrationState.COPYING, progress, StoreAccess.LOGGED)

    async def _copy(self) -> None:
        """Copy all documents, then what was changed meanwhile, until so little is left that a fence is short."""
        await self._settle()
        if not self._move.progress.complete:
            async for batch in self._source.batches(
                self._move.progress.last, fetched=self._move.progress.documents_at_once
            ):
                await self._write(partial(self._insert, batch))
            await self._advance(MigrationState.COPYING, replace(self._move.progress, complete=True))
        await self._catch_up()
        if not self._move.progress.checked:
            await self._check()
            await self._advance(MigrationState.COPYING, replace(self._move.progress, checked=True))
            await self._catch_up()
        await self._fence(StoreAccess.FENCED)

    async def _insert(self, batch: list[bytes], tx: Session) -> Progress:
        before = self._move.progress
        progress = replace(before, copied=before.copied.plus(batch), last=only_id(batch[-1]), at=now())
        await self._target.insert(tx, batch)
        return progress

    async def _catch_up(self) -> None:
        little = min(_LITTLE, self._move.progress.documents_at_once)
        for _ in range(_ROUNDS):
            if await self._apply_changes() < little:
                return
        raise MoveFailedError("The documents change faster than they can be copied.")

    async def _apply_changes(self) -> int:
        """Copy again what the log of changes names; return how many changes there were."""
        if not await self._source.changes.read(1):
            return 0
        count, limit = 0, min(_CHANGES, self._move.progress.documents_at_once)

        async def apply(tx: Session) -> Progress:
            nonlocal count
            entries = await self._source.changes.read(limit, tx)
            count = len(entries)
            ids = list({bson.encode({"": entry["document"]}): entry["document"] for entry in entries}.values())
            stale, fresh = await self._target.read(ids, tx), await self._source.read(ids, tx)
            await self._target.replace(tx, ids, fresh)
            await self._source.changes.remove(tx, entries)
            before = self._move.progress
            return replace(before, copied=before.copied.minus(stale).plus(fresh), at=now())

        await self._write(apply)
        return count

    async def _check(self) -> None:
        """Read the copy again, and count the original if nobody writes to it meanwhile."""
        written, count = await asyncio.gather(
            self._target.content(fetched=self._move.progress.documents_at_once), self._source.count()
        )
        copied = self._move.progress.copied
        if written != copied:
            raise MoveFailedError("The copy differs from the original.")
        if count != copied.documents and not await self._source.changes.read(1):
            raise MoveFailedError("Something else than this server has written to the store meanwhile.")

    async def _fence(self, access: StoreAccess) -> None:
        self._fenced_at = time.monotonic()
        await self._advance(MigrationState.FENCED, access=access)

    async def _catch_up_fenced(self) -> None:
        """Wait for the writes under way, and copy what they changed."""
        await self._settle()
        if self._move.way is MigrationWay.COPY:
            while await self._apply_changes():
                self._refuse_late()
        await self._advance(MigrationState.CAUGHT_UP)

    async def _settle(self) -> None:
        """Wait until no write is under way that has not seen what tenants may do now."""
        try:
            await self._source.guards.touch()
        except PyMongoError:
            await self._database.ping()
            raise MoveFailedError("A write that was under way did not end in time.") from None

    async def _verify(self) -> None:
        if self._move.way is MigrationWay.COPY:
            wanted, found = await asyncio.gather(self._indexes(), self._target.indexes())
            if not {index.document["name"] for index in wanted} <= {index.document["name"] for index in found}:
                raise MoveFailedError("The copy lacks an index of the original.")
        self._refuse_late()
        await self._advance(MigrationState.VERIFIED)

    async def _rename(self) -> None:
        try:
            await self._source.rename_to(self._target)
        except StoreOccupiedError:
            raise MoveFailedError("There is a collection with the new name already.") from None

    def _refuse_late(self) -> None:
        if self._fenced_at and time.monotonic() - self._fenced_at > _FENCE_SECONDS:
            raise MoveFailedError("The documents could not be kept still for long enough.")

    async def _indexes(self) -> Sequence[IndexModel]:
        """Return the indexes that the target has to have: of a store of its own all, of a shared one the declared."""
        if not self._source.is_shared and not self._target.is_shared:
            return await self._source.indexes()
        return await document_types.index_models(self._database, self._move.organization_id, self._target)

    async def _switch(self, tx: Session) -> None:
        source, target = self._move.source, self._move.target
        result = await self._database[organizations.COLLECTION].update_one(
            {
                "_id": self._move.organization_id,
                "status": {"$in": [OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]},
                "migration_id": self._move.id,
                "placement.epoch": source.placement.epoch,
            },
            {
                "$set": {
                    "name": target.name,
                    "name_key": name_key(target.name),
                    "slug": target.slug,
                    "placement": target.placement.to_document(),
                    "updated_at": now(),
                },
                "$unset": {"access": ""},
            },
            session=tx,
        )
        if not result.matched_count:
            raise NotMovableError("The organization has changed meanwhile.")
        if self._move.renames:
            await slugs.make_current(self._database, tx, self._move.organization_id, old=source.slug, new=target.slug)
        switched = {"$set": {"state": MigrationState.SWITCHED}}
        await self._update(switched, tx, {"state": MigrationState.VERIFIED, "abandoned": {"$exists": False}})
        await move_events.switched(self._database, tx, self._move)

    async def _drop_target(self) -> None:
        """Drop the copy; while the move was only planned, the collection may be somebody else's."""
        if self._move.state is not MigrationState.PLANNED:
            await self._target.drop(self._hold)
        elif not await self._target.drop_if_empty():
            return
        if self._leaves_database:
            await self._target.drop_companions(self._hold)

    async def _complete(self, tx: Session) -> None:
        """Let go of the organization; while its old store is still to be dropped, it is neither renamed nor deleted."""
        await self._finish(tx, MigrationState.CLEANED)
        if self._move.moves_documents and self._move.taken_over:
            await burned_names.burn(self._database, tx, self._move.organization_id, self._move.source.placement)
        await self._release(tx)

    async def _forget(self, tx: Session, reason: str) -> None:
        await self._finish(tx, MigrationState.ROLLED_BACK, error=reason)
        await move_events.undone(self._database, tx, self._move, reason)
        await self._source.changes.clear(tx)
        if self._move.renames:
            await slugs.give_target_up(self._database, tx, self._move.target.slug, self._move.organization_id)
        if self._move.moves_documents and (self._move.taken_over or self._may_be_renamed):
            await burned_names.burn(self._database, tx, self._move.organization_id, self._move.target.placement)
        await self._release(tx)

    async def _release(self, tx: Session) -> None:
        own = {"_id": self._move.organization_id, "migration_id": self._move.id}
        await self._database[organizations.COLLECTION].update_one(own, {"$unset": {"migration_id": ""}}, session=tx)

    async def _set_access(self, tx: Session, access: StoreAccess | None) -> None:
        """Set what tenants may do meanwhile, if this worker still holds the move."""
        await self._hold(tx)
        change = {"$unset": {"access": ""}} if access is None else {"$set": {"access": access}}
        own = {"_id": self._move.organization_id, "migration_id": self._move.id}
        await self._database[organizations.COLLECTION].update_one(own, change, session=tx)

    async def _advance(
        self, state: MigrationState, progress: Progress | None = None, access: StoreAccess | None = None
    ) -> None:
        """Write state and progress, with what tenants may do from then on; raise `MoveLostError` if it is another's."""

        async def write(tx: Session) -> Progress:
            if access is not None:
                await self._set_access(tx, access)
            return progress or self._move.progress

        await self._write(write, state)

    async def _write(
        self, work: Callable[[Session], Coroutine[Any, Any, Progress]], state: MigrationState | None = None
    ) -> None:
        """Do a step of the work, and write the progress that it returns, in one transaction."""
        state = state or self._move.state

        async def write(tx: Session) -> Progress:
            progress = await work(tx)
            fields = {"state": state, "progress": progress.to_document(), "lease": leases.lease(self._worker)}
            await self._update({"$set": fields}, tx)
            await move_events.progressed(self._database, tx, self._move)
            return progress

        progress = await self._database.transaction(write)
        self._move = replace(self._move, state=state, progress=progress)

    async def _hold(self, tx: Session) -> None:
        """Renew the lease in a transaction; raise `MoveLostError` if it is another worker's."""
        await self._update({"$set": {"lease": leases.lease(self._worker)}}, tx)

    async def _finish(self, tx: Session, state: MigrationState, *, error: str | None = None) -> None:
        fields = {"state": state, "finished_at": now(), "error": error}
        await self._update({"$set": fields, "$unset": {"lease": ""}}, tx)
        await move_events.progressed(self._database, tx, self._move)

    async def _update(self, change: Document, tx: Session | None, provided: Document | None = None) -> None:
        held = {"_id": self._move.id, **leases.held_by(self._worker), **(provided or {})}
        result = await self._database[migrations.COLLECTION].update_one(held, change, session=tx)
        if not result.matched_count:
            raise MoveLostError
