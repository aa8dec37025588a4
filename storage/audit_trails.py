"""Whole audit trails as stored: read in order, checked, and written as files."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

from auth import audit_files
from auth.audit_chain import GENESIS
from auth.audit_signatures import AuditKeys, AuditSigner, Signed
from auth.audit_trail import BreakReason, Entry, TrailBreakError, TrailVerifier
from auth.identifiers import OrganizationId
from storage import audit_events
from storage.database import Database, Document, now

CHECKPOINTS = "audit_checkpoints"
MAX_EVENTS = 100_000
_BATCH = 500
_SECONDS = 6.0
_ORGANIZATIONS = "organizations"


class NoSuchEventError(Exception):
    """The trail is not as long as that."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a chain as the organization's record has it, and the last event that was signed."""

    seq: int
    hash: str
    checkpoint_seq: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check has found; with `next_seq` it stopped half-way, and can go on there."""

    checked_events: int
    first_break: TrailBreakError | None = None
    next_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Some events of a trail that follow each other, and the checkpoints over them, by `seq`."""

    events: list[Document]
    checkpoints: dict[int, Document]


async def read_head(database: Database, organization_id: OrganizationId) -> Head:
    """Return the head of a chain."""
    found = await database[_ORGANIZATIONS].find_one({"_id": organization_id}, {"audit": True}) or {}
    audit = found.get("audit", {})
    return Head(audit.get("seq", 0), audit.get("hash", GENESIS), audit.get("checkpoint_seq", 0))


async def sections(
    database: Database, organization_id: OrganizationId, first: int, last: int
) -> AsyncGenerator[Section, None]:
    """Yield the events of a range of `seq`, in order, as far as there are any."""
    for start in range(first, last + 1, _BATCH):
        window = {"organization_id": organization_id, "seq": {"$gte": start, "$lt": min(start + _BATCH, last + 1)}}
        events = await database[audit_events.COLLECTION].find(window).sort("seq", 1).to_list(None)
        if not events:
            return
        found = await database[CHECKPOINTS].find(window).to_list(None)
        yield Section(events, {one["seq"]: one for one in found})


def check(verifier: TrailVerifier, section: Section) -> None:
    """Check the next events and their checkpoints; raise `TrailBreakError`."""
    for event in section.events:
        verifier.add(_entry(event))
        if (stored := section.checkpoints.get(verifier.seq)) is not None:
            verifier.checkpoint(stored.get("jws"))


async def verify(database: Database, keys: AuditKeys, organization_id: OrganizationId, from_seq: int) -> Verification:
    """Check a trail from an event on, as far as limits on number and time allow. Raises `NoSuchEventError`."""
    head, until = await read_head(database, organization_id), time.monotonic() + _SECONDS
    if from_seq > max(head.seq, 1):
        raise NoSuchEventError
    verifier: TrailVerifier | None = None
    try:
        verifier = await _verifier(database, keys, organization_id, from_seq)
        async with contextlib.aclosing(sections(database, organization_id, from_seq, head.seq)) as found:
            async for section in found:
                await asyncio.to_thread(check, verifier, section)
                if verifier.seq < head.seq and (verifier.events >= MAX_EVENTS or time.monotonic() > until):
                    return Verification(verifier.events, next_seq=verifier.seq + 1)
        await check_end(database, verifier, head)
    except TrailBreakError as error:
        return Verification(0 if verifier is None else verifier.events, first_break=error)
    return Verification(verifier.events)


async def lines(
    database: Database, signer: AuditSigner, organization_id: OrganizationId
) -> AsyncGenerator[bytes, None]:
    """Yield a trail as a file, in pieces of whole lines; its end is signed only if the trail is intact."""
    yield audit_files.header(organization_id)
    head = await read_head(database, organization_id)
    verifier, broken = TrailVerifier(organization_id, signer.keys), list[TrailBreakError]()
    async with contextlib.aclosing(sections(database, organization_id, 1, head.seq)) as found:
        async for section in found:
            if not broken:
                broken += await asyncio.to_thread(_breaks, verifier, section)
            yield await asyncio.to_thread(_written, section)
    try:
        await check_end(database, verifier, head)
    except TrailBreakError as error:
        broken.append(error)
    if not broken:
        at = audit_events.instant(now())
        yield audit_files.end(signer.head(organization_id, head.seq, head.hash, at, Signed.END))
    else:
        yield audit_files.broken(broken[0])


