"""The history of an organization's moves, through the interface that clients see."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schema import ids
from storage import migrations
from storage.database import Database, now
from storage.migrations import MigrationState
from tests.api import API, Member
from tests.storage import directory

PAGE = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  organization(id: $id) {
    name
    migrations(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id state to { slug } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""


async def fill(database: Database, member: Member, count: int) -> list[str]:
    """Note moves in the journal, every two of them begun at the same instant; return the slugs, newest first."""
    organization = await directory.read(database, ids.decode_organization(member.organization_id))
    assert organization is not None
    begun = now() - timedelta(days=count)
    for number in range(count):
        move = directory.rename_of(database, organization, f"name-{number}")
        move = replace(move, started_at=begun + timedelta(days=number // 2), state=MigrationState.CLEANED)
        await database[migrations.COLLECTION].insert_one(migrations.to_document(move))
    return [f"name-{number}" for number in reversed(range(count))]


async def page(api: API, member: Member, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the test gives
    """Return a page of the member's moves."""
    data = await api.data(PAGE, {"id": member.organization_id, **arguments}, token=member.token)
    found: dict[str, Any] = data["organization"]["migrations"]
    return found


def slugs(found: dict[str, Any]) -> list[str]:
    """Return what the moves of a page lead to."""
    return [edge["node"]["to"]["slug"] for edge in found["edges"]]


async def test_history_can_be_walked_both_ways(api: API, database: Database, member: Member) -> None:
    """Forwards and backwards, each move comes once, newest first, whatever has begun at the same instant."""
    expected = await fill(database, member, 7)
    await fill(database, await api.sign_up(), 2)
    forwards, cursor = [], None
    for more in (True, True, False):
        found = await page(api, member, first=3, after=cursor)
        forwards += slugs(found)
        assert found["pageInfo"]["hasNextPage"] is more
        cursor = found["pageInfo"]["endCursor"]
    assert forwards == expected
    backwards: list[str] = []
    cursor = None
    for more in (True, True, False):
        found = await page(api, member, last=3, before=cursor)
        backwards = slugs(found) + backwards
        assert found["pageInfo"]["hasPreviousPage"] is more
        cursor = found["pageInfo"]["startCursor"]
    assert backwards == expected


async def test_history_stands_still_while_it_is_read(api: API, database: Database, member: Member) -> None:
    """A move that begins meanwhile is no reason to show one twice; each is found again by its id."""
    expected = await fill(database, member, 4)
    first = await page(api, member, first=2)
    organization = await directory.read(database, ids.decode_organization(member.organization_id))
    assert organization is not None
    newest = directory.rename_of(database, organization, "newest")
    await database[migrations.COLLECTION].insert_one(migrations.to_document(newest))
    second = await page(api, member, first=2, after=first["pageInfo"]["endCursor"])
    assert slugs(first) + slugs(second) == expected
    assert slugs(await page(api, member, first=1)) == ["newest"]
    query = "query ($id: ID!) { node(id: $id) { id ... on Migration { state } } }"
    node = first["edges"][0]["node"]
    found = await api.data(query, {"id": node["id"]}, token=member.token)
    assert found["node"] == {"id": node["id"], "state": "CLEANED"}


async def test_history_is_empty_at_first(api: API, member: Member) -> None:
    """An organization that was never moved has a page without edges."""
    nothing = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert await page(api, member) == {"edges": [], "pageInfo": nothing}


@pytest.mark.parametrize("arguments", [{"first": 0}, {"first": 101}, {"first": 1, "last": 1}, {"after": "nonsense"}])
async def test_wrong_arguments_are_refused(api: API, member: Member, arguments: dict[str, Any]) -> None:
    """Pages have bounds, and cursors are ours."""
    variables = {"id": member.organization_id, **arguments}
    assert await api.error_code(PAGE, variables, token=member.token) == "BAD_REQUEST"


async def test_history_is_for_members_and_operators(
    api: API, database: Database, member: Member, operator_token: str
) -> None:
    """Others are refused the field, and see the public face beside it."""
    expected = await fill(database, member, 2)
    other = await api.sign_up()
    for token, code in ((None, "UNAUTHENTICATED"), (other.token, "FORBIDDEN")):
        body = await api.execute(PAGE, {"id": member.organization_id}, token=token)
        assert [error["extensions"]["code"] for error in body["errors"]] == [code]
        assert body["data"]["organization"] == {"name": "Acme", "migrations": None}
    data = await api.data(PAGE, {"id": member.organization_id}, token=operator_token)
    assert slugs(data["organization"]["migrations"]) == expected
