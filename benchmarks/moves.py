"""What moves of tenant stores cost. Run: `make bench-moves`, or `python -m benchmarks.moves --help`.

Everything runs on one embedded database on the disk, the things compared by turns; a figure is the median of rounds.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pymongo
from pymongo import monitoring

from auth.identifiers import OrganizationId
from storage import move_plans, organizations, startup, store_indexes, tenant_access
from storage.database import Collection, Database, Document, Session, new_id, now
from storage.embedded import EmbeddedDatabase
from storage.migrations import MigrationState, MigrationWay
from storage.organizations import OrganizationRecord
from storage.tenant_access import DocumentChange, DocumentChangeKind, NotWritableError, TenantTransaction
from storage.tenant_stores import TenantStore, to_content
from tests.storage import directory

_BATCH = 1000
_LONG_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report; `target` is what the figure has to be below."""

    case: str
    figure: str
    target: str
    kept: bool


class Commands(monitoring.CommandListener):
    """Counts the commands of a client."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Count a command."""
        self.count += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Ignore the end of a command."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Ignore the end of a command."""


def document() -> Document:
    """Return a document as the API stores it, of about 300 bytes."""
    data = {"status": "open", "total": 12.5, "note": "x" * 120}
    return {"_id": new_id(), "type": "order", "data": data, "version": 1, "created_at": now(), "updated_at": now()}


async def fill(database: Database, organization: OrganizationRecord, count: int) -> None:
    """Put documents into a store."""
    collection = _collection(database, organization)
    for start in range(0, count, _BATCH):
        with pymongo.timeout(_LONG_SECONDS):
            await collection.insert_many([document() for _ in range(min(_BATCH, count - start))], ordered=False)


async def copy_bare(database: Database, organization: OrganizationRecord, target: str) -> float:
    """Copy a store with find and insert_many in batches, into a collection with its indexes; return the seconds."""
    source = _collection(database, organization)
    copies = database.client[f"{database.name}_copies"][target]
    await copies.create_indexes(store_indexes.standing(shared=False))
    began, batch = time.perf_counter(), []
    async for found in source.find({}, batch_size=_BATCH):
        batch.append(found)
        if len(batch) == _BATCH:
            await copies.insert_many(batch, ordered=False)
            batch = []
    if batch:
        await copies.insert_many(batch, ordered=False)
    seconds = time.perf_counter() - began
    with pymongo.timeout(_LONG_SECONDS):
        await copies.drop()
    return seconds


async def move(database: Database, organization: OrganizationRecord, slug: str, way: MigrationWay) -> dict[str, float]:
    """Rename an organization; return how many seconds each state began after the beginning."""
    plan = directory.rename_of(database, organization, slug, way)
    began = time.perf_counter()
    mover = await move_plans.plan(database, plan)
    reached: dict[str, float] = {}
    update = mover._update  # noqa: SLF001 - where states are written

    async def note(change: Document, tx: Session | None, provided: Document | None = None) -> None:
        await update(change, tx, provided)
        state = change.get("$set", {}).get("state")
        if state is not None:
            reached.setdefault(state, time.perf_counter() - began)

    mover._update = note  # type: ignore[method-assign] # noqa: SLF001 - as above
    await mover.run()
    return reached


async def copying(database: Database, documents: int, rounds: int) -> Line:
    """Compare a move by copying, up to the instant at which the organization uses its new store, with a bare copy."""
    organization = await directory.sign_up(database, "copied")
    await fill(database, organization, documents)
    ratios = []
    for number in range(rounds):
        bare = await copy_bare(database, organization, f"bare_{number}")
        states = await move(database, organization, f"copied-{number}", MigrationWay.COPY)
        organization = await _again(database, organization)
        ratios.append(states[MigrationState.SWITCHED] / bare)
    ratio = statistics.median(ratios)
    return Line(f"copying move of {documents:,} documents, to a bare copy", f"{ratio:.2f}x", "1.5x", ratio <= 1.5)


async def fast_way(uri: str, sizes: Sequence[int]) -> Line:
    """Count the commands of a move by the server's own rename, for stores of several sizes."""
    commands = Commands()
    database = Database(uri, "bench", listeners=[commands])
    counts = []
    for size in sizes:
        organization = await directory.sign_up(database, f"fast-{size}")
        await fill(database, organization, size)
        before = commands.count
        await move(database, organization, f"faster-{size}", MigrationWay.RENAME)
        counts.append(commands.count - before)
    await database.close()
    figure = " and ".join(f"{count} commands for {size:,}" for count, size in zip(counts, sizes, strict=True))
    return Line("fast way", figure, "the same number", len(set(counts)) == 1)


async def fence(database: Database, documents: int, rounds: int) -> Line:
    """Measure for how long writers of a store are refused while the store is moved."""
    organization = await directory.sign_up(database, f"fenced-{documents}")
    await fill(database, organization, documents)
    fences = []
    for number in range(rounds):
        async with _writing(partial(write, database, organization.id)):
            states = await move(database, organization, f"fenced-{documents}-{number}", MigrationWay.COPY)
        organization = await _again(database, organization)
        fences.append(states[MigrationState.SWITCHED] - states[MigrationState.FENCED])
    worst = max(fences) * 1000
    median = statistics.median(fences) * 1000
    return Line(
        f"fence at {documents:,} documents under write load",
        f"{median:.0f} ms, {worst:.0f} at worst",
        "250 ms",
        worst < 250,
    )


