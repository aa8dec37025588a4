"""Passwords: hashed well, and refused when they are easy to guess."""

import asyncio
import time
from collections.abc import Iterator

import argon2
import pytest

from auth.errors import UnavailableError, UserError
from auth.passwords import PasswordHasher


@pytest.fixture(scope="module")
def hasher() -> Iterator[PasswordHasher]:
    """A hasher, closed at the end."""
    hasher = PasswordHasher()
    yield hasher
    hasher.close()


async def test_hash_is_argon2id_at_the_recommended_parameters(hasher: PasswordHasher) -> None:
    """OWASP's minimum: 19 MiB, two passes, one lane; salted anew each time."""
    first, second = await hasher.hash("lukewarm granite"), await hasher.hash("lukewarm granite")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await hasher.verify("lukewarm granite", first)
    assert not await hasher.verify("lukewarm Granite", first)


@pytest.mark.alone
async def test_without_a_hash_the_answer_is_no_after_the_same_work(hasher: PasswordHasher) -> None:
    """An unknown account costs what a wrong password costs: medians of interleaved runs within a factor of two."""
    known = await hasher.hash("lukewarm granite")
    times: dict[str | None, list[float]] = {known: [], None: []}
    for _ in range(7):
        for password_hash, spent in times.items():
            started = time.perf_counter()
            assert not await hasher.verify("wrong", password_hash)
            spent.append(time.perf_counter() - started)
    wrong, unknown = (sorted(spent)[3] for spent in times.values())
    assert 0.5 < wrong / unknown < 2


@pytest.mark.alone
async def test_hashing_leaves_the_event_loop_free(hasher: PasswordHasher) -> None:
    """While passwords are hashed, the loop turns: it is never held up for as long as one hash takes."""
    started = time.perf_counter()
    await hasher.hash("lukewarm granite")
    one_hash = time.perf_counter() - started
    hashing = asyncio.gather(*(hasher.hash("lukewarm granite") for _ in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 8 * 5, one_hash


async def test_older_parameters_are_noticed(hasher: PasswordHasher) -> None:
    """A hash made with less is to be made again at the next login."""
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("lukewarm granite")
    assert hasher.needs_rehash(weaker)
    assert await hasher.verify("lukewarm granite", weaker)
    assert not hasher.needs_rehash(await hasher.hash("lukewarm granite"))


@pytest.mark.parametrize("password_hash", ["garbage", "$argon2id$v=19$m=19456,t=2,p=1$x$y", "$2b$12$" + "a" * 53])
async def test_damaged_hashes_match_nothing(hasher: PasswordHasher, password_hash: str) -> None:
    """A hash that cannot be read lets nobody in."""
    assert not await hasher.verify("lukewarm granite", password_hash)


@pytest.mark.parametrize(
    "password", ["", "1234567", "p" * 129, "password", "aaaaaaaaaaaa", "qwertyuiop", "acmerockets1"]
)
async def test_weak_passwords_are_refused_with_a_reason(hasher: PasswordHasher, password: str) -> None:
    """Too short, too long, common, repeated, a row of keys, or made of what stands in the same form."""
    with pytest.raises(UserError) as refusal:
        await hasher.check_strength(password, known=["Acme Rockets", "acmerockets"])
    assert len(refusal.value.message) > 10
    assert refusal.value.path == ("password",)


@pytest.mark.parametrize(
    "password", ["lukewarm granite teapot", "Tr0ub4dour&3-heron", "пароль корабль облако", "x7#" * 2 + "Vw9-plum" * 15]
)
async def test_good_passwords_are_welcome(hasher: PasswordHasher, password: str) -> None:
    """No composition rules: words will do, in any script, up to 128 characters."""
    await hasher.check_strength(password[:128], known=[])


async def test_what_waits_is_bounded() -> None:
    """Beyond 128 passwords, more are told to come again; those that wait are hashed, and then there is room again."""
    hasher = PasswordHasher()
    found = await asyncio.gather(*(hasher.verify("x", None) for _ in range(140)), return_exceptions=True)
    assert found.count(False) == 128
    assert sum(isinstance(one, UnavailableError) for one in found) == 12
    assert not await hasher.verify("x", None)
    hasher.close()
