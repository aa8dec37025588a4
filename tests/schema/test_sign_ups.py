"""Sign-up through the interface that clients see."""

import asyncio

import pytest

from server import Settings, SignUp
from storage.database import Database
from storage.placements import StoreStrategy
from tests.api import API, PASSWORD
from tests.storage import directory

SPELLINGS = ["Vic tim", "Vic_tim", "VIC-TIM", "  vic   tim ", "Víc tim", "Ｖｉｃ tim", "vic.tim", "ViC tIm!"]


async def directory_of(database: Database) -> dict[str, list[str]]:
    """Return what there is of organizations, owners, slugs and stores."""
    return {
        "organizations": [found["slug"] async for found in database["organizations"].find()],
        "owners": [found["email"] async for found in database["admins"].find()],
        "slugs": [found["_id"] async for found in database["slugs"].find()],
        "stores": [store.rpartition(".")[2] for store in await directory.stores(database)],
    }


async def test_first_session_works_at_once(api: API) -> None:
    """The tokens that a sign-up returns are those of a signed-in owner."""
    member = await api.sign_up(name="Acme Rockets", email="ada@example.com")
    data = await api.data(
        "{ viewer { admin { email role organization { name slug "
        "tenantStore { strategy collection documentCount } } } operator { id } } }",
        token=member.token,
    )
    assert data["viewer"] == {
        "admin": {
            "email": "ada@example.com",
            "role": "OWNER",
            "organization": {
                "name": "Acme Rockets",
                "slug": "acme-rockets",
                "tenantStore": {"strategy": "COLLECTION", "collection": "org_acme_rockets", "documentCount": 0},
            },
        },
        "operator": None,
    }


@pytest.mark.parametrize("changed_settings", [{"tenant_store": strategy} for strategy in StoreStrategy])
async def test_store_is_made_where_the_settings_say(api: API, settings: Settings, database: Database) -> None:
    """Each strategy has its store when the sign-up is acknowledged."""
    member = await api.sign_up(name="Acme")
    query = "query ($id: ID) { organization(id: $id) { tenantStore { strategy database collection } } }"
    data = await api.data(query, {"id": member.organization_id}, token=member.token)
    store = data["organization"]["tenantStore"]
    assert store["strategy"] == settings.tenant_store.name
    assert store["collection"] in await database.client[store["database"]].list_collection_names()


async def test_a_hundred_spellings_at_once_make_one_organization(api: API, database: Database) -> None:
    """Of 100 concurrent sign-ups under names that are one slug, one wins, and nothing of the others is left."""
    payloads = await asyncio.gather(
        *(api.create_org(name=SPELLINGS[n % len(SPELLINGS)], email=f"n{n}@example.com") for n in range(100))
    )
    winners = [payload for payload in payloads if not payload["errors"]]
    codes = [payload["errors"][0]["code"] for payload in payloads if payload["errors"]]
    assert len(winners) == 1
    assert codes == ["SLUG_TAKEN"] * 99
    assert await directory_of(database) == {
        "organizations": ["vic-tim"],
        "owners": [winners[0]["admin"]["email"]],
        "slugs": ["vic-tim"],
        "stores": ["org_vic_tim"],
    }


async def test_one_email_makes_one_account(api: API, database: Database) -> None:
    """Of 20 concurrent sign-ups with spellings of one email one wins; the others leave nothing."""
    spellings = ["me+tag@x.org", "ME+TAG@X.ORG", "Me+Tag@x.ORG", "me+TAG@X.org"]
    payloads = await asyncio.gather(
        *(api.create_org(name=f"Firm {n}", email=spellings[n % len(spellings)]) for n in range(20))
    )
    winners = [payload for payload in payloads if not payload["errors"]]
    losers = [payload["errors"] for payload in payloads if payload["errors"]]
    assert len(winners) == 1
    assert all(errors[0]["code"] == "EMAIL_TAKEN" and errors[0]["path"] == ["email"] for errors in losers)
    slug = winners[0]["organization"]["slug"]
    directory = await directory_of(database)
    assert directory["organizations"] == directory["slugs"] == [slug]
    assert directory["stores"] == [f"org_{slug.replace('-', '_')}"]


async def test_plus_addresses_are_addresses_of_their_own(api: API) -> None:
    """An address with a tag is another one than without, and logs in however it is spelled."""
    await api.sign_up(email="me@x.org")
    await api.sign_up(email="me+tag@x.org")
    payload = await api.login("ME+tag@X.org")
    assert payload["admin"]["email"] == "me+tag@x.org"


@pytest.mark.parametrize(
    "password", ["ä" * 3 + "lukewarm granite teapot " + "zinc " * 9, "q7#" + "Vw9-plum " * 13 + "tin-Lathe"]
)
async def test_long_passwords_count_to_their_last_character(api: API, password: str) -> None:
    """Passwords past bcrypt's 72 bytes, up to 128 characters, work, and a shorter one is another one."""
    assert len(password.encode()) > 72
    member = await api.sign_up(password=password[:128])
    assert (await api.login(member.email, password[:128]))["errors"] == []
    assert (await api.login(member.email, password[:128][:-1]))["errors"][0]["code"] == "BAD_CREDENTIALS"


