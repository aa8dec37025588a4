"""Passwords: hashed with Argon2id off the event loop, refused when they are easy to guess.

Parameters: OWASP Password Storage Cheat Sheet, Argon2id with m=19456 KiB, t=2, p=1.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import argon2

from auth.errors import UnavailableError, UserError, UserErrorCode

MIN_LENGTH = 8
MAX_LENGTH = 128
_SAFE_SCORE = 3  # zxcvbn: at least 10^8 guesses
_ZXCVBN_MAX_LENGTH = 72
_DECOY = (  # Of 32 random bytes.
    "$argon2id$v=19$m=19456,t=2,p=1$fhKSzpTOtbBIDsHOkYKFqg$+fBi4tJfFRO0KfiEtJVT0UiL6vG+ZiQmfxa7hV06JgM"
)
_LEET = "4@8({[<369!1|70$5+%2"
_STAND_INS = "~^_?*=-;:'.,>})]\\`"
_MAX_LEET_KINDS = 8
_NICENESS = 10
_MAX_WAITING = 128  # At 50 ms each and on one processor, the last one is still answered in time.

_P = ParamSpec("_P")
_T = TypeVar("_T")


class PasswordHasher:
    """Argon2id in a small pool of threads, so that a flood of logins leaves processor time for everything else.

    The library releases the interpreter lock while it hashes. One processor is left to the event loop. Every
    method that waits raises `UnavailableError` when 128 passwords wait.
    """

    def __init__(self) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), initializer=_step_back)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of a password in PHC string format."""
        return await self._run(self._argon2.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password has this hash; without a hash, answer no after the same work."""
        if len(password) > MAX_LENGTH:
            return False
        matches = await self._run(self._matches, password, password_hash or _DECOY)
        return matches and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(password_hash)

    async def check_strength(self, password: str, *, known: Sequence[str]) -> None:
        """Raise `UserError` for a password that is too short, too long or easy to guess.

        `known` is what an attacker would try first: the email address and the names in the same input.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise UserError(
                UserErrorCode.WEAK_PASSWORD,
                f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.",
                ("password",),
            )
        reason = await self._run(_weakness, password, known)
        if reason is not None:
            raise UserError(UserErrorCode.WEAK_PASSWORD, reason, ("password",))

    def close(self) -> None:
        """Wait for the hashes under way and end the threads."""
        self._threads.shutdown()

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _run(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run work in a thread. Raises `UnavailableError` if too much waits for that."""
        if self._waiting >= _MAX_WAITING:
            raise UnavailableError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        finally:
            self._waiting -= 1


def _step_back() -> None:
    """Have the thread yield to all others; elsewhere than on Linux it would be the process."""
    if sys.platform == "linux":
        os.nice(_NICENESS)


def _weakness(password: str, known: Sequence[str]) -> str | None:
    """Return why the password is easy to guess, or None. Only the first 72 characters are rated."""
    import zxcvbn  # Its dictionaries take 12 MB, in workers where passwords are chosen.

    rating = zxcvbn.zxcvbn(_tame(password[:_ZXCVBN_MAX_LENGTH]), user_inputs=[word[:100] for word in known if word])
    if rating["score"] >= _SAFE_SCORE:
        return None
    warning = rating["feedback"]["warning"] or "This password is easy to guess."
    return f"{warning.rstrip('.')}. A few uncommon words in a row make a good password."


def _tame(password: str) -> str:
    """Bound the time of a rating: zxcvbn tries all combinations of what each digit or symbol may stand for.

    Beyond eight kinds of such characters, others that stand for nothing take their places: seconds become milliseconds.
    """
    kinds = list(dict.fromkeys(character for character in password if character in _LEET))
    excess = "".join(kinds[_MAX_LEET_KINDS:])
    return password.translate(str.maketrans(excess, _STAND_INS[: len(excess)]))
