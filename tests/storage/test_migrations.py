"""The journal of moves: a page of an organization's history is a range of an index."""

from datetime import UTC, datetime

import pytest

from auth.identifiers import OrganizationId
from storage import migrations
from storage.database import Database
from storage.pages import PageRequest
from tests.storage import plans

CURSOR = datetime(2026, 1, 1, tzinfo=UTC), "0" * 24


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("after", [None, CURSOR])
async def test_pages_are_read_in_the_order_of_an_index(
    database: Database, after: tuple[datetime, str] | None, *, backwards: bool
) -> None:
    """The plan of a page has an index scan and no sort."""
    page = PageRequest(10, after=after, backwards=backwards)
    pipeline = migrations.page_stages(OrganizationId("a" * 24), page)
    heeded = {"organization_id": "a" * 24}
    found = await plans.stages_of_page(database, migrations.COLLECTION, pipeline, heeded=heeded)
    assert "IXSCAN" in found
    assert not plans.SORTS & set(found)
