"""GraphQL over HTTP, to the letter."""

import gzip
import json
from typing import Any

import httpx
import pytest

from schema.request_bodies import MAX_BYTES
from tests.api import API

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture
def api(unchanged_api: API) -> API:
    """A client of an application that these tests do not change."""
    return unchanged_api


async def post(api: API, content: bytes | str, **headers: str) -> httpx.Response:
    """Send a body as it is."""
    return await api.http.post("/graphql", content=content, headers={"content-type": JSON, **headers})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"text/html, {GRAPHQL};q=0.8, */*;q=0.1", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        ("APPLICATION/JSON", JSON),
    ],
)
async def test_answer_has_the_media_type_that_the_client_prefers(api: API, accept: str | None, expected: str) -> None:
    """The Accept header field decides, with its weights and wildcards; without one it is plain JSON."""
    headers = {} if accept is None else {"accept": accept}
    request = api.http.build_request("POST", "/graphql", json=TYPENAME, headers=headers)
    if accept is None:
        del request.headers["accept"]
    response = await api.http.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON}; charset=latin1", f"{JSON};q=0"])
async def test_media_types_we_do_not_have_are_not_acceptable(api: API, accept: str) -> None:
    """A client that takes nothing we have is told so, in JSON."""
    response = await api.http.post("/graphql", json=TYPENAME, headers={"accept": accept})
    assert response.status_code == 406
    assert_well_formed(response)


MALFORMED: dict[str, tuple[str | bytes, int]] = {
    "empty body": ("", 400),
    "not JSON": ("{", 400),
    "not UTF-8": (b"\xff\xfe", 400),
    "lone surrogate": (rb'{"query": "{ __typename \ud800 }"}', 400),
    "a number": ("42", 400),
    "null": ("null", 400),
    "an array": ("[]", 400),
    "a batch": (json.dumps([TYPENAME, TYPENAME]), 400),
    "no query": ("{}", 400),
    "empty query": ('{"query": " "}', 400),
    "null query": ('{"query": null}', 400),
    "query a number": ('{"query": 42}', 400),
    "query an object": ('{"query": {}}', 400),
    "variables a string": ('{"query": "{ __typename }", "variables": "{}"}', 400),
    "variables an array": ('{"query": "{ __typename }", "variables": []}', 400),
    "operationName a number": ('{"query": "{ __typename }", "operationName": 1}', 400),
    "extensions a string": ('{"query": "{ __typename }", "extensions": "x"}', 400),
    "unknown operation": ('{"query": "query A { __typename }", "operationName": "B"}', 400),
    "ambiguous operation": ('{"query": "query A { __typename } query B { __typename }"}', 400),
    "no operation": ('{"query": "fragment F on Query { __typename }"}', 400),
    "deeply nested JSON": ('{"query": "{ __typename }", "variables": {"a": ' + "[" * 2000 + "]" * 2000 + "}}", 400),
}


def assert_well_formed(response: httpx.Response) -> None:
    """Check that the body is a GraphQL response with one error and no data, with nothing of our insides in it."""
    body: dict[str, Any] = response.json()
    assert set(body) == {"errors"}
    (error,) = body["errors"]
    assert set(error) <= {"message", "locations", "extensions"}
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert error["extensions"]["retryable"] is False
    for inside in ("Traceback", "File ", "strawberry", "starlette", ".py"):
        assert inside not in response.text


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize("name", list(MALFORMED))
async def test_malformed_requests_get_well_formed_errors(api: API, name: str, accept: str) -> None:
    """Whatever is wrong with the request, the answer is a GraphQL response with one error."""
    content, status = MALFORMED[name]
    response = await post(api, content, accept=accept)
    assert response.status_code == status
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert_well_formed(response)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonx", 415),
        ("", 415),
    ],
)
async def test_requests_are_json_in_utf8(api: API, content_type: str, status: int) -> None:
    """Other content types, among them all that a page of another origin can send unasked, are refused."""
    headers = {"content-type": content_type}
    response = await api.http.post("/graphql", content=json.dumps(TYPENAME), headers=headers)
    assert response.status_code == status


async def test_body_has_a_limit(api: API) -> None:
    """A body above the limit is refused, declared or not."""
    large = json.dumps({"query": "{ __typename }", "extensions": {"x": "x" * MAX_BYTES}}).encode()

    async def chunks() -> Any:  # noqa: ANN401 - an asynchronous generator
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for content in (large, chunks()):
        response = await api.http.post("/graphql", content=content, headers={"content-type": JSON})
        assert response.status_code == 413
        assert_well_formed(response)


async def test_compressed_bodies_are_not_json(api: API) -> None:
    """We do not unpack bodies, so none can blow up."""
    response = await post(api, gzip.compress(json.dumps(TYPENAME).encode()))
    assert response.status_code == 400


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize("query", ["{", "{ nothing }", "query ($x: Int!) { __typename }", "{ node(id: {}) { id } }"])
async def test_wrong_documents(api: API, query: str, accept: str) -> None:
    """A document that cannot be executed has status 400 in the new media type and 200 in the old; never data."""
    response = await api.http.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert response.status_code == (400 if accept == GRAPHQL else 200)
    body = response.json()
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_REQUEST"}


