"""The collection `throttles`: how often something was tried in vain, and until when it may not be tried again.

An attempt is counted before it is known to fail, in the command that admits it: attempts at the same moment cannot slip
through together. One that succeeds is given back. What is counted is stored as a hash.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.database import Database, Document, now

COLLECTION = "throttles"
INDEXES = [IndexModel("expires_at", name="end", expireAfterSeconds=0)]
_MAX_DOUBLINGS = 16
_MAX_PLACES = 5
_PLACES_KEPT = timedelta(days=60)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """From the attempt in vain number `free` on, each has the next one wait, twice as long as the one before.

    All are forgotten when nothing was tried in vain for `memory`. Who comes too early is refused, if it `refuses`.
    """

    free: int
    first: timedelta
    longest: timedelta
    memory: timedelta = timedelta(hours=1)
    refuses: bool = True

    def wait_after(self, failures: int) -> timedelta:
        """Return the wait that so many attempts in vain cause."""
        doublings = min(_MAX_DOUBLINGS, failures - self.free)
        return timedelta() if doublings < 0 else min(self.longest, self.first * 2**doublings)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was counted: the how many-th in vain it would be, and from where such have succeeded before."""

    key: str
    failures: int
    until: datetime | None
    places: tuple[str, ...]


class ThrottledError(Exception):
    """It may be tried again at an instant; this attempt was not counted."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


def key_of(kind: str, *values: str) -> str:
    """Return the id under which something is counted."""
    return hashlib.sha256("\0".join((kind, *values)).encode(errors="surrogatepass")).hexdigest()


async def count(database: Database, key: str, rule: Rule) -> Attempt:
    """Count an attempt that may be made now. Raises `ThrottledError`."""
    at = now()
    for _ in range(_ATTEMPTS):
        found: Document | None = await database[COLLECTION].find_one_and_update(
            {"_id": key}, _admission(rule, at), return_document=ReturnDocument.AFTER
        )
        if found is not None:
            break
        # Not by an upsert: the embedded database does not answer with the record if two of them meet.
        with contextlib.suppress(DuplicateKeyError):
            await database[COLLECTION].insert_one({"_id": key, "failures": 0, "expires_at": at + rule.memory})
    else:
        raise ThrottledError(at + rule.first)  # It is removed as soon as it is made: clocks must differ by an hour.
    if not found["admitted"]:
        raise ThrottledError(found["until"])
    return Attempt(key, found["failures"], found["until"], tuple(found.get("places", ())))


async def give_back(database: Database, attempt: Attempt) -> None:
    """Take back an attempt, and the wait that it has caused."""
    await database[COLLECTION].update_one({"_id": attempt.key}, [{"$set": _without(attempt)}])


async def forget(database: Database, attempt: Attempt) -> None:
    """Take back an attempt and all that were in vain before it."""
    await database[COLLECTION].update_one({"_id": attempt.key}, {"$set": {"failures": 0, "until": None}})


async def welcome(database: Database, attempt: Attempt, place: str) -> None:
    """Take back an attempt, and remember for 60 days where it has come from: the last five such places."""
    others = {"$filter": {"input": {"$ifNull": ["$places", []]}, "cond": {"$ne": ["$$this", place]}}}
    places = {"$slice": [{"$concatArrays": [[place], others]}, _MAX_PLACES]}
    changes = {**_without(attempt), "places": places, "expires_at": now() + _PLACES_KEPT}
    await database[COLLECTION].update_one({"_id": attempt.key}, [{"$set": changes}])


def _admission(rule: Rule, at: datetime) -> list[Document]:
    """Return the update that decides on an attempt and counts it if it may be made."""
    forgets_at = at + rule.memory
    doublings = {"$min": [_MAX_DOUBLINGS, {"$subtract": ["$failures", rule.free]}]}
    wait = {"$min": [_milliseconds(rule.longest), {"$multiply": [_milliseconds(rule.first), {"$pow": [2, doublings]}]}]}
    waits = {"$and": [rule.refuses, {"$gte": ["$failures", rule.free]}]}
    until = {"$cond": [waits, {"$add": [at, wait]}, None]}
    counts = {"$cond": [{"$gt": ["$forgets_at", at]}, "$failures", 0]}
    return [
        {"$set": {"failures": counts, "admitted": {"$lte": [{"$ifNull": ["$until", at]}, at]}}},
        {"$set": {"failures": {"$add": ["$failures", {"$cond": ["$admitted", 1, 0]}]}}},
        {
            "$set": {
                "until": {"$cond": ["$admitted", until, "$until"]},
                "forgets_at": {"$cond": ["$admitted", forgets_at, "$forgets_at"]},
                "expires_at": {"$max": ["$expires_at", forgets_at]},
            }
        },
    ]


def _without(attempt: Attempt) -> Document:
    return {
        "failures": {"$max": [0, {"$subtract": ["$failures", 1]}]},
        "until": {"$cond": [{"$eq": ["$until", attempt.until]}, None, "$until"]},
    }


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
