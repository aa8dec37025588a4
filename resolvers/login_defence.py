"""Who may try a password, and when: the more was tried in vain, the later, and never because of what strangers tried.

- Of one address on one account: five failures, then waits of 1, 2, 4 … 60 seconds; of one address on all accounts:
  thirty, then 1, 2 … 30 seconds. Who comes too early is refused before any work.
- On one account from everywhere: nobody is refused. From the tenth failure on, the answer takes up to three seconds
  longer, but not for addresses from which the account has been signed in to.
"""

import contextlib
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

from auth.errors import RateLimitedError
from resolvers import emails, incidents, metrics, networks
from resolvers.context import RequestContext
from storage import throttles
from storage.admins import AccountRecord, AdminRecord, email_key
from storage.database import now
from storage.throttles import Attempt, Rule, ThrottledError

_OF_PAIR = Rule(free=5, first=timedelta(seconds=1), longest=timedelta(seconds=60))
_OF_NETWORK = Rule(free=30, first=timedelta(seconds=1), longest=timedelta(seconds=30))
_OF_EMAIL = Rule(free=10, first=timedelta(milliseconds=100), longest=timedelta(seconds=3), refuses=False)

Condition = Callable[[AccountRecord], Awaitable[bool]]


async def matches(
    context: RequestContext,
    email: str,
    account: AccountRecord | None,
    password: str,
    condition: Condition | None = None,
) -> bool:
    """Tell whether this is the account's password, and the condition holds; a failure is counted and recorded.

    `email` is what was given as the account's, which need not exist. Raises `RateLimitedError`, with nothing checked.
    """
    services, guess = context.services, _Guess(context, email)
    try:
        async with guess.turn():
            await guess.count()
            async with services.logins.work():
                right = await services.passwords.verify(password, None if account is None else account.password_hash)
            if right and account is not None and (condition is None or await condition(account)):
                await guess.succeed()
                metrics.LOGINS_OK.inc()
                return True
    except RateLimitedError:
        metrics.LOGINS_DEFERRED.inc()
        _note(context, account)
        raise
    metrics.LOGINS_FAILED.inc()
    _note(context, account)
    return False


class _Guess:
    """One attempt at a password, from a network (None if that is not known) and on an email address (None if none)."""

    def __init__(self, context: RequestContext, email: str) -> None:
        normal = emails.normalize(email)
        self._services = context.services
        self._email = None if normal is None else email_key(normal)
        self._network = None if context.origin.address is None else networks.of(context.origin.address)
        self._of_pair: Attempt | None = None
        self._of_network: Attempt | None = None
        self._of_email: Attempt | None = None

    def turn(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Wait until no other attempt of the same network on the same account is in doubt."""
        if self._network is None:
            return contextlib.nullcontext()
        return self._services.logins.turn(self._network, self._key("pair"))

    async def count(self) -> None:
        """Count the attempt for all that it counts for, and wait as long as it has to. Raises `RateLimitedError`."""
        database = self._services.database
        try:
            if self._network is not None:
                if self._email is not None:
                    self._of_pair = await throttles.count(database, self._key("pair"), _OF_PAIR)
                self._of_network = await throttles.count(
                    database, throttles.key_of("network", self._network), _OF_NETWORK
                )
        except ThrottledError as error:
            if self._of_pair is not None:
                await throttles.give_back(database, self._of_pair)
            seconds = math.ceil((error.until - now()).total_seconds())
            raise RateLimitedError("Too many attempts: try again later.", max(1, seconds)) from None
        if self._email is not None:
            self._of_email = await throttles.count(database, throttles.key_of("email", self._email), _OF_EMAIL)
            if self._network is None or self._key("place") not in self._of_email.places:
                await self._services.logins.delay(_OF_EMAIL.wait_after(self._of_email.failures - 1))

    async def succeed(self) -> None:
        """Take back what was counted; whoever knows a password makes its own failures good, and no others."""
        database = self._services.database
        if self._of_pair is not None:
            await throttles.forget(database, self._of_pair)
        if self._of_network is not None:
            await throttles.give_back(database, self._of_network)
        if self._of_email is not None:
            await throttles.welcome(database, self._of_email, self._key("place"))

    def _key(self, kind: str) -> str:
        return throttles.key_of(kind, self._email or "", self._network or "")


def _note(context: RequestContext, account: AccountRecord | None) -> None:
    if isinstance(account, AdminRecord):
        context.note(incidents.failed_login(account.organization_id, account.id))
