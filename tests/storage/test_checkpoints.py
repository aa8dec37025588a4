"""Signing the heads of audit chains."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import structlog

from auth.audit_signatures import Signed
from auth.audit_trail import BreakReason, TrailBreakError
from auth.identifiers import OrganizationId
from storage import audit_events, audit_trails, certificates, checkpoints
from storage.database import Database, Document, now
from tests import trails as offline
from tests.storage import directory, trails

SIGNER = offline.new_signer()


@pytest.fixture
async def organization_id(database: Database) -> OrganizationId:
    """An organization, of which one event is recorded."""
    return (await directory.sign_up(database, "acme")).id


async def head(database: Database, organization_id: OrganizationId) -> Document:
    """Return the head as it is stored."""
    found = await database["organizations"].find_one({"_id": organization_id})
    assert found is not None
    audit: Document = found["audit"]
    return audit


async def signed(database: Database) -> list[int]:
    """Return over which events there are checkpoints."""
    return [one["seq"] for one in await database[audit_trails.CHECKPOINTS].find().sort("seq", 1).to_list(None)]


async def test_head_is_signed_when_it_is_due(database: Database, organization_id: OrganizationId) -> None:
    """Within a day, or at once; then not again until more is recorded. The log has it."""
    assert (await head(database, organization_id))["due_at"] > now() + timedelta(hours=23)
    assert await checkpoints.sign_due(database, SIGNER, {}) == 0
    await trails.record(database, organization_id, checkpoint=True)
    with structlog.testing.capture_logs() as logs:
        assert await checkpoints.sign_due(database, SIGNER, {}) == 1
    found = await head(database, organization_id)
    assert (found["checkpoint_seq"], found.get("due_at")) == (2, None)
    assert logs == [
        {
            "event": "audit checkpoint",
            "log_level": "info",
            "organization": organization_id,
            "seq": 2,
            "hash": found["hash"],
        }
    ]
    stored = await database[audit_trails.CHECKPOINTS].find_one({"organization_id": organization_id})
    assert stored is not None
    assert SIGNER.keys.verify(stored["jws"], Signed.CHECKPOINT) == {
        "organization": organization_id,
        "seq": 2,
        "hash": found["hash"],
        "at": audit_events.instant(stored["at"]),
    }
    assert await checkpoints.sign_due(database, SIGNER, {}) == 0
    await trails.record(database, organization_id)
    assert (await head(database, organization_id))["due_at"] > now() + timedelta(hours=23)


async def test_head_is_due_after_a_hundred_events(
    database: Database, organization_id: OrganizationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted from the last checkpoint."""
    monkeypatch.setattr(audit_events, "CHECKPOINT_EVENTS", 3)
    for expected in ([], [3], [3], [3], [3, 6]):
        await trails.record(database, organization_id)
        await checkpoints.sign_due(database, SIGNER, {})
        assert await signed(database) == expected


async def test_two_signers_at_once_are_harmless(database: Database, organization_id: OrganizationId) -> None:
    """One of them signs."""
    await trails.record(database, organization_id, checkpoint=True)
    results = await asyncio.gather(*[checkpoints.sign(database, SIGNER, organization_id) for _ in range(4)])
    assert sum(results) == 1
    assert await signed(database) == [2]
    assert await trails.break_in_store(database, SIGNER, organization_id) is None


async def test_event_that_comes_meanwhile_stays_due(
    database: Database, organization_id: OrganizationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head that was checked is signed; the newer one, which is to be signed at once, too, is signed next."""
    await trails.record(database, organization_id, checkpoint=True)
    issue = certificates.issue

    async def issue_slowly(*arguments: Any) -> Document:  # noqa: ANN401 - as they come
        monkeypatch.setattr(certificates, "issue", issue)
        await trails.record(database, organization_id, checkpoint=True)
        return await issue(*arguments)

    monkeypatch.setattr(certificates, "issue", issue_slowly)
    assert await checkpoints.sign(database, SIGNER, organization_id)
    assert await signed(database) == [2]
    assert (await head(database, organization_id))["due_at"] <= now()
    assert await checkpoints.sign_due(database, SIGNER, {}) == 1
    assert await signed(database) == [2, 3]
    assert await trails.break_in_store(database, SIGNER, organization_id) is None


async def test_signing_goes_on_from_the_last_checkpoint(database: Database, organization_id: OrganizationId) -> None:
    """What was signed is not read again: a break before it is for `verifyAuditTrail`."""
    await trails.record(database, organization_id, times=2, checkpoint=True)
    await checkpoints.sign(database, SIGNER, organization_id)
    await database[audit_events.COLLECTION].delete_one({"_id": f"{organization_id}:1"})
    await trails.record(database, organization_id, checkpoint=True)
    assert await checkpoints.sign(database, SIGNER, organization_id)
    assert await signed(database) == [3, 4]


async def test_broken_trail_is_not_signed(database: Database, organization_id: OrganizationId) -> None:
    """It is logged once and postponed; others are signed meanwhile."""
    neighbour = await directory.sign_up(database, "neighbour")
    for one in (organization_id, neighbour.id):
        await trails.record(database, one, checkpoint=True)
    await database[audit_events.COLLECTION].update_one({"_id": f"{organization_id}:1"}, {"$set": {"action": "x"}})
    postponed: dict[OrganizationId, float] = {}
    with structlog.testing.capture_logs() as logs:
        assert await checkpoints.sign_due(database, SIGNER, postponed) == 1
        assert await checkpoints.sign_due(database, SIGNER, postponed) == 0
    (error,) = [line for line in logs if line["log_level"] == "error"]
    assert (error["organization"], error["seq"], error["reason"]) == (organization_id, 1, "CHANGED")
    assert list(postponed) == [organization_id]
    assert "checkpoint_seq" not in await head(database, organization_id)
    assert await database[audit_trails.CHECKPOINTS].count_documents({"organization_id": organization_id}) == 0


@pytest.mark.parametrize("forged", [True, False])
async def test_forged_checkpoint_is_no_start(
    database: Database,
    organization_id: OrganizationId,
    forged: bool,  # noqa: FBT001 - a case
) -> None:
    """Neither one of another key, nor one where there was none: nothing is signed behind it."""
    await trails.record(database, organization_id, checkpoint=True)
    audit = await head(database, organization_id)
    jws = offline.new_signer().head(organization_id, 2, audit["hash"], audit_events.instant(now()))
    content = {"organization_id": organization_id, "seq": 2, "hash": audit["hash"], "at": now(), "jws": jws}
    await database[audit_trails.CHECKPOINTS].insert_one({"_id": f"{organization_id}:2", **content})
    if forged:
        update = {"$set": {"audit.checkpoint_seq": 2}}
        await database["organizations"].update_one({"_id": organization_id}, update)
    with pytest.raises(TrailBreakError) as caught:
        await checkpoints.sign(database, SIGNER, organization_id)
    assert (caught.value.seq, caught.value.reason) == (2, BreakReason.CHECKPOINT)
    assert await database[audit_trails.CHECKPOINTS].count_documents({"jws": {"$ne": jws}}) == 0


async def test_loop_signs_until_cancelled(database: Database, organization_id: OrganizationId) -> None:
    """Two of them, as two processes would; a round that fails does not end it."""
    loops = [asyncio.create_task(checkpoints.keep_signing(database, SIGNER)) for _ in range(2)]
    await trails.record(database, organization_id, checkpoint=True)

    async def is_signed() -> bool:
        return await signed(database) == [2]

    await directory.until_it_is(is_signed)
    for loop in loops:
        loop.cancel()
    await asyncio.wait(loops)
