"""Counting what was tried in vain: nobody slips through, waits grow and end, and what was no failure is given back."""

import asyncio
from datetime import timedelta

import pytest

from server import Settings
from storage import throttles
from storage.database import Database, now
from storage.throttles import Attempt, Rule, ThrottledError
from tests.commands import Commands, watched

RULE = Rule(free=3, first=timedelta(seconds=10), longest=timedelta(seconds=35))
KEY = throttles.key_of("test", "somebody")


async def tried(database: Database) -> Attempt | None:
    """Return the attempt if it may be made."""
    try:
        return await throttles.count(database, KEY, RULE)
    except ThrottledError:
        return None


async def pass_by(database: Database, duration: timedelta) -> None:
    """Have all that is stored have happened earlier."""
    found = await database["throttles"].find_one({"_id": KEY})
    assert found is not None
    earlier = {name: found[name] - duration for name in ("until", "forgets_at", "expires_at") if found.get(name)}
    await database["throttles"].update_one({"_id": KEY}, {"$set": earlier})


async def test_attempts_at_once_do_not_slip_through(settings: Settings, database: Database) -> None:
    """Of 40 at the same moment, from two processes, as many are admitted as are free."""
    other = watched(settings, Commands())
    results = await asyncio.gather(*(tried(client) for _ in range(20) for client in (database, other)))
    assert sorted(attempt.failures for attempt in results if attempt is not None) == [1, 2, 3]
    await other.close()


async def test_waits_double_up_to_the_longest(database: Database) -> None:
    """Each failure beyond the free ones causes the next wait: 10, 20, 35 and again 35 seconds."""
    for _ in range(2):
        assert await tried(database) is not None
    for seconds in (10, 20, 35, 35):
        before = now()
        assert await tried(database) is not None
        after = now()
        with pytest.raises(ThrottledError) as refusal:
            await throttles.count(database, KEY, RULE)
        assert before <= refusal.value.until - timedelta(seconds=seconds) <= after
        await pass_by(database, timedelta(seconds=seconds - 5))
        assert await tried(database) is None
        await pass_by(database, timedelta(seconds=5))


async def test_failures_are_forgotten_after_a_quiet_time(database: Database) -> None:
    """Up to then all count; after it, none; refused attempts do not keep the memory of them."""
    for _ in range(3):
        assert await tried(database) is not None
    assert await tried(database) is None
    await pass_by(database, timedelta(minutes=59))
    attempt = await tried(database)
    assert attempt is not None
    assert attempt.failures == 4
    await pass_by(database, timedelta(minutes=61))
    attempt = await tried(database)
    assert attempt is not None
    assert attempt.failures == 1


async def test_what_was_no_failure_is_given_back(database: Database) -> None:
    """With the wait that it has caused; the failures before it stay."""
    for _ in range(10):
        attempt = await tried(database)
        assert attempt is not None
        await throttles.give_back(database, attempt)
    for _ in range(2):
        assert await tried(database) is not None
    last = await tried(database)
    assert last is not None
    assert await tried(database) is None
    await throttles.give_back(database, last)
    assert await tried(database) is not None
    assert await tried(database) is None


async def test_giving_back_leaves_the_wait_of_another(database: Database) -> None:
    """An attempt takes back its own wait only."""
    attempts = [await tried(database) for _ in range(3)]
    assert attempts[0] is not None
    await throttles.give_back(database, attempts[0])
    assert await tried(database) is None


async def test_all_can_be_forgotten(database: Database) -> None:
    """Then the free attempts are free again."""
    attempts = [await tried(database) for _ in range(3)]
    assert attempts[-1] is not None
    await throttles.forget(database, attempts[-1])
    assert [attempt is not None for attempt in [await tried(database) for _ in range(4)]] == [True, True, True, False]


async def test_rule_that_refuses_nobody_counts(database: Database) -> None:
    """The wait is the caller's to impose."""
    rule = Rule(free=3, first=timedelta(seconds=10), longest=timedelta(seconds=35), refuses=False)
    attempts = [await throttles.count(database, KEY, rule) for _ in range(8)]
    assert [attempt.failures for attempt in attempts] == list(range(1, 9))
    waits = [rule.wait_after(attempt.failures).total_seconds() for attempt in attempts]
    assert waits == [0, 0, 10, 20, 35, 35, 35, 35]
    assert rule.wait_after(10**9) == timedelta(seconds=35)


async def test_last_five_places_of_success_are_remembered(database: Database) -> None:
    """Each once, for longer than failures are."""
    for place in ("a", "b", "c", "d", "e", "a", "f"):
        attempt = await tried(database)
        assert attempt is not None
        await throttles.welcome(database, attempt, place)
    attempt = await tried(database)
    assert attempt is not None
    assert (attempt.failures, attempt.places) == (1, ("f", "a", "e", "d", "c"))
    found = await database["throttles"].find_one({"_id": KEY})
    assert found is not None
    assert found["expires_at"] > now() + timedelta(days=59)


async def test_what_is_counted_is_not_stored(database: Database) -> None:
    """Neither an email address nor a network address can be read, and kinds do not meet."""
    await throttles.count(database, throttles.key_of("email", "ada@example.com"), RULE)
    (found,) = await database["throttles"].find().to_list(None)
    assert "ada" not in str(found)
    assert len(found["_id"]) == 64
    assert len({throttles.key_of("a", "b", "c"), throttles.key_of("a", "bc"), throttles.key_of("ab", "c")}) == 3
