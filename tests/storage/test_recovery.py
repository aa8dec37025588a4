"""What a crash leaves is finished or undone: sign-ups, moves and deletions, cut off at every single command."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from storage import leases, move_plans, recovery, sign_ups
from storage.database import Database, new_id
from storage.deletions import NotDeletableError
from storage.migrations import MigrationRecord, MigrationState, MigrationWay
from storage.moves import MoveFailedError, MoveLostError, Mover, NotMovableError
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy
from storage.sign_ups import SignUpLostError
from tests.crashes import Crash
from tests.storage import directory
from tests.storage.directory import Inventory

DOCUMENTS = 30
every_strategy = pytest.mark.parametrize("strategy", [StoreStrategy.COLLECTION, StoreStrategy.SHARED])


@every_strategy
async def test_sign_up_is_whole_or_not_at_all(
    database: Database, fragile: Database, crash: Crash, strategy: StoreStrategy
) -> None:
    """Wherever a sign-up is cut off, afterwards the organization is active and whole, or there is no trace of it."""
    nothing, finished, number = await directory.take_inventory(database), False, 0
    while not finished:
        number = crash.after(number)
        organization = directory.new_organization(fragile, f"org-{number}", strategy)
        owner = directory.new_owner(organization)
        finished = await crash.run(
            sign_ups.sign_up(fragile, organization, owner, None, directory.hash_nothing, directory.ACT),
            at_command=number,
        )
        await recovery.recover(database, expired_only=False)
        found = await directory.read(database, organization.id)
        if found is None:
            assert await directory.take_inventory(database) == nothing, number
        else:
            assert found.status is OrganizationStatus.ACTIVE
            assert await directory.count(database, found) == 0
            await directory.delete(database, organization.id)
            await database["organizations"].delete_one({"_id": organization.id})
            await database["admins"].delete_one({"_id": owner.id})
    assert number > 5


@pytest.mark.parametrize(
    ("strategy", "goal", "way", "step"),
    [
        (StoreStrategy.COLLECTION, StoreStrategy.COLLECTION, MigrationWay.COPY, 3),
        (StoreStrategy.COLLECTION, StoreStrategy.COLLECTION, MigrationWay.RENAME, 2),
        (StoreStrategy.DATABASE, StoreStrategy.DATABASE, MigrationWay.COPY, 7),
        (StoreStrategy.SHARED, StoreStrategy.SHARED, MigrationWay.COPY, 1),
        (StoreStrategy.COLLECTION, StoreStrategy.SHARED, MigrationWay.COPY, 7),
        (StoreStrategy.SHARED, StoreStrategy.DATABASE, MigrationWay.COPY, 7),
        (StoreStrategy.DATABASE, StoreStrategy.COLLECTION, MigrationWay.COPY, 7),
    ],
)
@pytest.mark.timeout(180)
async def test_move_is_wholly_old_or_wholly_new(
    database: Database,
    fragile: Database,
    crash: Crash,
    strategy: StoreStrategy,
    goal: StoreStrategy,
    way: MigrationWay,
    step: int,
) -> None:
    """Wherever a move is cut off, every document is in exactly one store, and the organization fits it."""
    finished, number = False, 0
    while not finished:
        number = crash.after(number, step)
        organization = await directory.sign_up(database, "start", strategy, DOCUMENTS)
        plan = directory.move_of(database, organization, slug=f"goal-{number}", strategy=goal, way=way)

        async def move(plan: MigrationRecord = plan) -> None:
            await (await move_plans.plan(fragile, plan)).run()

        finished = await crash.run(move(), at_command=number)
        await recovery.recover(database, expired_only=False)
        after = await directory.read(database, organization.id)
        assert after is not None
        assert (after.migration_id, after.access) == (None, None), number
        assert after.slug in {plan.source.slug, plan.target.slug}
        assert await directory.count(database, after) == DOCUMENTS
        assert_fits(await directory.take_inventory(database), after, number)
        migration = await directory.read_migration(database, plan.id)
        assert migration is None or migration.state in {MigrationState.CLEANED, MigrationState.ROLLED_BACK}
        await directory.forget(database, after)
    assert number > 10


@pytest.mark.parametrize("way", list(MigrationWay))
@pytest.mark.timeout(180)
async def test_undoing_a_move_is_complete_wherever_it_is_cut_off(
    database: Database, fragile: Database, crash: Crash, monkeypatch: pytest.MonkeyPatch, way: MigrationWay
) -> None:
    """A move that fails at its end is undone for good, also when the undoing is cut off."""

    async def fail(_: Mover) -> None:
        raise MoveFailedError("The disk is full.")

    monkeypatch.setattr(Mover, "_verify", fail)
    organization = await directory.sign_up(database, "start", StoreStrategy.COLLECTION, DOCUMENTS)
    finished, number = False, 0
    while not finished:
        number = crash.after(number, 2)
        plan = directory.move_of(database, organization, slug=f"goal-{number}", way=way)

        async def move(plan: MigrationRecord = plan) -> None:
            with pytest.raises(MoveFailedError):
                await (await move_plans.plan(fragile, plan)).run()

        finished = await crash.run(move(), at_command=number)
        await recovery.recover(database, expired_only=False)
        after = await directory.read(database, organization.id)
        assert after is not None
        assert (after.slug, after.migration_id, after.access) == ("start", None, None), number
        assert await directory.count(database, after) == DOCUMENTS
        assert_fits(await directory.take_inventory(database), after, number)
        migration = await directory.read_migration(database, plan.id)
        assert migration is None or (migration.state, migration.error) == ("ROLLED_BACK", "The disk is full.")
    assert number > 10


def assert_fits(inventory: Inventory, organization: OrganizationRecord, number: int) -> None:
    """Check that there is one organization with its slug, its aliases and its store, and nothing unfinished."""
    assert inventory.organizations == [f"{organization.slug}:ACTIVE"], number
    assert inventory.slugs.pop(organization.slug) == "CURRENT", number
    assert set(inventory.slugs.values()) <= {"ALIAS"}, number
    placement = organization.placement
    assert placement is not None
    own = {
        StoreStrategy.COLLECTION: [placement.collection],
        StoreStrategy.DATABASE: ["changes", placement.collection, "guards"],
        StoreStrategy.SHARED: [],
    }
    assert [store.rpartition(".")[2] for store in inventory.stores] == own[placement.strategy], number
    assert inventory.leases == 0, number


@every_strategy
async def test_deletion_is_complete_or_has_not_begun(
    database: Database, fragile: Database, crash: Crash, strategy: StoreStrategy
) -> None:
    """Wherever a deletion is cut off, afterwards the organization is whole, or deleted with nothing left behind."""
    bystander = await directory.sign_up(database, "bystander", strategy, DOCUMENTS)
    finished, number = False, 0
    while not finished:
        number = crash.after(number)
        organization = await directory.sign_up(database, "victim", strategy, DOCUMENTS)
        finished = await crash.run(directory.delete(fragile, organization.id), at_command=number)
        await recovery.recover(database, expired_only=False)
        after = await directory.read(database, organization.id)
        assert after is not None
        if after.status is OrganizationStatus.ACTIVE:
            assert await directory.count(database, after) == DOCUMENTS
            await directory.delete(database, organization.id)
        inventory = await directory.take_inventory(database)
        assert inventory.slugs == {"bystander": "CURRENT"}, number
        assert inventory.leases == 0, number
        assert len(inventory.stores) == (0 if strategy is StoreStrategy.SHARED else 1), number
        assert await directory.count(database, bystander) == DOCUMENTS
    assert number > 4


async def test_work_under_a_lease_is_left_alone(database: Database, fragile: Database, crash: Crash) -> None:
    """A recoverer takes over after the lease has run out, not before."""
    organization = directory.new_organization(database, "slow", StoreStrategy.COLLECTION)
    work = sign_ups.sign_up(
        fragile, organization, directory.new_owner(organization), None, directory.hash_nothing, directory.ACT
    )
    assert not await crash.run(work, at_command=6)
    before = await directory.take_inventory(database)
    assert before.leases == 1
    assert await recovery.recover(database) == 0
    assert await directory.take_inventory(database) == before
    with time_machine.travel(timedelta(seconds=31), tick=True):
        assert await recovery.recover(database) == 1
    assert (await directory.take_inventory(database)).organizations == []


async def test_two_recoverers_at_once_are_harmless(database: Database, fragile: Database, crash: Crash) -> None:
    """Many recoverers together do what one does, and no more."""
    organization = await directory.sign_up(database, "start", StoreStrategy.COLLECTION, DOCUMENTS)
    mover = await move_plans.plan(fragile, directory.rename_of(database, organization, "goal"))
    assert not await crash.run(mover.run(), at_command=8)
    await asyncio.gather(*(recovery.recover(database, expired_only=False) for _ in range(5)), return_exceptions=True)
    await recovery.recover(database, expired_only=False)
    after = await directory.read(database, organization.id)
    assert after is not None
    assert await directory.count(database, after) == DOCUMENTS
    assert_fits(await directory.take_inventory(database), after, 0)


async def test_sign_up_that_lost_its_lease_does_not_become_active(database: Database) -> None:
    """A worker that comes back after a recoverer has undone its sign-up is told so, and leaves nothing."""
    organization = directory.new_organization(database, "slow", StoreStrategy.COLLECTION)
    worker = leases.new_owner()
    owner = directory.new_owner(organization)
    reserve = sign_ups._reserve  # noqa: SLF001 - the first of the steps between which the pause falls
    await database.transaction(lambda tx: reserve(database, tx, organization, owner, worker))
    await recovery.recover(database, expired_only=False)
    with pytest.raises(SignUpLostError):
        await database.transaction(lambda tx: sign_ups._activate(database, tx, owner, None, worker, directory.ACT))  # noqa: SLF001
    assert (await directory.take_inventory(database)).organizations == []


async def test_move_that_lost_its_lease_does_no_harm(database: Database) -> None:
    """A mover that comes back after a recoverer has finished its move drops nothing and switches nothing."""
    organization = await directory.sign_up(database, "start", StoreStrategy.COLLECTION, DOCUMENTS)
    mover = await move_plans.plan(database, directory.rename_of(database, organization, "goal"))
    await recovery.recover(database, expired_only=False)
    with pytest.raises(MoveLostError):
        await mover.run()
    with pytest.raises(MoveLostError):
        await mover.clean()
    with pytest.raises(MoveLostError):
        await mover.abandon("I did not notice.")
    after = await directory.read(database, organization.id)
    assert after is not None
    assert after.slug == "goal"
    assert await directory.count(database, after) == DOCUMENTS


async def test_organization_stays_put_until_its_old_store_is_gone(
    database: Database, fragile: Database, crash: Crash
) -> None:
    """Between switch and clean-up it can be neither renamed back nor deleted, so no drop meets a store in use."""
    organization = await directory.sign_up(database, "start", StoreStrategy.COLLECTION, DOCUMENTS)
    plan = directory.rename_of(database, organization, "goal")
    switched = None
    for number in range(30, 200):
        mover = await move_plans.plan(fragile, plan)
        await crash.run(mover.run(), at_command=number)
        migration = await directory.read_migration(database, plan.id)
        if migration is not None and migration.state is MigrationState.SWITCHED:
            switched = await directory.read(database, organization.id)
            break
        await recovery.recover(database, expired_only=False)
        moved = await directory.read(database, organization.id)
        assert moved is not None
        plan = directory.rename_of(database, moved, f"goal-{number}")
    assert switched is not None
    with pytest.raises(NotMovableError):
        await move_plans.plan(database, directory.rename_of(database, switched, "elsewhere"))
    with pytest.raises(NotDeletableError):
        await directory.delete(database, organization.id)
    await recovery.recover(database, expired_only=False)
    await directory.delete(database, organization.id)
    assert (await directory.take_inventory(database)).stores == []


async def test_nothing_to_do_is_done_quickly(database: Database) -> None:
    """A recovery round of a healthy installation finds nothing."""
    await directory.sign_up(database, f"org-{new_id()[:6]}")
    assert await recovery.recover(database, expired_only=False) == 0
