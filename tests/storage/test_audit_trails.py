"""Checking whole trails: what somebody changes in the database by hand is found, there and in the file."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from bson import ObjectId

from auth import audit_chain
from auth.audit_trail import BreakReason
from auth.identifiers import OrganizationId
from storage import audit_events, audit_trails, checkpoints
from storage.audit_trails import NoSuchEventError
from storage.database import Database, Document
from tests import trails as offline
from tests.storage import directory, trails
from tests.storage.trails import Break

SIGNER = offline.new_signer()
SIGNED, LENGTH = 6, 9
Tampering = Callable[[Database, OrganizationId], Awaitable[object]]


@pytest.fixture
async def trail(database: Database) -> OrganizationId:
    """An organization with nine events, of which the first six are signed."""
    organization_id = (await directory.sign_up(database, "acme")).id
    await trails.record(database, organization_id, times=SIGNED - 1, checkpoint=True)
    assert await checkpoints.sign(database, SIGNER, organization_id)
    await trails.record(database, organization_id, times=LENGTH - SIGNED)
    return organization_id


def key(organization_id: OrganizationId, seq: int) -> Document:
    """Return the filter for one event, or one checkpoint."""
    return {"_id": f"{organization_id}:{seq}"}


async def stored(database: Database, organization_id: OrganizationId, seq: int) -> Document:
    """Return an event as it is stored."""
    found = await database[audit_events.COLLECTION].find_one(key(organization_id, seq))
    assert found is not None
    return found


async def change(database: Database, organization_id: OrganizationId, seq: int, update: Document) -> None:
    """Change an event by hand."""
    result = await database[audit_events.COLLECTION].update_one(key(organization_id, seq), update)
    assert result.modified_count == 1


async def remove(database: Database, organization_id: OrganizationId, *seqs: int) -> None:
    """Remove events by hand."""
    for seq in seqs:
        result = await database[audit_events.COLLECTION].delete_one(key(organization_id, seq))
        assert result.deleted_count == 1


async def set_head(database: Database, organization_id: OrganizationId, **fields: object) -> None:
    """Change the head by hand."""
    update = {f"audit.{name}": value for name, value in fields.items()}
    result = await database["organizations"].update_one({"_id": organization_id}, {"$set": update})
    assert result.modified_count == 1


async def forge(database: Database, organization_id: OrganizationId, seq: int, **fields: object) -> str:
    """Change an event by hand, with the hash that belongs to the change; return that."""
    event = {**await stored(database, organization_id, seq), **fields}
    event["hash"] = audit_chain.link_hash(audit_events.link_of(event))
    await database[audit_events.COLLECTION].replace_one(key(organization_id, seq), event)
    return str(event["hash"])


async def swap(database: Database, organization_id: OrganizationId) -> None:
    """Have two events change places."""
    one, other = [await stored(database, organization_id, seq) for seq in (3, 4)]
    for event, place in ((one, other), (other, one)):
        moved = {**event, "_id": place["_id"], "seq": place["seq"]}
        await database[audit_events.COLLECTION].delete_one({"_id": place["_id"]})
        await database[audit_events.COLLECTION].insert_one(moved)


async def append(database: Database, organization_id: OrganizationId, seq: float = LENGTH + 1) -> None:
    """Add an event that follows the last one, past the head."""
    last = await stored(database, organization_id, LENGTH)
    added = {**last, "_id": f"{organization_id}:{seq}", "seq": seq, "previous": last["hash"]}
    added["hash"] = audit_chain.link_hash(audit_events.link_of(added))
    await database[audit_events.COLLECTION].insert_one(added)


async def put_back(database: Database, organization_id: OrganizationId, length: int) -> None:
    """Cut the tail off and put the head back to fit."""
    await remove(database, organization_id, *range(length + 1, LENGTH + 1))
    last = await stored(database, organization_id, length)
    await set_head(database, organization_id, seq=length, hash=last["hash"])


async def rewrite(database: Database, organization_id: OrganizationId) -> None:
    """Change an event and make all later ones, and the head, fit."""
    previous = (await stored(database, organization_id, 3))["previous"]
    for seq in range(3, LENGTH + 1):
        previous = await forge(database, organization_id, seq, previous=previous, request_id="other")
    await set_head(database, organization_id, hash=previous)


async def sign_otherwise(database: Database, organization_id: OrganizationId) -> None:
    """Replace the checkpoint by the same one, signed with another key."""
    found = await database[audit_trails.CHECKPOINTS].find_one(key(organization_id, SIGNED))
    assert found is not None
    other = offline.new_signer().head(organization_id, SIGNED, found["hash"], audit_events.instant(found["at"]))
    await set_jws(database, organization_id, other)


async def set_jws(database: Database, organization_id: OrganizationId, jws: object) -> None:
    """Change the checkpoint by hand."""
    result = await database[audit_trails.CHECKPOINTS].update_one(key(organization_id, SIGNED), {"$set": {"jws": jws}})
    assert result.modified_count == 1


async def remove_checkpoint(database: Database, organization_id: OrganizationId) -> None:
    """Remove the checkpoint by hand."""
    assert (await database[audit_trails.CHECKPOINTS].delete_one(key(organization_id, SIGNED))).deleted_count == 1


_NONE = "eyJhbGciOiJub25lIiwidHlwIjoiYXVkaXQtY2hlY2twb2ludCtqd3MifQ.e30."
_TAMPERED: dict[str, tuple[Tampering, Break]] = {
    "field": (lambda db, org: change(db, org, 3, {"$set": {"action": "session:ended"}}), (3, BreakReason.CHANGED)),
    "actor": (lambda db, org: change(db, org, 3, {"$set": {"actor.id": "f" * 24}}), (3, BreakReason.CHANGED)),
    "time": (lambda db, org: change(db, org, 3, {"$set": {"at": "then"}}), (3, BreakReason.CHANGED)),
    "field-removed": (lambda db, org: change(db, org, 3, {"$unset": {"details": ""}}), (3, BreakReason.CHANGED)),
    "field-and-hash": (lambda db, org: forge(db, org, 3, request_id="other"), (4, BreakReason.UNLINKED)),
    "last-and-hash": (lambda db, org: forge(db, org, LENGTH, request_id="other"), (LENGTH, BreakReason.HEAD)),
    "not-json": (lambda db, org: change(db, org, 3, {"$set": {"details.x": ObjectId()}}), (3, BreakReason.CHANGED)),
    "personal": (
        lambda db, org: change(db, org, 3, {"$set": {"personal.values.address": "192.0.2.78"}}),
        (3, BreakReason.PERSONAL),
    ),
    "middle-removed": (lambda db, org: remove(db, org, 4), (4, BreakReason.MISSING)),
    "first-removed": (lambda db, org: remove(db, org, 1), (1, BreakReason.MISSING)),
    "last-removed": (lambda db, org: remove(db, org, LENGTH), (LENGTH, BreakReason.MISSING)),
    "all-removed": (lambda db, org: remove(db, org, *range(1, LENGTH + 1)), (1, BreakReason.MISSING)),
    "swapped": (swap, (3, BreakReason.CHANGED)),
    "appended": (append, (LENGTH + 1, BreakReason.HEAD)),
    "far-behind": (lambda db, org: append(db, org, LENGTH + 5), (LENGTH + 1, BreakReason.HEAD)),
    "before": (lambda db, org: append(db, org, 0), (0, BreakReason.ORDER)),
    "between": (lambda db, org: append(db, org, 3.5), (4, BreakReason.CHANGED)),
    "head-far-ahead": (lambda db, org: set_head(db, org, seq=10**15), (LENGTH + 1, BreakReason.MISSING)),
    "head": (lambda db, org: set_head(db, org, hash="0" * 64), (LENGTH, BreakReason.HEAD)),
    "head-put-back": (lambda db, org: put_back(db, org, SIGNED - 1), (SIGNED, BreakReason.CHECKPOINT)),
    "all-rewritten": (rewrite, (SIGNED, BreakReason.CHECKPOINT)),
    "checkpoint-of-another-key": (sign_otherwise, (SIGNED, BreakReason.CHECKPOINT)),
    "checkpoint-unsigned": (lambda db, org: set_jws(db, org, _NONE), (SIGNED, BreakReason.CHECKPOINT)),
    "checkpoint-null": (lambda db, org: set_jws(db, org, None), (SIGNED, BreakReason.CHECKPOINT)),
    "checkpoint-removed": (remove_checkpoint, (SIGNED, BreakReason.CHECKPOINT)),
}


@pytest.mark.parametrize(("tamper", "expected"), _TAMPERED.values(), ids=_TAMPERED.keys())
async def test_tampering_is_found(
    database: Database, trail: OrganizationId, tamper: Tampering, expected: Break
) -> None:
    """By the check of the store and by that of the file, at the same place for the same reason; nothing is signed."""
    await tamper(database, trail)
    assert await trails.break_in_store(database, SIGNER, trail) == expected
    assert await trails.break_in_file(database, SIGNER, trail) == expected


async def test_intact_trail_is_intact(database: Database, trail: OrganizationId) -> None:
    """All events are checked; the file says the same of events and checkpoints, and a neighbour's are not in it."""
    neighbour = await directory.sign_up(database, "neighbour")
    await trails.record(database, neighbour.id)
    found = await audit_trails.verify(database, SIGNER.keys, trail, 1)
    assert (found.checked_events, found.first_break, found.next_seq) == (LENGTH, None, None)
    content = await trails.download(database, SIGNER, trail)
    report = offline.verify(content, SIGNER.keys)
    assert (report.organization, report.events, report.checkpoints) == (trail, LENGTH, 2)
    assert neighbour.id.encode() not in content


