"""The loaders: what the fields of one request ask for one by one is fetched together, and once.

What nearly every request asks for is fetched for all of them together (`coalescing`).

Those who hear of the same event, and those who are looked after in the same round, share a set.
"""

import asyncio
import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import Generic, TypeVar

from aiodataloader import DataLoader

from auth.errors import UnavailableError
from auth.identifiers import DocumentId, InvitationId, MigrationId, OrganizationId
from resolvers.coalescing import Coalescer
from resolvers.lookups import Lookups
from storage import documents, invitations, migrations, tenant_access
from storage.database import Database
from storage.documents import DocumentRecord
from storage.invitations import InvitationRecord
from storage.migrations import MigrationRecord
from storage.organizations import OrganizationRecord
from storage.pages import PageRequest
from storage.tenant_access import NotReadableError

_AT_ONCE = 100
_LATEST_MOVES = PageRequest(limit=10)
_K = TypeVar("_K")
_V = TypeVar("_V")
_numbers = itertools.count(1)


class Loader(DataLoader[_K, _V]):
    """A loader of which a caller who is cancelled leaves the others theirs; it fetches a hundred at most at once."""

    def __init__(self) -> None:
        super().__init__(max_batch_size=_AT_ONCE)

    def load(self, key: _K) -> asyncio.Future[_V]:
        """Return what a key leads to."""
        return asyncio.shield(super().load(key))


class SharedLoader(Generic[_K, _V]):
    """A loader that remembers for one request what is fetched for all of them."""

    def __init__(self, coalescer: Coalescer[_K, _V]) -> None:
        self._coalescer = coalescer
        self._found: dict[_K, asyncio.Future[_V | None]] = {}

    def load(self, key: _K) -> asyncio.Future[_V | None]:
        """Return what a key leads to; None where there is nothing."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._coalescer.load(key)
        return asyncio.shield(found)

    def prime(self, key: _K, value: _V) -> None:
        """Remember what a key leads to, unless that is known."""
        if key not in self._found:
            found = self._found[key] = asyncio.get_running_loop().create_future()
            found.set_result(value)


class MigrationByIdLoader(Loader[MigrationId, MigrationRecord | None]):
    """Entries of the journal of moves."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[MigrationId]) -> list[MigrationRecord | None]:  # noqa: D102
        found = await migrations.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class InvitationByIdLoader(Loader[InvitationId, InvitationRecord | None]):
    """Invitations of any state."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[InvitationId]) -> list[InvitationRecord | None]:  # noqa: D102
        found = await invitations.find_by_ids(self._database, keys)
        return [found.get(key) for key in keys]


class LatestMovesByOrganizationLoader(Loader[OrganizationId, Sequence[MigrationRecord]]):
    """The ten latest moves of an organization, newest first."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def batch_load_fn(self, keys: list[OrganizationId]) -> list[Sequence[MigrationRecord]]:  # noqa: D102
        return [(await migrations.find_page(self._database, key, _LATEST_MOVES)).items for key in keys]


class DocumentByKeyLoader(Loader[tuple[OrganizationId, DocumentId], DocumentRecord | None]):
    """Documents by organization and id, a hundred at most in one command."""

    def __init__(self, database: Database, organizations: SharedLoader[OrganizationId, OrganizationRecord]) -> None:
        super().__init__()
        self._database = database
        self._organizations = organizations

    async def batch_load_fn(  # noqa: D102
        self, keys: list[tuple[OrganizationId, DocumentId]]
    ) -> list[DocumentRecord | None]:
        ids: dict[OrganizationId, list[DocumentId]] = {}
        for organization_id, document_id in keys:
            ids.setdefault(organization_id, []).append(document_id)
        found = {organization_id: await self._load(organization_id, some) for organization_id, some in ids.items()}
        return [found[organization_id].get(document_id) for organization_id, document_id in keys]

    async def _load(
        self, organization_id: OrganizationId, ids: Sequence[DocumentId]
    ) -> dict[DocumentId, DocumentRecord]:
        organization = await self._organizations.load(organization_id)
        if organization is None:
            return {}
        try:
            return await tenant_access.read(
                self._database, organization, lambda store: documents.find_by_ids(store, ids)
            )
        except NotReadableError:
            raise UnavailableError from None


class Loaders:
    """One set of loaders; one with a greater `number` knows nothing older."""

    def __init__(self, lookups: Lookups) -> None:
        self.number = next(_numbers)
        self._database = lookups.database
        self.organizations = SharedLoader(lookups.organizations)
        self.active_organizations = SharedLoader(lookups.active_organizations)
        self.organization_ids = SharedLoader(lookups.organization_ids)
        self.accounts = SharedLoader(lookups.accounts)
        self.sessions = SharedLoader(lookups.sessions)
        self.directory_pages = SharedLoader(lookups.directory_pages)
        self.admin_pages = SharedLoader(lookups.admin_pages)

    @cached_property
    def documents(self) -> DocumentByKeyLoader:
        """Documents by organization and id."""
        return DocumentByKeyLoader(self._database, self.organizations)

    @cached_property
    def migrations(self) -> MigrationByIdLoader:
        """Entries of the journal of moves."""
        return MigrationByIdLoader(self._database)

    @cached_property
    def invitations(self) -> InvitationByIdLoader:
        """Invitations."""
        return InvitationByIdLoader(self._database)

    @cached_property
    def latest_moves(self) -> LatestMovesByOrganizationLoader:
        """The latest moves of organizations."""
        return LatestMovesByOrganizationLoader(self._database)
