"""Organizations, found and listed and described, through the interface that clients see."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

import server
from resolvers import mail_sender
from server import Settings
from storage import checkpoints, recovery
from storage.database import Database, new_id
from storage.organizations import name_key
from tests.api import API, Member, started
from tests.commands import Commands, watched

PUBLIC = "id name slug description status createdAt"
BY_SLUG = f"query ($slug: String) {{ organization(slug: $slug) {{ {PUBLIC} }} }}"
BY_ID = f"query ($id: ID) {{ organization(id: $id) {{ {PUBLIC} }} }}"
GUARDED = {
    "deletedAt": "deletedAt",
    "deletedBy": "deletedBy { id }",
    "purgeAt": "purgeAt",
    "tenantStore": "tenantStore { database }",
    "migration": "migration { id }",
    "migrations": "migrations { edges { node { id } } }",
    "admins": "admins { edges { node { email } } }",
}
PAGE = """
query (
  $first: Int, $after: String, $last: Int, $before: String, $filter: OrganizationFilter, $orderBy: OrganizationOrder
) {
  organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { name slug } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.fixture
async def member(api: API) -> Member:
    """An owner, signed in."""
    return await api.sign_up(name="Acme Rockets")


async def test_everyone_sees_the_public_face(api: API, member: Member) -> None:
    """An anonymous caller finds an organization by id and by slug."""
    by_slug = await api.data(BY_SLUG, {"slug": "acme-rockets"})
    by_id = await api.data(BY_ID, {"id": member.organization_id})
    assert by_slug == by_id
    assert by_slug["organization"]["name"] == "Acme Rockets"
    assert by_slug["organization"]["status"] == "ACTIVE"


@pytest.mark.parametrize("field", list(GUARDED))
async def test_guarded_fields_are_for_members(api: API, member: Member, field: str) -> None:
    """Each guarded field is refused to others, and the public fields beside it stay."""
    query = f"query ($id: ID) {{ organization(id: $id) {{ name {GUARDED[field]} }} }}"
    other = await api.sign_up()
    for token, code in ((None, "UNAUTHENTICATED"), (other.token, "FORBIDDEN")):
        body = await api.execute(query, {"id": member.organization_id}, token=token)
        assert body["data"]["organization"] == {"name": "Acme Rockets", field: None}
        assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [
            (["organization", field], code)
        ]
    assert (await api.data(query, {"id": member.organization_id}, token=member.token))["organization"]["name"]


@pytest.mark.parametrize("arguments", ["", '(id: "x", slug: "y")', "(id: null, slug: null)"])
async def test_organization_wants_exactly_one_argument(api: API, arguments: str) -> None:
    """With both or neither of id and slug the request makes no sense."""
    assert await api.error_code(f"{{ organization{arguments} {{ id }} }}") == "BAD_REQUEST"


async def test_absent_organization_is_null(api: API) -> None:
    """An id or slug that leads nowhere is no error."""
    assert await api.data(BY_SLUG, {"slug": "nowhere"}) == {"organization": None}
    absent = base64.b64encode(b"Organization:" + b"0" * 24).decode()
    assert await api.data(BY_ID, {"id": absent}) == {"organization": None}


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "x",
        "ö",
        "=" * 10,
        "QWRtaW46",
        base64.b64encode(b"Organization:xyz").decode(),
        base64.b64encode(b"Cat:" + b"0" * 24).decode(),
    ],
)
async def test_malformed_id_is_the_clients_error(api: API, malformed: str) -> None:
    """What is no id of ours is `BAD_REQUEST` wherever an id is taken."""
    assert await api.error_code("query ($id: ID!) { node(id: $id) { id } }", {"id": malformed}) == "BAD_REQUEST"
    assert await api.error_code(BY_ID, {"id": malformed}) == "BAD_REQUEST"


async def test_node_finds_what_the_caller_may_see(api: API, member: Member) -> None:
    """Organizations are found by all, admins by their own organization only."""
    query = "query ($id: ID!) { node(id: $id) { id __typename } }"
    assert (await api.data(query, {"id": member.organization_id}))["node"]["__typename"] == "Organization"
    assert (await api.data(query, {"id": member.admin_id}, token=member.token))["node"]["__typename"] == "Admin"
    other = await api.sign_up()
    assert await api.data(query, {"id": member.admin_id}, token=other.token) == {"node": None}
    assert await api.data(query, {"id": member.admin_id}) == {"node": None}