async def check_end(database: Database, verifier: TrailVerifier, head: Head) -> None:
    """Raise `TrailBreakError` if a trail that was read does not end where its head is, or has more than its head."""
    if verifier.seq < head.seq:
        message = f"Event {verifier.seq + 1} is missing: the trail ends there, and its head is event {head.seq}."
        raise TrailBreakError(verifier.seq + 1, BreakReason.MISSING, message)
    if verifier.hash != head.hash:
        raise TrailBreakError(head.seq, BreakReason.HEAD, f"The head of the trail is not event {head.seq}.")
    organization_id = OrganizationId(verifier.organization)
    await _check_checkpoint(database, organization_id)
    seq, found = await _beyond(database, CHECKPOINTS, organization_id)
    if found:
        message = f"Event {seq} is missing: a checkpoint was signed over event {found}."
        raise TrailBreakError(seq, BreakReason.CHECKPOINT, message)
    seq, found = await _beyond(database, audit_events.COLLECTION, organization_id)
    if found:
        raise TrailBreakError(seq, BreakReason.HEAD, f"Event {found} stands behind the head of the trail.")
    strays = {"organization_id": organization_id, "seq": {"$lt": 1}}
    if await database[audit_events.COLLECTION].find_one(strays) is not None:
        raise TrailBreakError(0, BreakReason.ORDER, "There is an event before event 1.")


async def _check_checkpoint(database: Database, organization_id: OrganizationId) -> None:
    """Raise `TrailBreakError` if the last checkpoint that the head knows of is not there."""
    seq = (await read_head(database, organization_id)).checkpoint_seq
    if seq and await database[CHECKPOINTS].find_one({"_id": f"{organization_id}:{seq}"}) is None:
        raise TrailBreakError(seq, BreakReason.CHECKPOINT, f"The checkpoint over event {seq} is missing.")


async def _beyond(database: Database, collection: str, organization_id: OrganizationId) -> tuple[int, int | None]:
    """Return the first place behind the head, and the last one where there is something behind it, if there is any."""
    head = await read_head(database, organization_id)
    behind = {"organization_id": organization_id, "seq": {"$gt": head.seq}}
    found = await database[collection].find_one(behind, {"seq": True}, sort=[("seq", -1)])
    if found is None:
        return head.seq + 1, None
    after = await read_head(database, organization_id)  # Who appends meanwhile, moves the head at the same time.
    return after.seq + 1, found["seq"] if found["seq"] > after.seq else None


async def _verifier(
    database: Database, keys: AuditKeys, organization_id: OrganizationId, from_seq: int
) -> TrailVerifier:
    """Return a verifier that goes on behind the event before `from_seq`, as it is stored."""
    before = from_seq - 1
    if not before:
        return TrailVerifier(organization_id, keys)
    found = await database[audit_events.COLLECTION].find_one({"organization_id": organization_id, "seq": before})
    if found is None:
        raise TrailBreakError(before, BreakReason.MISSING, f"Event {before} is missing.")
    return TrailVerifier(organization_id, keys, seq=before, link_hash=str(found.get("hash")))


def _entry(event: Document) -> Entry:
    try:
        return Entry(audit_events.link_of(event), event["hash"], event.get("personal"))
    except (KeyError, AttributeError, TypeError):
        raise _changed(event) from None


def _changed(event: Document) -> TrailBreakError:
    seq = int(event["seq"])
    return TrailBreakError(seq, BreakReason.CHANGED, f"Event {seq} is not what was recorded.")


def _breaks(verifier: TrailVerifier, section: Section) -> list[TrailBreakError]:
    """Return the first break of a section, if there is one."""
    try:
        check(verifier, section)
    except TrailBreakError as error:
        return [error]
    return []


def _written(section: Section) -> bytes:
    return b"".join(_lines_of(section))


def _lines_of(section: Section) -> Iterator[bytes]:
    """Yield the lines of a section; where something is no event of ours any more, the line says so."""
    for event in section.events:
        try:
            yield audit_files.event(_entry(event))
        except TrailBreakError as error:
            yield audit_files.broken(error)
        except TypeError:
            yield audit_files.broken(_changed(event))
        if (stored := section.checkpoints.get(event["seq"])) is not None:
            yield audit_files.checkpoint(str(stored.get("jws")))
