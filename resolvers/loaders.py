"""The loaders: what the fields of one request ask for one by one is fetched together, and once."""

from collections.abc import Sequence

from aiodataloader import DataLoader

from auth.identifiers import AdminId, MigrationId, OperatorId, OrganizationId, SessionId
from storage import admins, migrations, organizations, sessions, slugs
from storage.admins import AccountRecord, AdminRecord
from storage.database import Database
from storage.migrations import MigrationRecord
from storage.organizations import OrganizationRecord
from storage.pages import Page, PageRequest
from storage.sessions import SessionRecord


class OrganizationByIdLoader(DataLoader[OrganizationId, OrganizationRecord | None]):
    """Organizations of any state; None where there is none."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[OrganizationId]) -> list[OrganizationRecord | None]:  # noqa: D102
        found = await organizations.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class OrganizationIdBySlugLoader(DataLoader[str, OrganizationId | None]):
    """The organizations that slugs and live aliases lead to."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[str]) -> list[OrganizationId | None]:  # noqa: D102
        found = await slugs.find_organizations(self._database, keys)
        return [found.get(key) for key in keys]


class AccountByIdLoader(DataLoader[AdminId | OperatorId, AccountRecord | None]):
    """Admins and operators."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[AdminId | OperatorId]) -> list[AccountRecord | None]:  # noqa: D102
        found = await admins.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class SessionByIdLoader(DataLoader[SessionId, SessionRecord | None]):
    """Sessions that are live."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[SessionId]) -> list[SessionRecord | None]:  # noqa: D102
        found = await sessions.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class MigrationByIdLoader(DataLoader[MigrationId, MigrationRecord | None]):
    """Entries of the journal of moves."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[MigrationId]) -> list[MigrationRecord | None]:  # noqa: D102
        found = await migrations.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class AdminPageByOrganizationLoader(DataLoader[tuple[OrganizationId, PageRequest], Page[AdminRecord]]):
    """The same page of the admins of many organizations, in one command."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[tuple[OrganizationId, PageRequest]]) -> list[Page[AdminRecord]]:  # noqa: D102
        requests: dict[PageRequest, list[OrganizationId]] = {}
        for organization_id, request in keys:
            requests.setdefault(request, []).append(organization_id)
        pages = {request: await self._load(request, ids) for request, ids in requests.items()}
        return [pages[request][organization_id] for organization_id, request in keys]

    async def _load(
        self, request: PageRequest, ids: Sequence[OrganizationId]
    ) -> dict[OrganizationId, Page[AdminRecord]]:
        found = await admins.find_pages(self._database, ids, request)
        empty: Page[AdminRecord] = Page([], has_next=False, has_previous=False)
        return {organization_id: found.get(organization_id, empty) for organization_id in ids}


class Loaders:
    """One set of loaders."""

    def __init__(self, database: Database) -> None:
        self.organizations = OrganizationByIdLoader(database)
        self.organization_ids = OrganizationIdBySlugLoader(database)
        self.accounts = AccountByIdLoader(database)
        self.sessions = SessionByIdLoader(database)
        self.migrations = MigrationByIdLoader(database)
        self.admin_pages = AdminPageByOrganizationLoader(database)