UPDATE = """
mutation ($input: UpdateOrgInput!) {
  updateOrg(input: $input) { organization { description updatedAt } errors { code path } }
}
"""


async def test_description_is_changed_and_removed(api: API, member: Member) -> None:
    """A description is set, left alone when it is not mentioned, and removed by null."""
    own = {"organizationId": member.organization_id}
    for given, expected in (
        ({"description": " We build. "}, "We build."),
        ({}, "We build."),
        ({"description": None}, None),
    ):
        data = await api.data(UPDATE, {"input": own | given}, token=member.token)
        assert data["updateOrg"]["errors"] == []
        assert data["updateOrg"]["organization"]["description"] == expected


async def test_description_of_others_is_out_of_reach(api: API, member: Member) -> None:
    """Another organization and one that does not exist are refused alike, and nothing changes."""
    other = await api.sign_up()
    absent = base64.b64encode(b"Organization:" + b"0" * 24).decode()
    for organization_id in (member.organization_id, absent):
        variables = {"input": {"organizationId": organization_id, "description": "Mine now."}}
        assert await api.error_code(UPDATE, variables, token=other.token) == "FORBIDDEN"
        assert await api.error_code(UPDATE, variables) == "UNAUTHENTICATED"
    assert (await api.data(BY_ID, {"id": member.organization_id}))["organization"]["description"] is None


async def test_suspended_organization_is_read_only(api: API, database: Database, member: Member) -> None:
    """Login and reads work, changes answer `ORG_SUSPENDED`."""
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"status": "SUSPENDED"}})
    assert (await api.login(member.email))["errors"] == []
    variables = {"input": {"organizationId": member.organization_id, "description": "Still here."}}
    data = await api.data(UPDATE, variables, token=member.token)
    assert data["updateOrg"]["errors"] == [{"code": "ORG_SUSPENDED", "path": None}]


# The directory.


