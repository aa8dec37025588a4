"""The directory: every page is one range of an index, without a sort."""

from datetime import UTC, datetime

import pytest

from storage import organizations
from storage.database import Database, Document
from storage.organizations import DirectoryPage, OrganizationFilter, OrganizationOrderField, OrganizationStatus
from storage.pages import PageRequest
from tests.storage import plans

KEYS: dict[OrganizationOrderField, str | datetime] = {
    OrganizationOrderField.NAME: "m",
    OrganizationOrderField.SLUG: "m",
    OrganizationOrderField.CREATED_AT: datetime(2026, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("order", list(OrganizationOrderField))
@pytest.mark.parametrize(
    "narrow",
    [
        OrganizationFilter(),
        OrganizationFilter(name_prefix="a"),
        OrganizationFilter(slug_prefix="a"),
        OrganizationFilter(statuses=(OrganizationStatus.SUSPENDED,)),
        OrganizationFilter(created_from=datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
async def test_pages_are_read_in_the_order_of_an_index(
    database: Database, narrow: OrganizationFilter, order: OrganizationOrderField, *, backwards: bool, descending: bool
) -> None:
    """The plan of a page behind a cursor has an index scan and no sort."""
    page = PageRequest(10, after=(KEYS[order], "0" * 24), backwards=backwards)
    pipeline = organizations.page_stages(DirectoryPage(narrow, page, order, descending))
    heeded: Document = {order: pipeline[0]["$match"][order]}
    found = await plans.stages_of_page(database, organizations.COLLECTION, pipeline, heeded=heeded)
    assert "IXSCAN" in found
    assert not plans.SORTS & set(found)


@pytest.mark.parametrize("order", list(OrganizationOrderField))
async def test_place_of_a_cursor_is_found_without_reading_all(
    database: Database, order: OrganizationOrderField
) -> None:
    """What stands in the first filter is without an `$or`, for which the embedded database would read all."""
    page = PageRequest(10, after=(KEYS[order], "0" * 24), before=(KEYS[order], "f" * 24))
    narrow = OrganizationFilter(name_prefix="a", slug_prefix="a", created_from=datetime(2025, 1, 1, tzinfo=UTC))
    pipeline = organizations.page_stages(DirectoryPage(narrow, page, order))
    first = pipeline[0]["$match"]
    assert first[order] == {"$gte": KEYS[order]}
    assert not [name for name in first if name.startswith("$")]
    found = await database[organizations.COLLECTION].aggregate(pipeline).to_list(11)
    assert found == []


@pytest.mark.parametrize(
    ("one", "other"), [("Acme", "ACME"), ("Ａｃｍｅ", "acme"), ("Straße", "STRASSE"), ("a  b", "a b"), ("é", "e\u0301")]
)
def test_names_are_searched_without_case_and_form(one: str, other: str) -> None:
    """Spellings that differ in case, width or composition are searched and ordered alike."""
    assert organizations.name_key(one) == organizations.name_key(other)
