"""What nearly every request looks up by its key, and pages that many ask for, for all of a process together."""

from collections.abc import Mapping, Sequence

from auth.identifiers import AdminId, OperatorId, OrganizationId, SessionId
from resolvers.coalescing import Coalescer
from storage import admins, organizations, sessions, slugs
from storage.admins import AccountRecord, AdminRecord
from storage.database import Database
from storage.organizations import DirectoryPage, OrganizationRecord
from storage.pages import Page, PageRequest
from storage.sessions import SessionRecord

_PAGES_AT_ONCE = 100  # As many as a page of organizations has.


class Lookups:
    """Organizations, slugs and aliases, accounts, live sessions; pages of organizations and of their admins."""

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
        self.directory_pages: Coalescer[DirectoryPage, Page[OrganizationRecord]] = Coalescer(
            lambda wanted: organizations.find_pages(database, wanted)
        )
        self.admin_pages: Coalescer[tuple[OrganizationId, PageRequest], Page[AdminRecord]] = Coalescer(
            lambda wanted: _find_admin_pages(database, wanted), at_once=_PAGES_AT_ONCE
        )
        self.sessions: Coalescer[SessionId, SessionRecord] = Coalescer(lambda ids: sessions.find_by_ids(database, ids))


async def _find_admin_pages(
    database: Database, wanted: Sequence[tuple[OrganizationId, PageRequest]]
) -> Mapping[tuple[OrganizationId, PageRequest], Page[AdminRecord]]:
    """Return pages of the admins of organizations, those that are alike in one command."""
    alike: dict[PageRequest, list[OrganizationId]] = {}
    for organization_id, page in wanted:
        alike.setdefault(page, []).append(organization_id)
    found = {page: await admins.find_pages(database, ids, page) for page, ids in alike.items()}
    return {(one, page): some[one] for page, some in found.items() for one in some}
