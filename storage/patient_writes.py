"""Writes to an organization's documents that wait for the end of a move's fence, for ten seconds at most."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from auth.identifiers import OrganizationId
from storage import organizations, tenant_access
from storage.database import Database
from storage.organizations import OrganizationStatus
from storage.tenant_access import NotWritableError, TenantTransaction

_FENCE_SECONDS, _PAUSE_SECONDS = 10.0, 0.1
_T = TypeVar("_T")


async def write(
    database: Database, organization_id: OrganizationId, work: Callable[[TenantTransaction], Coroutine[Any, Any, _T]]
) -> _T:
    """Run `work` as `tenant_access.write` does, again while the store is fenced. Raises `NotWritableError`."""
    deadline = time.monotonic() + _FENCE_SECONDS
    while True:
        try:
            return await tenant_access.write(database, organization_id, work)
        except NotWritableError:
            if time.monotonic() > deadline or not await _is_active(database, organization_id):
                raise
            await asyncio.sleep(_PAUSE_SECONDS)


async def _is_active(database: Database, organization_id: OrganizationId) -> bool:
    found = (await organizations.find_by_ids(database, [organization_id])).get(organization_id)
    return found is not None and found.status is OrganizationStatus.ACTIVE
