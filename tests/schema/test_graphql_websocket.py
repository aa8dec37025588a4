"""GraphQL over WebSocket: the protocol, who may connect, and that operations are what they are over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

import server
from auth.identifiers import AdminId, OrganizationId, SessionId
from schema import execution, graphql_request, graphql_websocket
from server import Settings
from storage.database import Database
from tests.api import API, LOGIN, PASSWORD, SIGN_UP, Member, started
from tests.e2e.process import free_port
from tests.websocket import PROTOCOL, ClosedError, connected, connection

TYPENAME = "{ __typename }"
VIEWER = "{ viewer { admin { email } } }"
PROGRESS = "subscription ($id: ID!) { migrationProgress(organizationId: $id) { id } }"
UPDATE = """
mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { organization { description } errors { code } } }
"""
LOGOUT = "mutation { logout { errors { code } } }"


@pytest.mark.parametrize("protocols", [[], ["graphql-ws"], ["graphql-ws", "chat"]])
async def test_other_protocols_are_not_acceptable(app: ASGIApp, protocols: list[str]) -> None:
    """A client that does not offer `graphql-transport-ws` is closed with 4406."""
    async with connection(app, protocols=protocols) as socket:
        assert await socket.opened() is None
        assert await socket.close_code() == 4406


async def test_the_protocol_is_chosen_among_several(app: ASGIApp) -> None:
    """A client may offer others beside it."""
    async with connection(app, protocols=["graphql-ws", PROTOCOL]) as socket:
        assert await socket.opened() == PROTOCOL


async def test_pings_are_answered_at_any_time(app: ASGIApp) -> None:
    """Also before the client has introduced itself; a pong of its own is taken silently."""
    async with connection(app) as socket:
        await socket.opened()
        socket.send("ping", payload={"at": 1})
        assert await socket.receive() == {"type": "pong"}
        socket.send("pong")
        await socket.init()
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


MALFORMED = {
    "not JSON": "{",
    "too deep": "[" * 100_000,
    "no object": "[]",
    "no type": "{}",
    "type is a number": '{"type": 1}',
    "unknown type": '{"type": "start"}',
    "unknown type, long": f'{{"type": "{"ö" * 1000}"}}',
    "payload of connection_init": '{"type": "connection_init", "payload": []}',
    "no id": f'{{"type": "subscribe", "payload": {{"query": "{TYPENAME}"}}}}',
    "empty id": f'{{"type": "subscribe", "id": "", "payload": {{"query": "{TYPENAME}"}}}}',
    "long id": f'{{"type": "subscribe", "id": "{"i" * 129}", "payload": {{"query": "{TYPENAME}"}}}}',
    "id is a list": f'{{"type": "subscribe", "id": [], "payload": {{"query": "{TYPENAME}"}}}}',
    "complete without id": '{"type": "complete"}',
    "no payload": '{"type": "subscribe", "id": "1"}',
    "payload is a list": '{"type": "subscribe", "id": "1", "payload": []}',
    "no query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "query is a number": '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    "variables": f'{{"type": "subscribe", "id": "1", "payload": {{"query": "{TYPENAME}", "variables": [1]}}}}',
    "operationName": f'{{"type": "subscribe", "id": "1", "payload": {{"query": "{TYPENAME}", "operationName": 1}}}}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_messages_close_the_connection(app: ASGIApp, text: str) -> None:
    """Whatever is wrong with the form of a message: 4400, and a reason that fits into the frame."""
    async with connection(app) as socket:
        await socket.opened()
        socket.send_text(text)
        with pytest.raises(ClosedError) as closed:
            await socket.receive()
    assert closed.value.code == 4400
    assert 0 < len(closed.value.reason.encode()) <= 123


async def test_binary_messages_close_the_connection(app: ASGIApp) -> None:
    """The protocol is text."""
    async with connection(app) as socket:
        await socket.opened()
        socket.to_server.put_nowait({"type": "websocket.receive", "bytes": b'{"type": "ping"}'})
        assert await socket.close_code() == 4400


async def test_operations_before_the_introduction_are_unauthorized(app: ASGIApp) -> None:
    """Without `connection_init` first: 4401."""
    async with connection(app) as socket:
        await socket.opened()
        socket.subscribe("1", TYPENAME)
        assert await socket.close_code() == 4401


async def test_who_does_not_introduce_itself_is_sent_away(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `connection_init` in time: 4408."""
    assert timedelta(seconds=10) == graphql_websocket.INIT_TIMEOUT
    monkeypatch.setattr(graphql_websocket, "INIT_TIMEOUT", timedelta(milliseconds=20))
    async with started(server.create_app(settings)) as app, connection(app) as socket:
        await socket.opened()
        assert await socket.close_code() == 4408
    await database.ping()


