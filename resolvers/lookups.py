"""What nearly every request looks up by its key, for all requests of a process together."""

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from resolvers.coalescing import Coalescer
from storage import admins, organizations, sessions, slugs
from storage.admins import AccountRecord
from storage.database import Database
from storage.organizations import OrganizationRecord
from storage.sessions import SessionRecord


class Lookups:
    """Organizations, slugs and aliases, accounts, live sessions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.organizations: Coalescer[OrganizationId, OrganizationRecord] = Coalescer(
            lambda ids: organizations.find_by_ids(database, ids)
        )
        self.active_organizations: Coalescer[str, OrganizationRecord] = Coalescer(
            lambda names: organizations.find_active_by_slugs(database, names)
        )
        self.organization_ids: Coalescer[str, OrganizationId] = Coalescer(
            lambda names: slugs.find_organizations(database, names)
        )
        self.accounts: Coalescer[AdminId | OperatorId, AccountRecord] = Coalescer(
            lambda ids: admins.find_by_ids(database, ids)
        )
        self.sessions: Coalescer[SessionId, SessionRecord] = Coalescer(lambda ids: sessions.find_by_ids(database, ids))
