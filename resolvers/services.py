"""What all requests of a process share: the database, the keys, the rules from the settings."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr

from auth.audit_signatures import AuditSigner
from auth.passwords import PasswordHasher
from auth.tokens import AccessTokens
from resolvers.background import BackgroundTasks
from resolvers.feed import EventFeed
from resolvers.incidents import Incidents
from resolvers.login_queues import LoginQueues
from resolvers.lookups import Lookups
from resolvers.mailer import Mailer
from resolvers.rate_budgets import RateBudgets
from resolvers.registered_operations import RegisteredOperations
from resolvers.remembered_operations import RememberedOperations
from resolvers.rounds import Rounds
from resolvers.shares import Shares
from resolvers.trusted_documents import TrustedDocuments
from resolvers.unregistered_documents import UnregisteredDocuments
from storage import budget_places
from storage.database import Database
from storage.placements import StoreStrategy


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that an installation chooses: who may sign up, where new stores go, how long things last.

    Without a `verification_period`, a sign-up stays with an owner whose address is not verified. Rates are in units of
    cost a minute: of an organization, and of an address of strangers; `rate_limit_url` says where a Redis is that holds
    these budgets, instead of the database. `most_waiting` is how many operations of an organization may wait for its
    others.
    """

    open_signup: bool = True
    store_strategy: StoreStrategy = StoreStrategy.COLLECTION
    session_idle: timedelta = timedelta(days=14)
    delete_retention: timedelta = timedelta(0)
    verification_period: timedelta | None = None
    subscriptions_per_organization: int = 1000
    rate_limit: int = 60_000
    anonymous_rate_limit: int = 6_000
    rate_limit_url: SecretStr | None = None
    most_waiting: int = 100
    trusted_documents: TrustedDocuments = TrustedDocuments.OFF


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a resolver may call."""

    database: Database
    lookups: Lookups
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
    shares: Shares
    registered_operations: RegisteredOperations
    remembered_operations: RememberedOperations
    logins: LoginQueues = field(default_factory=LoginQueues)
    unregistered_documents: UnregisteredDocuments = field(default_factory=UnregisteredDocuments)


@contextlib.asynccontextmanager
async def opened(
    database: Database, *, tokens: AccessTokens, signer: AuditSigner, mailer: Mailer, policy: Policy
) -> AsyncIterator[Services]:
    """Open what all requests share; at the end, wait for background work before closing it, the database included."""
    lookups = Lookups(database)
    rounds = Rounds(lookups)
    redis_url = None if policy.rate_limit_url is None else policy.rate_limit_url.get_secret_value()
    services = Services(
        database=database,
        lookups=lookups,
        passwords=PasswordHasher(),
        tokens=tokens,
        signer=signer,
        background=BackgroundTasks(),
        policy=policy,
        incidents=Incidents(database),
        rounds=rounds,
        feed=EventFeed(lookups, rounds, policy.subscriptions_per_organization),
        mailer=mailer,
        rate_budgets=RateBudgets(budget_places.of(database, redis_url)),
        shares=Shares(policy.most_waiting),
        registered_operations=RegisteredOperations(database),
        remembered_operations=RememberedOperations(database),
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