async def test_wrong_variables_are_the_clients_error(api: API) -> None:
    """A variable of the wrong type stops the operation before it begins."""
    query = "query ($first: Int) { organizations(first: $first) { edges { cursor } } }"
    response = await api.http.post(
        "/graphql", json={"query": query, "variables": {"first": "many"}}, headers={"accept": GRAPHQL}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_get_serves_queries(api: API) -> None:
    """Queries come by GET with their parameters in the address."""
    parameters = {
        "query": "query A($slug: String) { organization(slug: $slug) { name } } query B { __typename }",
        "operationName": "A",
        "variables": '{"slug": "nowhere"}',
    }
    response = await api.http.get("/graphql", params=parameters, headers={"graphql-preflight": "1"})
    assert response.json()["data"] == {"organization": None}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer none"},
        {"apollo-require-preflight": "true"},
        {"graphql-preflight": ""},
        {"content-type": "application/json"},
    ],
)
async def test_get_with_proof_of_a_preflight_is_served(unchanged_api: API, headers: dict[str, str]) -> None:
    """What a page of another site cannot send without asking shows that none has."""
    response = await unchanged_api.http.get("/graphql", params={"query": "{ __typename }"}, headers=headers)
    assert (response.status_code, response.json()["data"]) == (200, {"__typename": "Query"})


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"origin": "https://evil.example"}, {"accept": "text/event-stream"}],
)
async def test_get_that_any_page_could_send_is_refused(unchanged_api: API, headers: dict[str, str]) -> None:
    """An image or a link of another site executes nothing."""
    response = await unchanged_api.http.get("/graphql", params={"query": "{ __typename }"}, headers=headers)
    assert response.status_code == 403
    assert_well_formed(response)


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/.well-known/jwks.json", "/nowhere", "/graphiql"])
async def test_answers_tell_browsers_what_they_may_do(unchanged_api: API, path: str) -> None:
    """Nothing is framed, sniffed or referred to; a policy of contents stands everywhere."""
    headers = (await unchanged_api.http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "cache-control" in headers
    assert "strict-transport-security" not in headers


async def test_transport_security_is_told_over_tls(unchanged_api: API) -> None:
    """For a year there is to be no other way, once it was secure."""
    answer = await unchanged_api.http.get("https://tenantry.test/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 400),
        ({"query": ""}, 400),
        ({"query": "{ __typename }", "variables": "{"}, 400),
        ({"query": "{ __typename }", "variables": "[]"}, 400),
        ({"query": "{ __typename }", "extensions": '"x"'}, 400),
        ({"query": "mutation { logout { loggedOut } }"}, 405),
    ],
)
async def test_get_refuses_the_rest(api: API, parameters: dict[str, str], status: int) -> None:
    """Malformed parameters are 400; a mutation by GET is 405, and is not executed."""
    member = await api.sign_up()
    response = await api.http.get("/graphql", params=parameters, headers={"authorization": f"Bearer {member.token}"})
    assert response.status_code == status
    assert_well_formed(response)
    if status == 405:
        assert response.headers["allow"] == "POST"
    assert (await api.data("{ viewer { admin { email } } }", token=member.token))["viewer"] is not None


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(api: API, method: str) -> None:
    """GraphQL is served by GET and POST."""
    response = await api.http.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert_well_formed(response)


async def test_unknown_paths_answer_in_json(api: API) -> None:
    """Beside the endpoint, too, errors are well-formed."""
    response = await api.http.get("/nowhere")
    assert response.status_code == 404
    assert_well_formed(response)


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123_X.y", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("{}", False)]
)
async def test_request_id_of_the_client_is_kept_if_it_is_harmless(api: API, given: str, kept: bool) -> None:  # noqa: FBT001 - a case
    """A client can name its request, but not write into our log."""
    response = await api.http.post("/graphql", json=TYPENAME, headers={"x-request-id": given})
    assert (response.headers["x-request-id"] == given) is kept


async def test_unforeseen_errors_are_masked(api: API, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of ours is `INTERNAL` with the request id and no detail."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret sauce")

    monkeypatch.setattr("resolvers.organizations.find", fail)
    response = await api.http.post("/graphql", json={"query": '{ organization(slug: "x") { id } }'})
    (error,) = response.json()["errors"]
    assert response.json()["data"] == {"organization": None}
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert "sauce" not in response.text


async def test_explorable_in_development(api: API) -> None:
    """The schema can be asked for, misspelled fields are corrected, and the playground is there."""
    assert (await api.data("{ __schema { queryType { name } } }"))["__schema"]["queryType"]["name"] == "Query"
    body = await api.execute("{ viewr { permissions } }")
    assert "Did you mean 'viewer'" in body["errors"][0]["message"]
    assert (await api.http.get("/graphiql")).status_code == 200
    assert (await api.http.get("/")).headers["location"] == "/graphiql"


async def test_health_routes(api: API) -> None:
    """The process is alive, the server is ready, and its public keys are there without the private half."""
    assert (await api.http.get("/healthz")).json() == {"status": "alive"}
    assert (await api.http.get("/readyz")).json() == {"status": "ready", "database": "ready"}
    (key,) = (await api.http.get("/.well-known/jwks.json")).json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert "d" not in key
