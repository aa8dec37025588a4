"""What all requests of a process share: the database, the keys, the rules from the settings."""

from dataclasses import dataclass
from datetime import timedelta

from auth.audit_signatures import AuditSigner
from auth.passwords import PasswordHasher
from auth.tokens import AccessTokens
from resolvers.background import BackgroundTasks
from resolvers.feed import EventFeed
from resolvers.incidents import Incidents
from resolvers.rounds import Rounds
from storage.database import Database
from storage.placements import StoreStrategy


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that an installation chooses: who may sign up, where new stores go, how long things last."""

    open_signup: bool = True
    store_strategy: StoreStrategy = StoreStrategy.COLLECTION
    session_idle: timedelta = timedelta(days=14)
    delete_retention: timedelta = timedelta(0)


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
