"""Moves under load and against faults: no acknowledged write is lost, and what fails is undone with its reason."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pymongo.errors import OperationFailure

from server import Settings
from storage import burned_names, move_plans, recovery, tenant_access
from storage.database import Database, new_id
from storage.guards import COUNT
from storage.migrations import MigrationRecord, MigrationState, MigrationWay
from storage.moves import MoveFailedError, MoveLostError, Mover
from storage.organizations import OrganizationRecord
from storage.placements import Placement, StoreStrategy
from storage.tenant_access import NotWritableError, TenantTransaction
from storage.tenant_stores import StoreOccupiedError, TenantStore, to_content
from tests.commands import Commands
from tests.storage import directory

WRITERS = 6
PAIRS = [pair for pair in itertools.product(StoreStrategy, StoreStrategy) if pair != (StoreStrategy.SHARED,) * 2]
every_pair = pytest.mark.parametrize(("strategy", "goal"), PAIRS)
every_way = pytest.mark.parametrize("way", list(MigrationWay))


@dataclass
class Ledger:
    """What writers were told: the value of each document that they made or changed, None once it is deleted."""

    values: dict[str, int | None] = field(default_factory=dict)
    refused: int = 0
    writes: int = 0

    @property
    def present(self) -> dict[str, int]:
        """The documents that have to be there, by id."""
        return {key: value for key, value in self.values.items() if value is not None}


@contextlib.asynccontextmanager
async def writers(database: Database, organization: OrganizationRecord) -> AsyncIterator[Ledger]:
    """Have writers at work on documents of their own meanwhile."""
    ledger, stop = Ledger(), asyncio.Event()
    tasks = [asyncio.create_task(_write(database, organization, ledger, stop, number)) for number in range(WRITERS)]
    try:
        await directory.until(lambda: ledger.writes >= WRITERS)
        yield ledger
        writes = ledger.writes
        await directory.until(lambda: ledger.writes >= writes + WRITERS)
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _write(
    database: Database, organization: OrganizationRecord, ledger: Ledger, stop: asyncio.Event, number: int
) -> None:
    """Make, change and delete documents by turns until told to stop; only what is acknowledged is noted."""
    for turn in itertools.count():
        if stop.is_set():
            return
        key, deletes = f"{number}-{turn % 7}", turn % 3 == 2

        async def work(transaction: TenantTransaction, key: str = key, turn: int = turn, gone: bool = deletes) -> None:  # noqa: FBT001 - bound early
            contents = [] if gone else [to_content({"_id": key, "value": turn})]
            await transaction.store.replace(transaction.session, [key], contents)
            transaction.note(key)

        try:
            await tenant_access.write(database, organization.id, work)
        except NotWritableError:
            ledger.refused += 1
            await asyncio.sleep(0.005)
        else:
            ledger.values[key] = None if deletes else turn
            ledger.writes += 1


async def documents_of(database: Database, organization: OrganizationRecord) -> dict[str, int]:
    """Return what is in an organization's store, by id."""
    found = await directory.read(database, organization.id)
    assert found is not None
    assert found.placement is not None
    store = TenantStore(database, found.id, found.placement)
    cursor = store.collection.find(store.scope())
    if store.is_shared:
        return {document["_id"]["id"]: document["value"] async for document in cursor}
    return {document["_id"]: document["value"] async for document in cursor}


async def assert_nothing_in(database: Database, organization: OrganizationRecord, places: list[Placement]) -> None:
    """Look into places that stores have left, by their names: lists do not show everything."""
    for place in places:
        assert await TenantStore(database, organization.id, place).count_exactly() == 0, place


@every_pair
async def test_no_acknowledged_write_is_lost(database: Database, strategy: StoreStrategy, goal: StoreStrategy) -> None:
    """While writers write, a store is moved there and back: each acknowledged write is there once, and nowhere else."""
    organization = await directory.sign_up(database, "start", strategy)
    left = []
    async with writers(database, organization) as ledger:
        for slug, target in (("goal", goal), ("start", strategy)):
            before = await directory.read(database, organization.id)
            assert before is not None
            move = directory.move_of(database, before, slug=slug, strategy=target)
            await (await move_plans.plan(database, move)).run()
            left.append(move.source.placement)
    after = await directory.read(database, organization.id)
    assert after is not None
    assert (after.slug, after.migration_id, after.access) == ("start", None, None)
    assert await documents_of(database, organization) == ledger.present
    assert after.placement is not None
    await assert_nothing_in(database, organization, [place for place in left if not place.same_place(after.placement)])


