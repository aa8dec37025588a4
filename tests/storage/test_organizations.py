"""The directory: every page is one range of an index, without a sort."""

from datetime import UTC, datetime

import pytest

from storage import organizations, pages
from storage.database import Database
from storage.organizations import OrganizationFilter, OrganizationOrderField, OrganizationStatus
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
    query, sort = organizations.page_query(narrow, page, order=order, descending=descending)
    full = await plans.stages(database, organizations.COLLECTION, query, sort)
    if not (
        await database.capabilities()
    ).drops_at_once:  # The embedded one, whose planner heeds a range that stands alone, no more.
        (bound,) = pages.bounds(order, page, descending=descending)
        alone = await plans.stages(database, organizations.COLLECTION, {order: bound[order]}, sort)
        full = [stage for stage in alone if stage != "SORT"]
    assert "IXSCAN" in full
    assert not {"SORT", "COLLSCAN"} & set(full)


@pytest.mark.parametrize(
    ("one", "other"), [("Acme", "ACME"), ("Ａｃｍｅ", "acme"), ("Straße", "STRASSE"), ("a  b", "a b"), ("é", "e\u0301")]
)
def test_names_are_searched_without_case_and_form(one: str, other: str) -> None:
    """Spellings that differ in case, width or composition are searched and ordered alike."""
    assert organizations.name_key(one) == organizations.name_key(other)