async def test_cut_behind_the_last_checkpoint_is_seen_by_older_files_only(
    database: Database, trail: OrganizationId
) -> None:
    """What is not signed yet can be cut together with the head; a file from before has a later head."""
    before = offline.verify(await trails.download(database, SIGNER, trail), SIGNER.keys)
    await put_back(database, trail, LENGTH - 1)
    assert await trails.break_in_store(database, SIGNER, trail) is None
    after = offline.verify(await trails.download(database, SIGNER, trail), SIGNER.keys)
    assert (before.events, after.events) == (LENGTH, LENGTH - 1)


async def test_large_trail_is_checked_in_parts(
    database: Database, trail: OrganizationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that stops half-way says where to go on; breaks before that place are not looked for again."""
    monkeypatch.setattr(audit_trails, "_BATCH", 2)
    monkeypatch.setattr(audit_trails, "MAX_EVENTS", 4)
    first = await audit_trails.verify(database, SIGNER.keys, trail, 1)
    assert (first.checked_events, first.first_break, first.next_seq) == (4, None, 5)
    await change(database, trail, 8, {"$set": {"action": "session:ended"}})
    second = await audit_trails.verify(database, SIGNER.keys, trail, 5)
    assert second.first_break is not None
    assert (second.checked_events, second.first_break.seq, second.next_seq) == (3, 8, None)
    last = await audit_trails.verify(database, SIGNER.keys, trail, LENGTH)
    assert last.first_break is None


async def test_check_stops_when_time_is_up(
    database: Database, trail: OrganizationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request does not run into its deadline."""
    monkeypatch.setattr(audit_trails, "_BATCH", 2)
    monkeypatch.setattr(audit_trails, "_SECONDS", 0.0)
    assert (await audit_trails.verify(database, SIGNER.keys, trail, 1)).next_seq == 3


async def test_check_begins_at_events_that_are_there(database: Database, trail: OrganizationId) -> None:
    """Behind the end there is nothing to check; that the event before the first is missing is a break."""
    with pytest.raises(NoSuchEventError):
        await audit_trails.verify(database, SIGNER.keys, trail, LENGTH + 1)
    await remove(database, trail, 4)
    found = (await audit_trails.verify(database, SIGNER.keys, trail, 5)).first_break
    assert found is not None
    assert (found.seq, found.reason) == (4, BreakReason.MISSING)


async def test_trail_that_grows_meanwhile_is_intact(database: Database, trail: OrganizationId) -> None:
    """Many record and sign at once: the chain has no gap, and no check sees one."""

    async def watch(recording: asyncio.Future[list[None]]) -> int:
        checks = 0
        while not recording.done():
            assert await trails.break_in_store(database, SIGNER, trail) is None
            assert await trails.break_in_file(database, SIGNER, trail) is None
            checks += 1
        return checks

    async def write() -> None:
        await trails.record(database, trail, times=3, checkpoint=True)
        await checkpoints.sign(database, SIGNER, trail)

    recording = asyncio.gather(*[write() for _ in range(6)])
    assert await watch(recording) > 0
    await recording
    found = await audit_trails.verify(database, SIGNER.keys, trail, 1)
    assert (found.checked_events, found.first_break) == (LENGTH + 18, None)


async def test_organization_without_a_trail(database: Database) -> None:
    """It is intact, and so is its file."""
    organization = await directory.sign_up(database, "acme")
    await database[audit_events.COLLECTION].delete_one(key(organization.id, 1))
    await database["organizations"].update_one({"_id": organization.id}, {"$unset": {"audit": ""}})
    assert await trails.break_in_store(database, SIGNER, organization.id) is None
    assert await trails.break_in_file(database, SIGNER, organization.id) is None