async def test_fast_way_keeps_every_write(database: Database) -> None:
    """The contract of the copying way holds for the one that renames the collection."""
    organization = await directory.sign_up(database, "start")
    async with writers(database, organization) as ledger:
        for slug in ("goal", "start", "goal"):
            before = await directory.read(database, organization.id)
            assert before is not None
            move = directory.rename_of(database, before, slug, MigrationWay.RENAME)
            await (await move_plans.plan(database, move)).run()
    assert await documents_of(database, organization) == ledger.present
    assert await directory.stores(database) == ["_tenants.org_goal"]


@every_way
async def test_readers_see_every_document_at_all_times(database: Database, way: MigrationWay) -> None:
    """A read never meets a store that is half copied, renamed away or dropped."""
    organization = await directory.sign_up(database, "start", documents=200)
    done, counts = asyncio.Event(), Counter[int]()

    async def read() -> None:
        while not done.is_set():
            found = await directory.read(database, organization.id)
            assert found is not None
            counts[await tenant_access.read(database, found, TenantStore.count_exactly)] += 1

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for slug in ("one", "two", "three"):
        before = await directory.read(database, organization.id)
        assert before is not None
        await (await move_plans.plan(database, directory.rename_of(database, before, slug, way))).run()
    done.set()
    await asyncio.gather(*readers)
    assert set(counts) == {200}
    assert counts[200] > 5


async def test_dead_client_holds_a_move_up_for_a_bounded_time(database: Database, settings: Settings) -> None:
    """A transaction that nobody ends holds a guard: the move gives up in time, and writers go on."""
    organization = await directory.sign_up(database, "start")
    async with writers(database, organization):
        pass
    assert settings.mongodb_uri is not None
    dead = Database(settings.mongodb_uri.get_secret_value(), settings.database)
    assert organization.placement is not None
    async with await dead.client.start_session() as session:
        session.start_transaction()
        for guard in (f"{organization.id}:{number}" for number in range(COUNT)):
            await dead.client[organization.placement.database]["guards"].update_one(
                {"_id": guard}, {"$inc": {"taken": 1}}, session=session
            )
        began = time.monotonic()
        move = directory.rename_of(database, organization, "goal")
        with pytest.raises(MoveFailedError):
            await (await move_plans.plan(database, move)).run()
        assert time.monotonic() - began < 10
        await session.abort_transaction()
    await dead.close()
    journal = await directory.read_migration(database, move.id)
    assert journal is not None
    assert (journal.state, journal.error) == (
        MigrationState.ROLLED_BACK,
        "A write that was under way did not end in time.",
    )
    async with writers(database, organization) as ledger:
        pass
    assert ledger.present.items() <= (await documents_of(database, organization)).items()