async def test_ids_are_unique_among_running_operations(app: ASGIApp, member: Member) -> None:
    """An id that is in use closes the connection with 4409; one that has been completed is free again."""
    async with connected(app, member.token) as socket:
        for _ in range(2):
            socket.subscribe("1", TYPENAME)
            assert await socket.all("1") == [{"data": {"__typename": "Query"}}]
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        socket.send("complete", id="1")
        socket.send("complete", id="unknown")
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        socket.subscribe("1", TYPENAME)
        assert await socket.close_code() == 4409


async def test_second_introduction_is_too_many(app: ASGIApp) -> None:
    """A second `connection_init`: 4429."""
    async with connected(app) as socket:
        socket.send("connection_init")
        assert await socket.close_code() == 4429


async def test_at_most_hundred_operations_run_at_once(app: ASGIApp, member: Member) -> None:
    """One more is refused with an error of its own; when another one ends, there is room again."""
    async with connected(app, member.token) as socket:
        for number in range(100):
            socket.subscribe(f"s{number}", PROGRESS, id=member.organization_id)
        socket.subscribe("q", TYPENAME)
        assert await socket.error_code("q") == "BAD_REQUEST"
        socket.send("complete", id="s0")
        socket.subscribe("q", TYPENAME)
        assert await socket.all("q") == [{"data": {"__typename": "Query"}}]


async def test_operations_answer_as_over_http(app: ASGIApp, api: API, member: Member) -> None:
    """The same data and the same errors, but for the request id."""
    documents: list[tuple[str, dict[str, Any]]] = [
        (VIEWER, {}),
        ("query ($id: ID) { organization(id: $id) { name tenantStore { strategy } } }", {"id": member.organization_id}),
        ('{ organization(id: "nonsense") { name } }', {}),
        ("{ organizations { edges { cursor } } }", {}),
    ]
    async with connected(app, member.token) as socket:
        for number, (query, variables) in enumerate(documents):
            socket.subscribe(str(number), query, **variables)
            (payload,) = await socket.all(str(number))
            assert without_request_id(payload) == without_request_id(
                await api.execute(query, variables, token=member.token)
            )


