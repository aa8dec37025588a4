"""What all requests of a process share: the database, the keys, the rules from the settings."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from auth.audit_signatures import AuditSigner
from auth.passwords import PasswordHasher
from auth.tokens import AccessTokens
from resolvers.background import BackgroundTasks
from resolvers.feed import EventFeed
from resolvers.incidents import Incidents
from resolvers.login_queues import LoginQueues
from resolvers.mailer import Mailer
from resolvers.rate_budgets import RateBudgets
from resolvers.rounds import Rounds
from storage.database import Database
from storage.placements import StoreStrategy


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that an installation chooses: who may sign up, where new stores go, how long things last.

    Without a `verification_period`, a sign-up stays with an owner whose address is not verified. Rates are in units of
    cost a minute: of an organization, and of an address of strangers.
    """

    open_signup: bool = True
    store_strategy: StoreStrategy = StoreStrategy.COLLECTION
    session_idle: timedelta = timedelta(days=14)
    delete_retention: timedelta = timedelta(0)
    verification_period: timedelta | None = None
    subscriptions_per_organization: int = 1000
    rate_limit: int = 60_000
    anonymous_rate_limit: int = 6_000


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a resolver may call."""

    database: Database
    passwords: PasswordHasher
    tokens: AccessTokens
    signer: AuditSigner
    background: BackgroundTasks
    policy: Policy
    incidents: Incidents
    rounds: Rounds
    feed: EventFeed
    mailer: Mailer
    rate_budgets: RateBudgets
    logins: LoginQueues = field(default_factory=LoginQueues)


@contextlib.asynccontextmanager
async def opened(
    database: Database, *, tokens: AccessTokens, signer: AuditSigner, mailer: Mailer, policy: Policy
) -> AsyncIterator[Services]:
    """Open what all requests share; at the end, wait for background work before closing it, the database included."""
    rounds = Rounds(database)
    services = Services(
        database=database,
        passwords=PasswordHasher(),
        tokens=tokens,
        signer=signer,
        background=BackgroundTasks(),
        policy=policy,
        incidents=Incidents(database),
        rounds=rounds,
        feed=EventFeed(database, rounds, policy.subscriptions_per_organization),
        mailer=mailer,
        rate_budgets=RateBudgets(database),
    )
    try:
        yield services
    finally:
        await services.feed.close()
        await services.background.close()
        await services.incidents.close()
        await services.rate_budgets.close()
        services.passwords.close()
        await database.close()
