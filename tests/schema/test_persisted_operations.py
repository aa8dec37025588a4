"""Documents that are named instead of sent: found, remembered, registered, reported, enforced, and kept by caches."""

import hashlib
import json
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import ASGIApp

from resolvers import operators
from resolvers.services import Services
from storage import persisted_operations
from storage.database import Database
from storage.persisted_operations import COLLECTION, Manifest
from tests.api import API, PASSWORD, Member
from tests.event_stream import streaming
from tests.websocket import connected

VIEWER = "query Viewer { viewer { admin { email } } }"
FACE = "query Face($slug: String!) { organization(slug: $slug) { name } }"
UPDATE = "mutation Update($i: UpdateOrgInput!) { updateOrg(input: $i) { organization { description } } }"
TYPENAME = "query Plain { __typename }"
REGISTERED = {"Viewer": VIEWER, "Face": FACE, "Update": UPDATE}
NOT_FOUND = "PERSISTED_OPERATION_NOT_FOUND"
PREFLIGHT = {"graphql-preflight": "1"}
ENFORCED, REPORTED = {"trusted_documents": "enforce"}, {"trusted_documents": "report"}


def sha256(text: str) -> str:
    """Return the hash of a document."""
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(text: str, **rest: object) -> dict[str, Any]:
    """Return a request in Apollo's protocol that does not have the document."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}, **rest}


async def post(api: API, body: dict[str, Any], token: str | None = None, **headers: str) -> httpx.Response:
    """Send a request as it is."""
    headers |= {} if token is None else {"authorization": f"Bearer {token}"}
    return await api.http.post("/graphql", json=body, headers=headers)


async def get(api: API, parameters: dict[str, Any], token: str | None = None, **headers: str) -> httpx.Response:
    """Send a request in a query string."""
    headers |= PREFLIGHT if token is None else {"authorization": f"Bearer {token}"}
    encoded = {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}
    return await api.http.get("/graphql", params=encoded, headers=headers)


def code(response: httpx.Response) -> str:
    """Return the code of the only error."""
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


async def register(services: Services, documents: dict[str, str], name: str = "client.json") -> str:
    """Register documents, and have the application follow at once."""
    manifest = Manifest(name, documents)
    assert await persisted_operations.register(services.database, manifest)
    await services.registered_operations.follow()
    return manifest.id


async def test_clients_send_a_document_once(api: API, member: Member) -> None:
    """An unknown hash is answered in the words that Apollo Client and urql look for; then the hash is enough."""
    unknown = await post(api, by_hash(VIEWER), member.token)
    assert (unknown.status_code, code(unknown)) == (200, NOT_FOUND)
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert "data" not in unknown.json()
    expected = {"viewer": {"admin": {"email": member.email}}}
    for body in (by_hash(VIEWER, query=VIEWER), by_hash(VIEWER), {"documentId": f"sha256:{sha256(VIEWER)}"}):
        assert (await post(api, body, member.token)).json()["data"] == expected
    assert (await get(api, {"query": "", **by_hash(VIEWER)}, member.token)).json()["data"] == expected
    assert (await post(api, by_hash(VIEWER))).json()["data"] == {"viewer": None}


async def test_unknown_document_is_told_with_400_where_that_is_right(api: API) -> None:
    """A GraphQL response without data has that status; plain JSON has 200, with which old clients go on."""
    response = await post(api, by_hash(VIEWER), accept="application/graphql-response+json")
    assert (response.status_code, code(response)) == (400, NOT_FOUND)


MALFORMED: dict[str, dict[str, Any]] = {
    "version": {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": sha256(VIEWER)}}},
    "no hash": {"extensions": {"persistedQuery": {"version": 1}}},
    "hash is a number": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}},
    "no object": {"extensions": {"persistedQuery": sha256(VIEWER)}},
    "id is a list": {"documentId": []},
    "empty id": {"documentId": ""},
    "long id": {"documentId": "i" * 129},
    "spaces": {"documentId": "two words"},
    "both": {"documentId": sha256(VIEWER), **by_hash(VIEWER)},
    "query is a list": {"documentId": sha256(VIEWER), "query": []},
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_ids_are_refused(unchanged_api: API, body: dict[str, Any]) -> None:
    """Before anything is looked up."""
    response = await post(unchanged_api, body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_document_has_to_be_the_one_of_its_hash(api: API, services: Services) -> None:
    """Another one is neither executed nor remembered."""
    for other in (UPDATE, f"{TYPENAME} ", "{"):
        assert code(await post(api, by_hash(TYPENAME, query=other))) == "BAD_REQUEST"
        for text in (TYPENAME, other):
            assert code(await post(api, by_hash(text))) == NOT_FOUND
    assert services.remembered_operations.held(sha256(TYPENAME)) is None


REFUSED = [
    "query {",
    "{ nothing }",
    "{ " + " ".join(f"a{n}: __typename" for n in range(50)) + " }",
    FACE,
    f"{TYPENAME} # {'x' * 30_000}",
]


async def test_what_is_refused_is_not_remembered(api: API, database: Database, member: Member) -> None:
    """Only what was executed is, in the process and in the database."""
    for text in REFUSED:
        assert "errors" in (await post(api, by_hash(text, query=text), member.token)).json()
        assert code(await post(api, by_hash(text), member.token)) == NOT_FOUND
    assert await database[COLLECTION].count_documents({}) == 0


async def test_what_members_send_is_shared(api: API, services: Services, database: Database, member: Member) -> None:
    """With all processes, through the database; what strangers send stays in the process."""
    await post(api, by_hash(VIEWER, query=VIEWER), member.token)
    await post(api, by_hash(TYPENAME, query=TYPENAME))
    await services.background.close()
    assert await persisted_operations.find(database, sha256(VIEWER)) == VIEWER
    assert await database[COLLECTION].count_documents({}) == 1
    assert (await post(api, by_hash(TYPENAME))).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("changed_settings", [{"anonymous_rate_limit": 200}])
async def test_guessing_is_paid_for(api: API) -> None:
    """Whoever asks for one unknown document after another has to stop at some time."""
    for number in range(20):
        response = await post(api, by_hash(f"query Guess{number} {{ __typename }}"))
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            assert code(response) == "RATE_LIMITED"
            return
    raise AssertionError("Guessing is free.")


@pytest.mark.parametrize("changed_settings", [{"max_document_cost": 60}])
async def test_limits_count_for_named_documents(api: API, services: Services, member: Member) -> None:
    """A page that costs too much is refused by its hash as well."""
    page = "query P($n: Int) { viewer { admin { organization { admins(first: $n) { edges { node { id } } } } } } }"
    await register(services, {"P": page})
    small, large = ({"documentId": "P", "variables": {"n": size}} for size in (1, 100))
    assert "errors" not in (await post(api, small, member.token)).json()
    assert code(await post(api, large, member.token)) == "QUERY_TOO_COMPLEX"


async def test_mutations_by_hash_are_sent_by_post(api: API, services: Services, member: Member) -> None:
    """By GET nothing changes, whatever the id stands for; and nothing comes from a page of another site."""
    await register(services, REGISTERED)
    variables = {"i": {"organizationId": member.organization_id, "description": "changed"}}
    request = {"documentId": "Update", "variables": variables}
    assert (await get(api, request, member.token)).status_code == 405
    assert (await api.http.get("/graphql", params={"documentId": "Viewer"})).status_code == 403
    found = await api.data("query ($s: String) { organization(slug: $s) { description } }", {"s": member.slug})
    assert found["organization"] == {"description": None}
    changed = (await post(api, request, member.token)).json()["data"]["updateOrg"]
    assert changed == {"organization": {"description": "changed"}}


async def test_transports_of_many_results(app: ASGIApp, services: Services, member: Member) -> None:
    """Over a WebSocket and as events documents are found, remembered and not found as anywhere."""
    await register(services, REGISTERED)
    expected = {"data": {"viewer": {"admin": {"email": member.email}}}}
    async with connected(app, member.token) as socket:
        socket.send("subscribe", id="1", payload={"documentId": "Viewer"})
        assert await socket.all("1") == [expected]
        socket.send("subscribe", id="2", payload=by_hash(TYPENAME))
        assert await socket.error_code("2") == NOT_FOUND
        for name, payload in (("3", by_hash(TYPENAME, query=TYPENAME)), ("4", by_hash(TYPENAME))):
            socket.send("subscribe", id=name, payload=payload)
            assert await socket.all(name) == [{"data": {"__typename": "Query"}}]
    async with streaming(app, "", token=member.token, more={"documentId": "Viewer"}) as stream:
        assert await stream.rest() == [expected]
    async with streaming(app, "", token=member.token, more={"documentId": "Nothing"}) as stream:
        (result,) = await stream.rest()
        assert result["errors"][0]["extensions"]["code"] == NOT_FOUND


@pytest.mark.parametrize("changed_settings", [ENFORCED])
async def test_only_registered_documents_are_executed(api: API, services: Services, database: Database) -> None:
    """By id, by hash, or whole; of any other none runs, none is remembered, and what was remembered is not found."""
    await register(services, REGISTERED)
    await persisted_operations.remember(database, sha256(FACE + " "), FACE + " ")
    earlier = await post(api, by_hash(FACE + " ", variables={"slug": "acme"}))
    assert (code(earlier), earlier.json()["errors"][0]["message"]) == (NOT_FOUND, "PersistedQueryNotFound")
    for body in ({"documentId": "Viewer"}, by_hash(VIEWER), by_hash(VIEWER, query=VIEWER), {"query": VIEWER}):
        assert (await post(api, body)).json()["data"] == {"viewer": None}
    for body in ({"query": TYPENAME}, by_hash(TYPENAME, query=TYPENAME), {"query": "{"}):
        response = await post(api, body)
        assert code(response) == NOT_FOUND
        assert response.json()["errors"][0]["message"] == "Only registered documents are executed here."
    assert code(await post(api, by_hash(TYPENAME))) == NOT_FOUND
    assert await persisted_operations.find(database, sha256(TYPENAME)) is None


@pytest.mark.parametrize("changed_settings", [ENFORCED])
async def test_enforced_on_every_transport(app: ASGIApp, services: Services) -> None:
    """Over a WebSocket and as events, too."""
    await register(services, REGISTERED)
    async with connected(app) as socket:
        socket.subscribe("1", TYPENAME)
        assert await socket.error_code("1") == NOT_FOUND
        socket.subscribe("2", VIEWER)
        assert await socket.all("2") == [{"data": {"viewer": None}}]
    async with streaming(app, TYPENAME) as stream:
        (result,) = await stream.rest()
        assert result["errors"][0]["extensions"]["code"] == NOT_FOUND


SESSIONS = {
    "SignUp": """mutation SignUp($i: CreateOrgInput!) {
      createOrg(input: $i) { session { accessToken } organization { slug } errors { code } } }""",
    "LogIn": "mutation LogIn($i: LoginInput!) { login(input: $i) { session { accessToken } errors { code } } }",
    "LogOut": "mutation LogOut { logout { errors { code } } }",
}


async def token_of(response: httpx.Response, field: str) -> str:
    """Return the access token that a mutation has given."""
    token: str = response.json()["data"][field]["session"]["accessToken"]
    return token


@pytest.mark.parametrize("changed_settings", [ENFORCED])
async def test_operators_may_send_any_document(api: API, services: Services) -> None:
    """As long as their session lasts; members may not."""
    await register(services, SESSIONS)
    await operators.create(services, email="operator@example.com", password=PASSWORD)
    owner = {"name": "Acme", "email": "ada@example.com", "password": PASSWORD}
    member = await token_of(await post(api, {"documentId": "SignUp", "variables": {"i": owner}}), "createOrg")
    login = {"i": {"email": "operator@example.com", "password": PASSWORD}}
    operator = await token_of(await post(api, {"documentId": "LogIn", "variables": login}), "login")
    assert code(await post(api, {"query": TYPENAME}, member)) == NOT_FOUND
    assert (await post(api, {"query": TYPENAME}, operator)).json()["data"] == {"__typename": "Query"}
    assert "errors" not in (await post(api, {"documentId": "LogOut"}, operator)).json()
    assert code(await post(api, {"query": TYPENAME}, operator)) == NOT_FOUND


@pytest.mark.parametrize("changed_settings", [REPORTED])
async def test_unregistered_documents_are_reported(api: API, services: Services) -> None:
    """By name and hash, once while they are repeated; neither text nor values are told, and all are executed."""
    await register(services, REGISTERED)
    named = {"query": '{ organization(slug: "canary-7d1") { id } }', "operationName": "canary-7d1 x"}
    with structlog.testing.capture_logs() as logs:
        await post(api, {"query": VIEWER})
        for _ in range(3):
            assert (await post(api, {"query": TYPENAME})).json()["data"] == {"__typename": "Query"}
        await post(api, named)
        await post(api, {"query": named["query"]})
    told = [line for line in logs if line["event"] == "document not registered"]
    assert [(line["operation"], line["sha256"], line["requests"]) for line in told] == [
        ("Plain", sha256(TYPENAME), 1),
        (None, sha256(named["query"]), 1),
    ]
    assert "canary" not in str(told)


async def test_removed_manifests_count_no_more(api: API, services: Services) -> None:
    """A document that another one has, too, stays."""
    first = await register(services, {"Viewer": VIEWER, "Face": FACE}, "first.json")
    await register(services, {"Viewer": VIEWER}, "second.json")
    assert await persisted_operations.unregister(services.database, first)
    await services.registered_operations.follow()
    assert code(await post(api, {"documentId": "Face"})) == NOT_FOUND
    assert (await post(api, {"documentId": "Viewer"})).json()["data"] == {"viewer": None}


async def test_answers_by_get_can_be_kept(api: API, services: Services, member: Member) -> None:
    """With a validator that is the same as long as the answer is, for its caller alone; else nothing may be kept."""
    await register(services, REGISTERED)
    request = {"documentId": "Face", "variables": {"slug": member.slug}}
    first, again = await get(api, request, member.token), await get(api, request, member.token)
    assert first.json() == {"data": {"organization": {"name": member.name}}}
    assert first.headers["etag"] == again.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert {one.strip() for one in first.headers["vary"].split(",")} >= {"Accept", "Authorization", "Origin"}
    assert "ratelimit" in first.headers
    anonymous = await get(api, request)
    assert anonymous.headers["cache-control"] == "no-cache"
    typed = await get(api, request, accept="application/graphql-response+json")
    assert typed.headers["etag"] != anonymous.headers["etag"]
    for response in (await post(api, request, member.token), await get(api, {"query": TYPENAME}, member.token)):
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers


async def test_kept_answers_are_confirmed(api: API, services: Services, member: Member) -> None:
    """With 304 and no body, as long as they are right; another caller has another answer."""
    await register(services, REGISTERED)
    tag = (await get(api, {"documentId": "Viewer"}, member.token)).headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        confirmed = await get(api, {"documentId": "Viewer"}, member.token, **{"if-none-match": given})
        assert (confirmed.status_code, confirmed.content) == (304, b"")
        assert confirmed.headers["etag"] == tag
        assert confirmed.headers["cache-control"] == "private, no-cache"
        assert "ratelimit" in confirmed.headers
    other = await api.sign_up()
    changed = await get(api, {"documentId": "Viewer"}, other.token, **{"if-none-match": tag})
    assert changed.json()["data"]["viewer"]["admin"]["email"] == other.email


async def test_errors_are_not_kept(api: API, services: Services, member: Member) -> None:
    """A refusal is not answered with 304, and says that nobody is to keep it."""
    await register(services, {**REGISTERED, "Broken": "query Broken { organization { name } }"})
    for parameters in ({"documentId": "Broken"}, {"documentId": "Nothing"}):
        response = await get(api, parameters, member.token, **{"if-none-match": "*"})
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