async def populate(database: Database, names: list[str]) -> None:
    """Put organizations into the directory, a day apart, each with three admins."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day, name in enumerate(names):
        at, organization_id = start + timedelta(days=day), new_id()
        slug = f"slug-{day}"
        document = {"_id": organization_id, "name": name, "name_key": name_key(name), "slug": slug, "status": "ACTIVE"}
        placement = {"strategy": "collection", "database": "none", "collection": "none", "epoch": 1}
        await database["organizations"].insert_one(
            document | {"created_at": at, "updated_at": at, "placement": placement, "description": None}
        )
        admins = [
            {
                "_id": new_id(),
                "organization_id": organization_id,
                "email": f"a{number}@{slug}.example.com",
                "email_key": f"a{number}@{slug}.example.com",
                "name": None,
                "role": "OWNER",
                "status": "ACTIVE",
                "email_verified": False,
                "password_hash": "none",
                "created_at": at + timedelta(seconds=number),
                "last_login_at": None,
            }
            for number in range(3)
        ]
        await database["admins"].insert_many(admins)


async def page(api: API, token: str, **variables: Any) -> tuple[list[str], dict[str, Any]]:  # noqa: ANN401 - as the query takes them
    """Return the names on a page and its `pageInfo`."""
    connection = (await api.data(PAGE, variables, token=token))["organizations"]
    return [edge["node"]["name"] for edge in connection["edges"]], connection["pageInfo"]


async def test_directory_is_for_operators(api: API, member: Member) -> None:
    """Members and strangers cannot list organizations."""
    assert await api.error_code(PAGE, {}) == "UNAUTHENTICATED"
    assert await api.error_code(PAGE, {}, token=member.token) == "FORBIDDEN"


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["NAME", "SLUG", "CREATED_AT"])
async def test_pages_forwards_and_backwards_are_the_whole(
    api: API, database: Database, operator_token: str, field: str, direction: str
) -> None:
    """Walking the pages either way gives every organization once, in order, equal names included."""
    names = ["delta", "Alpha", "charlie", "alpha", "Bravo", "ALPHA", "echo"]
    await populate(database, names)
    order = {"orderBy": {"field": field, "direction": direction}}
    expected = names if field != "NAME" else ["Alpha", "alpha", "ALPHA", "Bravo", "charlie", "delta", "echo"]
    expected = expected[::-1] if direction == "DESC" else expected
    forwards: list[str] = []
    info: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while info["hasNextPage"]:
        found, info = await page(api, operator_token, first=3, after=info["endCursor"], **order)
        forwards += found
    backwards: list[str] = []
    info = {"startCursor": None, "hasPreviousPage": True}
    while info["hasPreviousPage"]:
        found, info = await page(api, operator_token, last=2, before=info["startCursor"], **order)
        backwards = found + backwards
    assert forwards == backwards == expected


async def test_pages_are_stable_under_inserts(api: API, database: Database, operator_token: str) -> None:
    """What is added before the cursor moves nothing; what is added behind it appears."""
    await populate(database, ["bravo", "delta", "foxtrot"])
    first, info = await page(api, operator_token, first=2)
    await populate(database, [])
    await api.sign_up(name="alpha")
    await api.sign_up(name="echo")
    second, _ = await page(api, operator_token, first=10, after=info["endCursor"])
    assert (first, second) == (["bravo", "delta"], ["echo", "foxtrot"])


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({"namePrefix": "AL"}, ["Alpha", "alps"]),
        ({"namePrefix": "al"}, ["Alpha", "alps"]),
        ({"namePrefix": "zulu"}, []),
        ({"namePrefix": ".*"}, []),
        ({"slugPrefix": "SLUG-2"}, ["alps"]),
        ({"slugPrefix": "slug", "namePrefix": "b"}, ["Bravo"]),
        ({"slugPrefix": "lug"}, []),
        ({"status": ["SUSPENDED"]}, []),
        ({"status": ["ACTIVE", "DELETED"]}, ["Alpha", "alps", "Bravo", "charlie"]),
        ({"createdFrom": "2026-01-03T00:00:00Z"}, ["alps", "charlie"]),
        ({"createdFrom": "2026-01-02T00:00:00+00:00", "createdBefore": "2026-01-03T00:00:00Z"}, ["Bravo"]),
        ({"namePrefix": "a", "createdBefore": "2026-01-02T00:00:00"}, ["Alpha"]),
    ],
)
async def test_directory_is_narrowed(
    api: API, database: Database, operator_token: str, narrow: dict[str, Any], expected: list[str]
) -> None:
    """Conditions on name, slug, state and time of sign-up narrow the directory, together if several are given."""
    await populate(database, ["Alpha", "Bravo", "alps", "charlie"])
    found, _ = await page(api, operator_token, filter=narrow)
    assert found == expected


@pytest.mark.parametrize(
    "variables",
    [
        {"first": 0},
        {"first": 101},
        {"last": -1},
        {"first": 1, "last": 1},
        {"after": "x"},
        {"before": "bm90IGEgY3Vyc29y"},
        {"after": base64.urlsafe_b64encode(b'["organizations:NAME:DESC","s","a","' + b"0" * 24 + b'"]').decode()},
        {"after": base64.urlsafe_b64encode(b'["organizations:NAME:ASC","t","never","' + b"0" * 24 + b'"]').decode()},
        {"after": "x" * 5000},
    ],
)
async def test_bad_paging_is_the_clients_error(api: API, operator_token: str, variables: dict[str, Any]) -> None:
    """Page sizes out of bounds and cursors of another order or of nobody are `BAD_REQUEST`."""
    assert await api.error_code(PAGE, variables, token=operator_token) == "BAD_REQUEST"


@pytest.mark.parametrize("field", ["namePrefix", "slugPrefix"])
async def test_prefix_has_a_bound(api: API, operator_token: str, field: str) -> None:
    """A hundred characters are taken, and no more."""
    assert await page(api, operator_token, filter={field: "x" * 100})
    assert await api.error_code(PAGE, {"filter": {field: "x" * 101}}, token=operator_token) == "BAD_REQUEST"


async def test_organization_is_found_by_the_address_of_an_admin(api: API, member: Member, operator_token: str) -> None:
    """However it is spelled; an address that nobody has finds nothing, and neither does an operator's."""
    await api.sign_up(name="Another")
    for address, expected in (
        (member.email, ["Acme Rockets"]),
        (f" {member.email.upper()} ", ["Acme Rockets"]),
        ("nobody@example.com", []),
        ("operator@example.com", []),
        ("no address", []),
    ):
        names, _ = await page(api, operator_token, filter={"adminEmail": address})
        assert names == expected
    names, _ = await page(api, operator_token, filter={"adminEmail": member.email, "status": ["SUSPENDED"]})
    assert names == []