REFUSED = {
    "syntax": "{",
    "validation": "{ nothing }",
    "variable": "query ($id: ID!) { organization(id: $id) { name } }",
    "several operations": "query A { __typename } query B { __typename }",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
async def test_wrong_documents_are_refused_before_they_run(app: ASGIApp, api: API, query: str) -> None:
    """They are answered with the one message `error`, with the code as over HTTP, and the connection stays."""
    async with connected(app) as socket:
        socket.subscribe("1", query)
        assert await socket.error_code("1") == await api.error_code(query) == "BAD_REQUEST"
        socket.subscribe("1", TYPENAME)
        assert await socket.all("1") == [{"data": {"__typename": "Query"}}]


async def test_named_operation_is_chosen(app: ASGIApp) -> None:
    """The name decides between several operations; one that is not there is refused."""
    query = "query A { a: __typename } query B { b: __typename }"
    async with connected(app) as socket:
        socket.send("subscribe", id="1", payload={"query": query, "operationName": "B"})
        assert await socket.all("1") == [{"data": {"b": "Query"}}]
        socket.send("subscribe", id="1", payload={"query": query, "operationName": "C"})
        assert await socket.error_code("1") == "BAD_REQUEST"


async def test_queries_have_a_deadline_and_subscriptions_have_none(
    app: ASGIApp, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes too long is given up, with an error that says that it may be tried again."""
    assert graphql_request.DEADLINE_SECONDS == 12
    async with connected(app, member.token) as socket:
        socket.subscribe("0", TYPENAME)
        assert await socket.all("0") == [{"data": {"__typename": "Query"}}]
        monkeypatch.setattr(execution, "DEADLINE_SECONDS", 0)
        socket.subscribe("s", PROGRESS, id=member.organization_id)
        socket.subscribe("1", VIEWER)
        assert await socket.error_code("1") == "UNAVAILABLE"
        socket.subscribe("s", TYPENAME)
        assert await socket.close_code() == 4409


@pytest.mark.parametrize("kind", ["query", "subscription"])
async def test_documents_that_are_too_much_are_refused(app: ASGIApp, kind: str) -> None:
    """As over HTTP; the connection stays."""
    async with connected(app) as socket:
        socket.subscribe("1", f"{kind} {{ {'__typename ' * 2000} }}")
        assert await socket.error_code("1") == "QUERY_TOO_COMPLEX"
        socket.subscribe("1", f"{kind} {{ {' '.join(f'a{n}: __typename' for n in range(50))} }}")
        assert await socket.error_code("1") == "QUERY_TOO_COMPLEX"
        socket.subscribe("1", TYPENAME)
        assert await socket.all("1") == [{"data": {"__typename": "Query"}}]


async def test_client_comes_back_later_when_the_database_is_away(settings: Settings, api: API, member: Member) -> None:
    """Nobody is called forbidden whom we cannot look up: 1013."""
    uri = SecretStr(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=nowhere")
    async with (
        started(server.create_app(settings.model_copy(update={"mongodb_uri": uri}))) as app,
        connection(app) as socket,
    ):
        await socket.opened()
        socket.send("connection_init", payload={"accessToken": member.token})
        assert await socket.close_code() == 1013
    assert (await api.data(VIEWER, token=member.token))["viewer"] is not None


async def test_each_operation_has_its_own_request_id(app: ASGIApp) -> None:
    """Errors of two operations on one connection are told apart in the log."""
    async with connected(app) as socket:
        ids = set()
        for _ in range(2):
            socket.subscribe("1", "{ nothing }")
            ids.add((await socket.receive())["payload"][0]["extensions"]["requestId"])
    assert len(ids) == 2


async def test_nothing_stale_is_served(app: ASGIApp, api: API, member: Member) -> None:
    """What a mutation has changed, here or elsewhere, is seen by the next operation on the same connection."""
    query = "query ($id: ID) { organization(id: $id) { description } }"
    async with connected(app, member.token) as socket:
        for text, elsewhere in (("one", False), ("two", True), ("three", False)):
            changes = {"organizationId": member.organization_id, "description": text}
            if elsewhere:
                await api.data(UPDATE, {"input": changes}, token=member.token)
            else:
                socket.subscribe("m", UPDATE, input=changes)
                (payload,) = await socket.all("m")
                assert payload["data"]["updateOrg"] == {"organization": {"description": text}, "errors": []}
            socket.subscribe("q", query, id=member.organization_id)
            assert await socket.all("q") == [{"data": {"organization": {"description": text}}}]


async def test_life_of_an_organization_over_one_anonymous_connection(app: ASGIApp) -> None:
    """Sign-up and login need no token here either."""
    async with connected(app) as socket:
        account = {"email": "ada@example.com", "password": PASSWORD}
        socket.subscribe("1", SIGN_UP, input={"name": "Acme", **account})
        assert (await socket.all("1"))[0]["data"]["createOrg"]["errors"] == []
        socket.subscribe("2", LOGIN, input=account)
        assert (await socket.all("2"))[0]["data"]["login"]["session"]["accessToken"]
        socket.subscribe("3", VIEWER)
        assert await socket.all("3") == [{"data": {"viewer": None}}]


PLACES = {
    "accessToken": lambda token: ({}, {"accessToken": token}),
    "Authorization in the payload": lambda token: ({}, {"Authorization": f"Bearer {token}"}),
    "header field": lambda token: ({"authorization": f"Bearer {token}"}, {}),
    "payload before header field": lambda token: ({"authorization": "Bearer old"}, {"accessToken": token}),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_token_is_taken_from_payload_or_header(app: ASGIApp, member: Member, place: Any) -> None:  # noqa: ANN401 - one of the lambdas
    """Each place will do."""
    headers, payload = place(member.token)
    async with connection(app, headers=headers) as socket:
        await socket.opened()
        socket.send("connection_init", payload=payload)
        assert await socket.receive() == {"type": "connection_ack"}
        socket.subscribe("1", VIEWER)
        assert await socket.all("1") == [{"data": {"viewer": {"admin": {"email": member.email}}}}]


@pytest.mark.parametrize(
    "payload",
    [
        {"accessToken": ""},
        {"accessToken": "nonsense"},
        {"accessToken": 1},
        {"accessToken": "x" * 100_000},
        {"Authorization": "Basic YTpi"},
        {"Authorization": ["Bearer"]},
    ],
)
async def test_token_that_does_not_count_is_forbidden(app: ASGIApp, payload: dict[str, Any]) -> None:
    """Whatever is wrong with it: 4403."""
    async with connection(app) as socket:
        await socket.opened()
        socket.send("connection_init", payload=payload)
        with pytest.raises(ClosedError) as closed:
            await socket.receive()
    assert (closed.value.code, closed.value.reason) == (4403, "Forbidden")


async def test_token_in_the_header_that_does_not_count_is_forbidden(app: ASGIApp) -> None:
    """The header field of the upgrade request is no weaker."""
    async with connection(app, headers={"authorization": "Bearer nonsense"}) as socket:
        await socket.opened()
        socket.send("connection_init")
        assert await socket.close_code() == 4403


async def test_expired_token_is_forbidden(app: ASGIApp, settings: Settings, member: Member) -> None:
    """A token of ours that has ended does not count."""
    short = settings.model_copy(update={"access_token_ttl": timedelta(seconds=-10)})
    async with server.open_state(short) as state:
        ids = AdminId("a" * 24), SessionId("b" * 24), OrganizationId("c" * 24)
        expired = state["services"].tokens.issue(*ids).value
    async with connection(app) as socket:
        await socket.opened()
        socket.send("connection_init", payload={"accessToken": expired})
        assert await socket.close_code() == 4403
    async with connected(app, member.token):
        pass


async def test_token_of_an_ended_session_is_forbidden(app: ASGIApp, api: API, member: Member) -> None:
    """Live records decide."""
    await api.data(LOGOUT, token=member.token)
    async with connection(app) as socket:
        await socket.opened()
        socket.send("connection_init", payload={"accessToken": member.token})
        assert await socket.close_code() == 4403


ORIGINS = {
    "http://tenantry.test": True,
    "https://tenantry.test": True,  # What terminates TLS in front of the server.
    "http://tenantry.test:8080": False,
    "https://app.example.com": True,
    "https://evil.example.com": False,
    "http://tenantry.test.evil.example.com": False,
    "null": False,
}


@pytest.mark.parametrize("changed_settings", [{"cors_origins": ["https://app.example.com"]}])
@pytest.mark.parametrize(("origin", "allowed"), ORIGINS.items())
async def test_pages_of_other_origins_may_not_connect(app: ASGIApp, origin: str, *, allowed: bool) -> None:
    """The server's own origin and those of the settings may; others are refused before the handshake."""
    async with connection(app, headers={"origin": origin}) as socket:
        if allowed:
            assert await socket.opened() == PROTOCOL
        else:
            with pytest.raises(ClosedError):
                await socket.opened()


async def test_other_paths_have_no_sockets(app: ASGIApp) -> None:
    """There is one place for them."""
    messages: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "websocket", "path": "/healthz", "headers": [], "subprotocols": [PROTOCOL], "query_string": b""}

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    await app(scope, receive, messages.put)
    assert (await messages.get())["type"] == "websocket.close"


async def test_subscriptions_are_not_for_http(api: API, member: Member) -> None:
    """They are refused there, politely."""
    variables = {"id": member.organization_id}
    assert await api.error_code(PROGRESS, variables, token=member.token) == "BAD_REQUEST"


def without_request_id(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload without what differs from request to request."""
    for error in payload.get("errors", []):
        del error["extensions"]["requestId"]
    return payload