async def test_copy_goes_on_where_it_was_left(database: Database, watched: tuple[Database, Commands]) -> None:
    """A worker that takes a copy over inserts what is missing, and nothing again."""
    organization = await directory.sign_up(database, "start", documents=3500)
    move = directory.rename_of(database, organization, "goal")
    client, commands = watched
    mover = await move_plans.plan(client, move)
    moving = asyncio.create_task(mover.run())

    async def some_batches() -> bool:
        found = await directory.read_migration(database, move.id)
        return found is not None and found.progress.copied.documents >= 1000

    await directory.until_it_is(some_batches)
    moving.cancel()
    await asyncio.wait([moving])
    await client.settle()
    left = await directory.read_migration(database, move.id)
    assert left is not None
    assert 1000 <= left.progress.copied.documents < 3500
    before = commands.targets("insert").count("org_goal")
    await recovery.recover(client, expired_only=False)
    assert commands.targets("insert").count("org_goal") - before == -(-(3500 - left.progress.copied.documents) // 250)
    after = await directory.read_migration(database, move.id)
    assert after is not None
    assert (after.state, after.progress.copied.documents) == (MigrationState.CLEANED, 3500)


async def test_fast_way_sends_as_many_commands_whatever_the_size(watched: tuple[Database, Commands]) -> None:
    """Renaming a collection does not touch its documents."""
    client, commands = watched
    counts = []
    for size in (10, 600):
        organization = await directory.sign_up(client, f"start-{size}", documents=size)
        commands.seen.clear()
        move = directory.rename_of(client, organization, f"goal-{size}", MigrationWay.RENAME)
        await (await move_plans.plan(client, move)).run()
        counts.append(Counter(commands.names))
        assert await directory.count(client, organization) == 0
    assert counts[0] == counts[1]


async def _fail(database: Database, move: MigrationRecord) -> MigrationRecord:
    """Run a move that has to fail; return what the journal has of it, the organization being as it was before."""
    before = await directory.read(database, move.organization_id)
    with pytest.raises(MoveFailedError):
        await (await move_plans.plan(database, move)).run()
    after = await directory.read(database, move.organization_id)
    assert after == before
    journal = await directory.read_migration(database, move.id)
    assert journal is not None
    assert journal.state is MigrationState.ROLLED_BACK
    return journal


@every_way
async def test_target_that_exists_is_left_alone(database: Database, way: MigrationWay) -> None:
    """A collection that somebody else has made under the new name survives, and the move is undone."""
    organization = await directory.sign_up(database, "start", documents=30)
    foreign = database.client[f"{database.name}_tenants"]["org_goal"]
    await foreign.insert_one({"_id": "theirs"})
    journal = await _fail(database, directory.rename_of(database, organization, "goal", way))
    assert "name" in (journal.error or "")
    assert [document["_id"] async for document in foreign.find()] == ["theirs"]
    assert await directory.count(database, organization) == 30


async def test_copy_that_differs_is_undone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that is not what was read is noticed before anything depends on it."""
    organization = await directory.sign_up(database, "start", documents=30)
    insert = TenantStore.insert

    async def tamper(store: TenantStore, tx: Any, contents: Any) -> None:  # noqa: ANN401 - as the method that it replaces
        await insert(store, tx, [*contents[:-1], to_content({"_id": 29, "n": "something else"})])

    monkeypatch.setattr(TenantStore, "insert", tamper)
    journal = await _fail(database, directory.rename_of(database, organization, "goal"))
    assert journal.error == "The copy differs from the original."
    assert await directory.stores(database) == ["_tenants.org_start"]


async def test_copy_onto_a_full_disk_is_undone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the database in the middle of the copy leaves the journal with its name, and no copy."""
    organization = await directory.sign_up(database, "start", documents=400)
    insert, calls = TenantStore.insert, itertools.count()

    async def fail(store: TenantStore, tx: Any, contents: Any) -> None:  # noqa: ANN401 - as the method that it replaces
        if next(calls):
            raise OperationFailure("No space left on device", 14031)
        await insert(store, tx, contents)

    monkeypatch.setattr(TenantStore, "insert", fail)
    move = directory.rename_of(database, organization, "goal")
    with pytest.raises(OperationFailure):
        await (await move_plans.plan(database, move)).run()
    journal = await directory.read_migration(database, move.id)
    assert journal is not None
    assert (journal.state, journal.error) == (MigrationState.ROLLED_BACK, "It failed: OperationFailure.")
    assert await directory.stores(database) == ["_tenants.org_start"]
    assert await directory.count(database, organization) == 400


async def test_write_past_the_server_is_noticed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that something else writes into a quiet store behind the copy does not get lost unseen."""
    organization = await directory.sign_up(database, "start", documents=30)
    check = Mover._check  # noqa: SLF001 - the step before which the document is written

    async def write_before(mover: Mover) -> None:
        await database.client[f"{database.name}_tenants"]["org_start"].insert_one({"_id": -1})
        await check(mover)

    monkeypatch.setattr(Mover, "_check", write_before)
    await _fail_with(database, organization, "Something else than this server has written to the store meanwhile.")


async def _fail_with(database: Database, organization: OrganizationRecord, reason: str) -> None:
    assert (await _fail(database, directory.rename_of(database, organization, "goal"))).error == reason


async def test_more_changes_than_can_be_copied_end_the_move(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A move that never catches up gives up instead of fencing for long."""
    organization = await directory.sign_up(database, "start", documents=30)

    async def plenty(_: Mover) -> int:
        return 100

    monkeypatch.setattr(Mover, "_apply_changes", plenty)
    await _fail_with(database, organization, "The documents change faster than they can be copied.")


@contextlib.contextmanager
def later() -> Iterator[None]:
    """Have all leases run out."""
    with time_machine.travel(timedelta(seconds=40), tick=True):
        yield


async def test_late_drop_of_a_replaced_worker_hits_nothing(database: Database) -> None:
    """A worker paused before it drops the old store wakes up when the organization has its old name again."""
    organization = await directory.sign_up(database, "start", documents=30)
    move = directory.rename_of(database, organization, "goal")
    mover = await move_plans.plan(database, move)
    await mover._carry()  # noqa: SLF001 - the pause falls between the switch and the clean-up
    with later():
        assert await recovery.recover(database) == 1
    back = await directory.read(database, organization.id)
    assert back is not None
    await (await move_plans.plan(database, directory.rename_of(database, back, "start"))).run()
    with pytest.raises(MoveLostError):
        await mover.clean()
    await database.client[f"{database.name}_tenants"]["org_start"].drop()
    after = await directory.read(database, organization.id)
    assert after is not None
    assert after.slug == "start"
    assert await directory.count(database, after) == 30


async def test_late_rename_of_a_replaced_worker_hits_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker paused before it renames the collection wakes up when its move has been undone."""
    organization = await directory.sign_up(database, "start", documents=30)
    move = directory.rename_of(database, organization, "goal", MigrationWay.RENAME)
    assert move.source.placement is not None
    source, target = (TenantStore(database, organization.id, end.placement) for end in (move.source, move.target))

    async def refuse(_: Mover) -> None:
        raise MoveFailedError("Not now.")

    monkeypatch.setattr(Mover, "_rename", refuse)
    with pytest.raises(MoveFailedError):
        await (await move_plans.plan(database, move)).run()
    with pytest.raises(StoreOccupiedError):
        await source.rename_to(target)
    assert await directory.count(database, organization) == 30
    monkeypatch.undo()
    await (await move_plans.plan(database, directory.rename_of(database, organization, "goal"))).run()
    after = await directory.read(database, organization.id)
    assert after is not None
    assert await directory.count(database, after) == 30


async def test_rename_that_has_happened_goes_forward(database: Database) -> None:
    """A worker that died after the catalog command is replaced by one that switches instead of undoing."""
    organization = await directory.sign_up(database, "start", documents=30)
    move = directory.rename_of(database, organization, "goal", MigrationWay.RENAME)
    mover = await move_plans.plan(database, move)
    for step in (mover._begin, mover._catch_up_fenced, mover._verify, mover._rename):  # noqa: SLF001 - it dies before the switch
        await step()
    with later():
        assert await recovery.recover(database) == 1
    after = await directory.read(database, organization.id)
    assert after is not None
    assert after.slug == "goal"
    assert await directory.count(database, after) == 30


async def test_burned_names_are_swept_and_free_again(database: Database) -> None:
    """What a late command makes under a burned name is dropped a day later; what holds documents is left."""
    organization = await directory.sign_up(database, "start")
    assert organization.placement is not None
    names = ["org_empty", "org_full"]
    tenants = database.client[organization.placement.database]
    for name in names:
        place = Placement(StoreStrategy.COLLECTION, organization.placement.database, name, 1)
        await database.transaction(lambda tx, place=place: burned_names.burn(database, tx, organization.id, place))  # type: ignore[misc]
        await tenants.command("create", name)
    await tenants["org_full"].insert_one({"_id": new_id()})
    await burned_names.sweep(database)
    assert {f"_tenants.{name}" for name in names} <= set(await directory.stores(database))
    with time_machine.travel(timedelta(days=1, minutes=1), tick=True):
        await burned_names.sweep(database)
    assert await directory.stores(database) == ["_tenants.org_full", "_tenants.org_start"]
    assert not await database["burned_names"].count_documents({"sweep_at": {"$exists": True}})


async def test_move_is_given_up_after_several_workers(database: Database) -> None:
    """A move that kills each worker that takes it up is undone in the end."""
    organization = await directory.sign_up(database, "start", documents=30)
    move = directory.rename_of(database, organization, "goal")
    await move_plans.plan(database, move)
    await database["migrations"].update_one({"_id": move.id}, {"$set": {"attempts": 5}})
    await recovery.recover(database, expired_only=False)
    journal = await directory.read_migration(database, move.id)
    assert journal is not None
    assert (journal.state, journal.error) == (MigrationState.ROLLED_BACK, "No server has carried it through.")
    assert await directory.count(database, organization) == 30


async def test_large_documents_are_not_held_together(database: Database) -> None:
    """Of documents of half a megabyte a few are in memory at a time, whatever their number."""
    organization = await directory.sign_up(database, "start")
    assert organization.placement is not None
    store = TenantStore(database, organization.id, organization.placement)
    for number in range(12):
        content = to_content({"_id": f"{number:024x}", "data": "x" * 500_000})
        await database.transaction(lambda tx, content=content: store.insert(tx, [content]))  # type: ignore[misc]
    fetches = []
    batches = TenantStore.batches

    def noted(*arguments: Any, fetched: int) -> Any:  # noqa: ANN401 - as the method that it replaces
        fetches.append(fetched)
        return batches(*arguments, fetched=fetched)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TenantStore, "batches", noted)
        await (await move_plans.plan(database, directory.rename_of(database, organization, "goal"))).run()
    assert fetches == [2, 2]
    after = await directory.read(database, organization.id)
    assert after is not None
    assert await directory.count(database, after) == 12