async def test_tombstones_are_listed(api: API, member: Member, operator_token: str) -> None:
    """Of a deleted organization there is who deleted it and when, and the proof that its data is gone."""
    delete = "mutation ($i: DeleteOrgInput!) { deleteOrg(input: $i) { errors { code } } }"
    given = {"organizationId": member.organization_id, "confirmSlug": member.slug}
    await api.data(delete, {"i": given}, token=member.token)
    query = """
    { organizations(filter: {status: [DELETED]}) { edges { node {
      name deletedAt deletedBy { id } erasureCertificate { jws } tenantStore { collection }
    } } } }
    """
    (edge,) = (await api.data(query, token=operator_token))["organizations"]["edges"]
    assert (edge["node"]["name"], edge["node"]["deletedBy"]) == ("Acme Rockets", {"id": member.admin_id})
    assert edge["node"]["deletedAt"]
    assert edge["node"]["erasureCertificate"]["jws"]
    assert edge["node"]["tenantStore"] is None


async def test_admins_are_paged_within_each_organization(api: API, database: Database, operator_token: str) -> None:
    """A nested page has its own cursors, which lead on."""
    await populate(database, ["alpha", "bravo"])
    query = """
    query ($after: String) {
      organizations { edges { node { slug admins(first: 2, after: $after) {
        edges { node { email } } pageInfo { hasNextPage endCursor } } } } }
    }
    """
    first = (await api.data(query, {}, token=operator_token))["organizations"]["edges"]
    assert [len(edge["node"]["admins"]["edges"]) for edge in first] == [2, 2]
    cursor = first[0]["node"]["admins"]["pageInfo"]["endCursor"]
    second = (await api.data(query, {"after": cursor}, token=operator_token))["organizations"]["edges"]
    assert [edge["node"]["email"] for edge in second[0]["node"]["admins"]["edges"]] == ["a2@slug-0.example.com"]
    assert second[0]["node"]["admins"]["pageInfo"]["hasNextPage"] is False


FIFTY_WITH_ADMINS = """
{
  organizations(first: 50) {
    edges { node { name admins { edges { node { email organization { slug } } } } } }
  }
}
"""


@pytest.fixture
async def counted(
    settings: Settings, database: Database, operator_token: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[API, Commands]]:
    """A client of an application on 55 organizations, and the commands that it sends for its requests alone."""
    await populate(database, [f"org {number:02}" for number in range(55)])
    commands = Commands()
    client = watched(settings, commands)
    monkeypatch.setattr(server, "connect", lambda _: client)
    loops = ((recovery, "keep_recovering"), (checkpoints, "keep_signing"), (mail_sender, "keep_sending"))
    for module, loop in loops:
        monkeypatch.setattr(module, loop, lambda *_: asyncio.sleep(60))  # It is not the page that asks then.
    async with (
        started(server.create_app(settings)) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenantry.test") as http,
    ):
        await API(http).data("{ viewer { permissions } }", token=operator_token)  # It takes a part of the budget.
        commands.seen.clear()
        yield API(http), commands


async def test_fifty_organizations_with_admins_cost_four_commands(
    counted: tuple[API, Commands], operator_token: str
) -> None:
    """A page of 50 with their admins and back is: session, operator, organizations, admins."""
    api, commands = counted
    data = await api.data(FIFTY_WITH_ADMINS, token=operator_token)
    assert sum(len(edge["node"]["admins"]["edges"]) for edge in data["organizations"]["edges"]) == 150
    assert sorted(commands.names) == ["aggregate", "find", "find", "find"]


async def test_page_that_many_ask_for_at_once_is_fetched_once(
    counted: tuple[API, Commands], operator_token: str
) -> None:
    """What is asked for while a page is fetched is fetched together, other pages beside it, and all see the same."""
    api, commands = counted
    other = FIFTY_WITH_ADMINS.replace("first: 50", "last: 2")
    asked = [api.data(query, token=operator_token) for query in [FIFTY_WITH_ADMINS, other] * 8]
    answers = await asyncio.gather(*asked)
    pages = [[edge["node"]["name"] for edge in answer["organizations"]["edges"]] for answer in answers]
    assert pages == [[f"org {number:02}" for number in range(50)], ["org 53", "org 54"]] * 8
    assert 2 <= len([one for one in commands.seen if one.target == "organizations"]) < len(asked)