@pytest.mark.parametrize(
    ("field", "value", "code", "path"),
    [
        ("name", "A", "INVALID", "name"),
        ("name", "A" * 10_000, "INVALID", "name"),
        ("name", "   ", "INVALID", "name"),
        ("name", "Bell\u0007", "INVALID", "name"),
        ("name", "ab\u202ecd", "INVALID", "name"),
        ("name", "🚀🚀", "INVALID", "slug"),
        ("name", "Admin", "INVALID", "name"),
        ("slug", "a", "INVALID", "slug"),
        ("slug", "Not A Slug", "INVALID", "slug"),
        ("slug", "double--hyphen", "INVALID", "slug"),
        ("slug", "x" * 41, "INVALID", "slug"),
        ("slug", "graphql", "INVALID", "slug"),
        ("adminName", "A", "INVALID", "adminName"),
        ("description", "d" * 2001, "INVALID", "description"),
        ("email", "nobody", "INVALID", "email"),
        ("email", "a@b@example.com", "INVALID", "email"),
        ("email", "x" * 300 + "@example.com", "INVALID", "email"),
        ("password", "short", "WEAK_PASSWORD", "password"),
        ("password", "p" * 129, "WEAK_PASSWORD", "password"),
        ("password", "password1234", "WEAK_PASSWORD", "password"),
    ],
)
async def test_bad_input_is_told_with_its_path(
    api: API, database: Database, field: str, value: str, code: str, path: str
) -> None:
    """Each unacceptable value is one error at its place, and nothing is created."""
    payload = await api.create_org(**{field: value})
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, [path])]
    assert payload["organization"] is payload["admin"] is payload["session"] is None
    assert await directory_of(database) == {"organizations": [], "owners": [], "slugs": [], "stores": []}


async def test_all_that_is_wrong_is_told_at_once(api: API) -> None:
    """A form can show every error after one attempt."""
    payload = await api.create_org(name="A", email="nobody", password="short")
    assert [error["path"] for error in payload["errors"]] == [["name"], ["email"], ["password"]]


async def test_emoji_name_with_a_slug_is_welcome(api: API) -> None:
    """A name without letters is fine once it comes with a slug."""
    payload = await api.create_org(name="🚀🚀", slug="rockets")
    assert payload["organization"]["name"] == "🚀🚀"
    assert payload["organization"]["slug"] == "rockets"


async def test_password_like_the_names_in_the_form_is_weak(api: API) -> None:
    """What stands in the same form is what an attacker tries first."""
    payload = await api.create_org(name="Zanzibar Rockets", password="zanzibarrockets")
    assert payload["errors"][0]["code"] == "WEAK_PASSWORD"


async def test_collection_of_somebody_else_is_left_alone(api: API, database: Database) -> None:
    """A collection that has the store's name and holds documents is never adopted; nothing of the sign-up stays."""
    foreign = database.client[f"{database.name}_tenants"]["org_acme"]
    await foreign.insert_one({"_id": 1, "precious": True})
    payload = await api.create_org(name="Acme", email="ada@example.com")
    assert payload["errors"][0]["code"] == "SLUG_TAKEN"
    assert await foreign.find().to_list(None) == [{"_id": 1, "precious": True}]
    assert await directory_of(database) == {"organizations": [], "owners": [], "slugs": [], "stores": ["org_acme"]}
    assert (await api.create_org(name="Other", email="ada@example.com"))["errors"] == []


async def test_empty_stray_of_a_crash_is_taken_over(api: API, database: Database) -> None:
    """An empty collection of the store's name does not block the name."""
    await database.client[f"{database.name}_tenants"].command("create", "org_acme")
    assert (await api.create_org(name="Acme"))["errors"] == []


async def test_sign_up_ignores_the_authorization_header(api: API) -> None:
    """Somebody with a stale token can sign up."""
    query = "mutation ($input: CreateOrgInput!) { createOrg(input: $input) { organization { slug } errors { code } } }"
    variables = {"input": {"name": "Acme", "email": "ada@example.com", "password": PASSWORD}}
    data = await api.data(query, variables, token="stale")
    assert data["createOrg"] == {"organization": {"slug": "acme"}, "errors": []}


closed = pytest.mark.parametrize("changed_settings", [{"signup": SignUp.OPERATOR}])


@closed
async def test_closed_sign_up_refuses_strangers(api: API, database: Database) -> None:
    """With `TENANTRY_SIGNUP=operator` a stranger cannot sign up, and nothing is created."""
    query = "mutation ($input: CreateOrgInput!) { createOrg(input: $input) { errors { code } } }"
    variables = {"input": {"name": "Acme", "email": "ada@example.com", "password": PASSWORD}}
    assert await api.error_code(query, variables) == "UNAUTHENTICATED"
    assert (await directory_of(database))["organizations"] == []


@closed
async def test_operator_signs_up_for_others(api: API, operator_token: str) -> None:
    """An operator gets no session of the new owner, who logs in as usual."""
    query = "mutation ($input: CreateOrgInput!) { createOrg(input: $input) { session { tokenType } errors { code } } }"
    variables = {"input": {"name": "Acme", "email": "ada@example.com", "password": PASSWORD}}
    data = await api.data(query, variables, token=operator_token)
    assert data["createOrg"] == {"session": None, "errors": []}
    assert (await api.login("ada@example.com"))["errors"] == []
