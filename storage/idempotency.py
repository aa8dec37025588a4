"""The collection `idempotency_keys`: what was done under which key, so that a request sent again does nothing twice.

A key is claimed before the work begins, and completed in the transaction that commits it: a compare-and-set that fails
if another worker has taken the key over, so that of all attempts one takes effect, wherever one of them stops.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from storage import leases
from storage.database import Database, Document, Session, now

COLLECTION = "idempotency_keys"
INDEXES = [IndexModel("expires_at", name="end", expireAfterSeconds=0)]
LIFETIME = timedelta(hours=24)
LEASE = timedelta(seconds=60)
_ATTEMPTS = 5

References = Mapping[str, Any]
"""The ids of what an attempt has made, by which its answer is found again."""


class KeyReusedError(Exception):
    """The key was used with other arguments."""


class KeyBusyError(Exception):
    """An attempt under this key is under way, or stopped less than a minute after its beginning."""


class KeyLostError(Exception):
    """Another attempt has taken the key over: this one must not take effect."""


class _KeyState(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to do what a key stands for."""

    key_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was done under a key before."""

    references: References


async def claim(database: Database, key_id: str, fingerprint: str) -> Claim | Done:
    """Claim a key for arguments with this fingerprint, or return what was done under it in the last 24 hours.

    An attempt is given up for dead after a minute: longer than the leases of the work itself, so that whatever a
    crashed one has begun is undone by then. Raises `KeyReusedError` or `KeyBusyError`.
    """
    claimed = Claim(key_id, leases.new_owner())
    for _ in range(_ATTEMPTS):
        try:
            await database[COLLECTION].insert_one(_to_document(claimed, fingerprint))
        except DuplicateKeyError:
            found = await database[COLLECTION].find_one({"_id": key_id})
        else:
            return claimed
        if found is None:
            continue
        if found["expires_at"] > now():
            done = _judge(found, fingerprint)
            if done is not None:
                return done
        if await _take_over(database, found, _to_document(claimed, fingerprint)):
            return claimed
    raise KeyBusyError


async def find_done(database: Database, key_id: str, fingerprint: str) -> Done | None:
    """Return what was done under a key with these arguments, if anything was."""
    done = {"_id": key_id, "fingerprint": fingerprint, "state": _KeyState.DONE, "expires_at": {"$gt": now()}}
    found = await database[COLLECTION].find_one(done)
    return None if found is None else Done(found["references"])


async def complete(
    database: Database, tx: Session, claimed: Claim | None, references: References | None = None
) -> None:
    """Note, in the transaction that takes effect, that the key is used; without a claim, nothing.

    Raises `KeyLostError`, which has to end the transaction.
    """
    if claimed is None:
        return
    result = await database[COLLECTION].update_one(_held(claimed), _completion(references or {}), session=tx)
    if not result.matched_count:
        raise KeyLostError


async def finish(database: Database, claimed: Claim) -> None:
    """Note that an attempt has ended well; it has done so already unless there was nothing to do."""
    with contextlib.suppress(PyMongoError):  # What was done is done; a key that stays claimed is free in a minute.
        await database[COLLECTION].update_one(_held(claimed), _completion({}))


async def release(database: Database, claimed: Claim) -> None:
    """Free the key of an attempt that has ended without effect, for another attempt."""
    with contextlib.suppress(PyMongoError):  # It is free in a minute.
        await database[COLLECTION].delete_one(_held(claimed))


def _judge(found: Document, fingerprint: str) -> Done | None:
    """Return what was done under a key in use, or None if its attempt is given up for dead."""
    if found["fingerprint"] != fingerprint:
        raise KeyReusedError
    if found["state"] == _KeyState.DONE:
        return Done(found["references"])
    if found["lease_expires_at"] > now():
        raise KeyBusyError
    return None


async def _take_over(database: Database, found: Document, document: Document) -> bool:
    """Replace a record, if it is still what was found."""
    seen = {"_id": found["_id"], "owner": found["owner"], "state": found["state"]}
    return bool((await database[COLLECTION].replace_one(seen, document)).matched_count)


def _to_document(claimed: Claim, fingerprint: str) -> Document:
    at = now()
    return {
        "_id": claimed.key_id,
        "fingerprint": fingerprint,
        "owner": claimed.owner,
        "state": _KeyState.RUNNING,
        "lease_expires_at": at + LEASE,
        "references": {},
        "expires_at": at + LIFETIME,
    }


def _held(claimed: Claim) -> Document:
    return {"_id": claimed.key_id, "owner": claimed.owner, "state": _KeyState.RUNNING}


def _completion(references: References) -> Document:
    return {"$set": {"state": _KeyState.DONE, "references": dict(references)}}