async def neighbours(database: Database, documents: int) -> Line:
    """Compare the latency of writes to another organization while a big store is moved and while none is."""
    big = await directory.sign_up(database, "big")
    await fill(database, big, documents)
    other = await directory.sign_up(database, "neighbour")
    idle: list[float] = []
    meanwhile: list[float] = []
    async with _writing(lambda: write(database, other.id), idle):
        await asyncio.sleep(10)
    async with _writing(lambda: write(database, other.id), meanwhile):
        await move(database, big, "big-moved", MigrationWay.COPY)
    ratio = _p99(meanwhile) / _p99(idle)
    return Line(
        f"p99 of writes to another organization while {documents:,} documents move",
        f"{ratio:.2f}x ({_p99(idle) * 1000:.1f} ms and {_p99(meanwhile) * 1000:.1f} ms)",
        "1.5x",
        ratio <= 1.5,
    )


async def guarded(database: Database, rounds: int) -> list[Line]:
    """Compare a tenant's write with a plain insert in a transaction, and writers of one organization with others."""
    organizations_ = [await directory.sign_up(database, f"writer-{number}") for number in range(8)]
    one = organizations_[0]
    collection = _collection(database, one)

    async def plain() -> None:
        await database.transaction(lambda tx: collection.insert_one(document(), session=tx))

    singles, shares = [], []
    for _ in range(rounds):
        bare = await _seconds([plain])
        singles.append(await _seconds([lambda: write(database, one.id)]) / bare)
        apart = await _seconds([lambda each=each: write(database, each.id) for each in organizations_])  # type: ignore[misc]
        together = await _seconds([lambda: write(database, one.id)] * 8)
        shares.append(together / apart)
    single, share = statistics.median(singles), statistics.median(shares)
    return [
        Line("a tenant's write, to a plain insert in a transaction", f"{single:.2f}x", "1.3x", single < 1.3),
        Line("8 writers of one organization, to 8 of as many", f"{share:.2f}x", "1.3x", share < 1.3),
    ]


async def write(database: Database, organization_id: OrganizationId) -> None:
    """Make a document as the API does."""

    async def work(transaction: TenantTransaction) -> None:
        made = document()
        transaction.note(made["_id"], DocumentChange(DocumentChangeKind.CREATED, made["_id"], made["type"], 1))
        await transaction.store.insert(transaction.session, [to_content(made)])

    await tenant_access.write(database, organization_id, work)


@contextlib.asynccontextmanager
async def _writing(work: Callable[[], Awaitable[None]], seconds: list[float] | None = None) -> AsyncIterator[None]:
    """Have two writers at work meanwhile; note how long each write took."""
    stop = asyncio.Event()

    async def repeat() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            try:
                await work()
            except NotWritableError:
                await asyncio.sleep(0.002)
            if seconds is not None:
                seconds.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)

    writers = [asyncio.create_task(repeat()) for _ in range(2)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*writers)


async def _seconds(works: Sequence[Callable[[], Awaitable[None]]], times: int = 40) -> float:
    async def repeat(work: Callable[[], Awaitable[None]]) -> None:
        for _ in range(times):
            await work()

    began = time.perf_counter()
    await asyncio.gather(*map(repeat, works))
    return time.perf_counter() - began


async def _again(database: Database, organization: OrganizationRecord) -> OrganizationRecord:
    found = await organizations.find_by_ids(database, [organization.id])
    return found[organization.id]


def _collection(database: Database, organization: OrganizationRecord) -> Collection:
    assert organization.placement is not None
    return TenantStore(database, organization.id, organization.placement).collection


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


@contextlib.contextmanager
def _embedded_database() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        database = EmbeddedDatabase(Path(folder))
        database.launch()
        try:
            yield database.wait_until_ready()
        finally:
            database.stop()


async def run(uri: str, sizes: tuple[int, int], rounds: int) -> list[Line]:
    """Run all cases."""
    database = Database(uri, "bench")
    await startup.prepare(database, alone=True)
    small, large = sizes
    lines = [
        *await guarded(database, rounds),
        await copying(database, large // 5, rounds),
        await fence(database, small, rounds),
        await fence(database, large, max(rounds // 3, 1)),
        await neighbours(database, large // 5),
        await fast_way(uri, [small, large // 5]),
    ]
    await database.close()
    return lines


def main() -> None:
    """Print the report as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=100_000, help="documents of a large store")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison")
    arguments = parser.parse_args()
    with _embedded_database() as uri:
        lines = asyncio.run(run(uri, (1000, arguments.large), arguments.rounds))
    print("| case | measured | target | |\n|---|---|---|---|")  # noqa: T201 - a command
    for line in lines:
        print(f"| {line.case} | {line.figure} | {line.target} | {'kept' if line.kept else 'missed'} |")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
