"""No secret that is sent to a server turns up in a log, an error, a metric, a traceback or a command line."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from graphql import FieldNode, GraphQLInputType, GraphQLSchema, OperationDefinitionNode, parse, type_from_ast
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

import server
from auth.algorithms import Algorithm
from auth.errors import ErrorCode
from auth.identifiers import AdminId, SessionId
from auth.key_sets import KeySet
from auth.tokens import AccessTokens
from schema import ids
from schema.request_bodies import MAX_BYTES
from storage.database import Database, new_id
from storage.embedded import running_uri
from tests import smtp
from tests.api import LOGIN, SIGN_UP, Member
from tests.e2e import canaries, process
from tests.e2e.canaries import Answers, Canaries
from tests.e2e.process import ServerProcess
from tests.e2e.test_subscriptions import connected, send
from tests.smtp import Mailbox, token_in

_ADA, _BOB, _EVE = "ada@example.com", "bob@example.com", "eve@example.com"
_NO_LIMITS = dict.fromkeys(("rate_limit", "anonymous_rate_limit"), "1000000")
_AT_ONCE = 20
_JSON = {"Content-Type": "application/json"}
_DOCUMENTS = """query ($id: ID!, $filter: DocumentFilter) {
  organization(id: $id) { documents(filter: $filter) { edges { node { id data } } } }
}"""
_REACHED = set(ErrorCode) - {ErrorCode.PERSISTED_OPERATION_NOT_FOUND}


class LoudMailbox(Mailbox):
    """A mailbox of a server that repeats in its answers what it was sent."""

    loud = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a message, or refuse it with its token and its addressee."""
        accepted = await super().handle_DATA(server, session, envelope)
        return f"554 5.7.1 {token_in(self.messages[-1])} for {envelope.rcpt_tos}" if self.loud else accepted


@dataclass
class Client:
    """Whoever speaks to a server, with all that is secret: takes note of what was sent where, and of what came back."""

    server: ServerProcess
    http: httpx.AsyncClient
    mailbox: LoudMailbox
    secrets: Canaries = field(default_factory=Canaries)
    answers: Answers = field(default_factory=Answers)
    outputs: list[str] = field(default_factory=list)
    schema: GraphQLSchema = field(default_factory=canaries.schema)
    sent: set[canaries.Place] = field(default_factory=set)

    async def post(self, query: str, variables: Mapping[str, Any] | None = None, token: str | None = None) -> Any:  # noqa: ANN401 - as in JSON
        """Send an operation, whatever becomes of it."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        return answer.json()

    async def done(self, query: str, token: str | None = None, /, **variables: Any) -> Any:  # noqa: ANN401 - as in JSON
        """Send an operation that has to succeed; take note of where its variables stand."""
        body = await self.post(query, variables, token)
        assert "errors" not in body, body
        (payload,) = body["data"].values()
        assert payload.get("errors", []) == [], payload
        self.note(query, variables)
        return payload

    def note(self, query: str, variables: Mapping[str, Any]) -> None:
        """Take note of the places of variables: in inputs, or as arguments of their name."""
        (operation,) = parse(query).definitions
        assert isinstance(operation, OperationDefinitionNode)
        (root,) = operation.selection_set.selections
        assert isinstance(root, FieldNode)
        types: dict[str, GraphQLInputType] = {
            one.variable.name.value: cast("GraphQLInputType", type_from_ast(self.schema, one.type))
            for one in operation.variable_definitions or ()
        }
        self.sent |= set(canaries.places_of(self.schema, root.name.value, types, variables))

    def mutation(self, name: str, result: str = "__typename") -> str:
        """Return a mutation with one input."""
        kind = name[0].upper() + name[1:]
        return f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {result} errors {{ code message }} }} }}"

    async def mailed(self, address: str, subject: str) -> str:
        """Return the token of the next mail with such a subject."""

        async def come() -> bool:
            return any(subject in message["Subject"] for message in self.mailbox.to(address))

        await process.until(come, f"a mail about {subject}")
        found = next(message for message in self.mailbox.to(address) if subject in message["Subject"])
        self.mailbox.messages.remove(found)
        return self.secrets.given(token_in(found))


async def test_no_secret_turns_up_in_production(tmp_path: Path, external: dict[str, str]) -> None:
    """Whatever is sent, and whatever becomes of it; and each place of the schema that takes a secret was sent one."""
    token = f"canary-metrics-{'7' * 32}"
    settings = external | process.production_keys() | _NO_LIMITS
    settings |= {"environment": "production", "max_requests_at_once": str(_AT_ONCE), "metrics_token": token}
    async with watching(tmp_path, settings) as client:
        client.secrets.all |= known_secrets(settings)
        client.outputs.append(await operator(client, tmp_path, settings))
        member = await genuine(client)
        assert canaries.secret_places(client.schema) - client.sent == set()
        await schemas(client, member)
        await refused_mails(client)
        await strange(client, (True, None), (True, member.token), (False, None), member=member)
        await malformed(client, member, expired_token(tmp_path, settings["jwt_keys"]))
        await sockets(client, member)
        await crowd(client)
        await defects(client, Database(settings["mongodb_uri"], settings["database"]), member)
        assert {code for code in _REACHED if f'"{code.value}"' not in "".join(client.answers.seen)} == set()
        metrics = await client.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert "tenantry_graphql_operations_total" in metrics.text


async def test_no_secret_turns_up_in_development(used_folder: Path) -> None:
    """Where more is said about documents, the log is for people, and the database is the server's own, which fails."""
    async with watching(used_folder, {**_NO_LIMITS, "mail_from": "mail@example.com"}) as client:
        signed_up = {"name": "Acme", "email": _ADA, "password": client.secrets.new("password")}
        payload = await client.done(SIGN_UP, input=signed_up)
        session = payload["session"]
        tokens = [client.secrets.given(session[name]) for name in ("accessToken", "refreshToken")]
        member = Member(payload["organization"]["id"], "acme", "Acme", payload["admin"]["id"], _ADA, *tokens)
        await client.mailed(_ADA, "Verify")
        await strange(client, (False, member.token), member=member)
        await malformed(client, member, expired_token(used_folder, None))
        await sockets(client, member)
        await outage(client, member)
        uri = running_uri(used_folder / "data")
        assert uri is not None
        client.secrets.all.add(str(urlsplit(uri).password))
        await defects(client, Database(uri, "tenantry"), member)
        assert "tenantry_graphql_operations_total" in (await client.http.get("/metrics")).text


@contextlib.asynccontextmanager
async def watching(folder: Path, settings: dict[str, str]) -> AsyncIterator[Client]:
    """Run a server; at the end no secret is in what it has logged, printed or answered, nor in a command line."""
    mailbox = LoudMailbox()
    with smtp.receiving(mailbox):
        settings["smtp_url"] = mailbox.url
        async with process.serving(folder, **settings) as one, one.http(fresh_connections=True) as http:
            client = Client(one, http, mailbox)
            http.event_hooks = {"response": [client.answers.record]}
            yield client
            client.outputs += one.processes().values()
            one.terminate()
            assert await one.wait() == 0
    logs = [path.read_text(errors="replace") for path in (folder / "data").glob("*.log")]
    assert client.secrets.found_in("\n".join([*client.outputs, one.stdout, one.stderr, *logs])) == set()
    for answer in client.answers.seen:
        assert client.secrets.found_in(answer) == set(), answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_keys", '{"keys": [{"kty": "OKP", "d": "canary"}]}'),
        ("jwt_keys", "canary"),
        ("audit_keys", '{"keys": "canary'),
        ("mongodb_uri", "mongodb://user:canary@[::1/"),
        ("mongodb_uri", "mongodb://user:canary@host:port/"),
        ("smtp_url", "smtp://user:canary@host:port"),
        ("metrics_token", "canary"),
        ("rate_limit_url", "http://user:canary@host"),
        ("rate_limit_url", "redis://:canary@[host"),
    ],
)
def test_a_wrong_secret_stops_the_start_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """What is said names the key, and not the value."""
    given = {"data_dir": str(tmp_path), "mongodb_uri": "mongodb://127.0.0.1:9/", "mail_from": "mail@example.com"}
    for key, one in {**given, name: value}.items():
        monkeypatch.setenv(f"TENANTRY_{key.upper()}", one)
    with pytest.raises(server.StartupError) as refused:  # noqa: PT012 - any of them may refuse it
        settings = server.load_settings()
        for audit in (False, True):
            server.load_keys(settings, audit=audit)
        server.connect(settings)
    assert f"TENANTRY_{name.upper()}" in str(refused.value)
    assert "canary" not in str(refused.value)


def known_secrets(settings: Mapping[str, str]) -> set[str]:
    """Return what is secret in settings."""
    keys = [json.loads(settings[name])["keys"][0]["d"] for name in ("jwt_keys", "audit_keys")]
    return {settings["metrics_token"], str(urlsplit(settings["mongodb_uri"]).password), *keys}


async def operator(client: Client, folder: Path, settings: dict[str, str]) -> str:
    """Make an operator whose password is read from standard input; return what was printed."""
    password = client.secrets.new("password")
    made = await process.run(folder, "operator", "create", "op@example.com", stdin=f"{password}\n", **settings)
    assert made.code == 0, made.stderr
    await client.done(LOGIN, input={"email": "op@example.com", "password": password})
    again = await process.run(folder, "operator", "create", "op@example.com", stdin=f"{password[:5]}\n", **settings)
    assert again.code == 1
    return made.stdout + made.stderr + again.stdout + again.stderr


async def genuine(client: Client) -> Member:
    """Do all that takes a secret, in its right place; return a member who is signed in."""
    first, second, third = (client.secrets.new("password") for _ in range(3))
    payload = await client.done(SIGN_UP, input={"name": "Acme", "email": _ADA, "password": first})
    organization, admin = payload["organization"]["id"], payload["admin"]["id"]
    token = client.secrets.given(payload["session"]["accessToken"])
    await client.done(client.mutation("verifyEmail"), input={"token": await client.mailed(_ADA, "Verify")})
    changed = {"password": second, "currentPassword": first}
    await client.done(client.mutation("updateAdmin"), token, input=changed)
    await client.done(client.mutation("requestPasswordReset"), input={"email": _ADA})
    reset = {"token": await client.mailed(_ADA, "Choose"), "password": third}
    await client.done(client.mutation("resetPassword"), input=reset)
    payload = await client.done(LOGIN, input={"email": _ADA, "password": third})
    client.secrets.given(payload["session"]["accessToken"])
    renewed = await client.done(
        client.mutation("refreshSession", "session { accessToken refreshToken }"),
        input={"refreshToken": client.secrets.given(payload["session"]["refreshToken"])},
    )
    client.secrets.given(renewed["session"]["refreshToken"])
    token = client.secrets.given(renewed["session"]["accessToken"])
    await invite(client, organization, token)
    await write(client, organization, token)
    await keep(client, third)
    renewal = "mutation ($accessToken: String!) { renewConnection(accessToken: $accessToken) { __typename } }"
    async with connected(client.server, token) as socket:
        variables = {"accessToken": token}
        await send(socket, type="subscribe", id="1", payload={"query": renewal, "variables": variables})
        assert "errors" not in json.loads(await socket.recv())["payload"]
        client.note(renewal, variables)
    return Member(organization, "acme", "Acme", admin, _ADA, token, renewed["session"]["refreshToken"])


async def invite(client: Client, organization: str, token: str) -> None:
    """Invite two, of whom one comes."""
    for address in (_BOB, _EVE):
        invited = {"organizationId": organization, "email": address, "role": "ADMIN"}
        await client.done(client.mutation("inviteAdmin"), token, input=invited)
    mailed = await client.mailed(_BOB, "invite")
    await client.done("query ($token: String!) { invitation(token: $token) { __typename } }", token=mailed)
    accepted = {"token": mailed, "password": client.secrets.new("password")}
    payload = await client.done(
        client.mutation("acceptInvitation", "session { accessToken refreshToken }"), input=accepted
    )
    for one in payload["session"].values():
        client.secrets.given(one)
    await client.done(client.mutation("declineInvitation"), input={"token": await client.mailed(_EVE, "invite")})


async def write(client: Client, organization: str, token: str) -> None:
    """Write documents, and find them."""
    own = {"organizationId": organization}
    one = {"type": "note", "data": {"text": client.secrets.new("body")}}
    made = await client.done(client.mutation("createDocument", "document { id }"), token, input=own | one)
    await client.done(client.mutation("createDocuments"), token, input=own | {"documents": [one]})
    changed = {"id": made["document"]["id"], "data": {"text": client.secrets.new("body")}}
    await client.done(client.mutation("updateDocument"), token, input=changed)
    await client.done(client.mutation("updateDocuments"), token, input={"documents": [changed]})
    await client.done(client.mutation("declareIndex"), token, input=own | {"type": "note", "fields": ["text"]})
    for comparison in ("equals", "greaterThan", "atLeast", "lessThan", "atMost"):
        where = [{"field": "text", comparison: client.secrets.new("filter")}]
        await client.done(_DOCUMENTS, token, id=organization, filter={"type": "note", "where": where})


async def keep(client: Client, password: str) -> None:
    """Keep a session in a cookie, which in production would be sent by TLS only, and renew it."""
    await client.done(LOGIN, input={"email": _ADA, "password": password, "refreshTokenInCookie": True})
    (cookie,) = client.http.cookies.jar
    client.http.cookies.clear()
    renewal = {"query": client.mutation("refreshSession"), "variables": {"input": {}}}
    headers = {"Cookie": f"{cookie.name}={client.secrets.given(str(cookie.value))}"}
    answer = await client.http.post("/graphql", json=renewal, headers=headers)
    assert answer.json()["data"]["refreshSession"]["errors"] == []
    (renewed,) = client.http.cookies.jar
    client.secrets.given(str(renewed.value))
    client.http.cookies.clear()


async def strange(client: Client, *ways: tuple[bool, str | None], member: Member) -> None:
    """Send every field a secret wherever it takes a value, of fitting types or not, by a token or none; and as text."""
    known = {"organizationId": member.organization_id, "id": member.organization_id}
    for kind, name, one in canaries.root_fields(client.schema):
        values: dict[str, Any] = {}
        for fitting, token in ways:
            values = {
                argument: canaries.filled(given.type, client.secrets.new("value"), argument, known, fitting=fitting)
                for argument, given in one.args.items()
            }
            signature = ", ".join(f"${argument}: {given.type}" for argument, given in one.args.items())
            passed = ", ".join(f"{argument}: ${argument}" for argument in one.args)
            selection = f"{name}({passed}) {{ __typename }}"
            await client.post(f"{kind} ({signature}) {{ {selection} }}", values, token)
        literals = ", ".join(f"{argument}: {literal(values[argument])}" for argument in one.args)
        await client.post(f"{kind} {{ {name}({literals}) {{ __typename }} }}")


def literal(value: object) -> str:
    """Return a value as it stands in a document."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name}: {literal(one)}" for name, one in value.items()) + " }"
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, list) else json.dumps(value)


async def malformed(client: Client, member: Member, expired: str) -> None:
    """Send what is no request, no document, no token, or too much, with a secret in it."""
    new, http, bearer = client.secrets.new, client.http, {"Authorization": f"Bearer {member.token}"}
    for token in (f"{member.token}{new('token')}", new("token"), expired, f"{member.token[:-4]}AAAA"):
        await client.post("{ viewer { admin { id } } organizations { edges { cursor } } }", token=token)
    await http.post("/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Basic {new('token')}"})
    for content in (
        f'{{"query": "{new("body")}',
        f'{{"query": "{{ a }}", "variables": {{"a": NaN, "b": "{new("body")}"}}}}',
        f'["{new("body")}"]',
        f'"{new("body")}"',
        f'{{"query": ["{new("body")}"], "variables": "{new("body")}"}}',
        f'{{"query": "{{ a }}", "operationName": ["{new("body")}"]}}',
        f'{{"query": "{{ a }}", "operationName": "{new("body")} {{"}}',
    ):
        await http.post("/graphql", content=content, headers=_JSON)
    await http.post("/graphql", content=f'{{"query": "{new("body")}'.encode() + b"\xff\xfe", headers=_JSON)
    with contextlib.suppress(httpx.TransportError):  # The server need not read it all before it answers and closes.
        async with client.server.http() as other:
            other.event_hooks = http.event_hooks
            await other.post("/graphql", content=new("body") + "x" * MAX_BYTES, headers=_JSON)
    await http.post("/graphql", content=new("body"), headers={"Content-Type": f"text/{new('type')}"})
    await http.post("/graphql", json={"query": "{ __typename }"}, headers={"Accept": f"text/{new('type')}"})
    preflight = {"graphql-preflight": "1", "X-Request-ID": f"{new('header')} no word"}
    for query in (
        f'{{ node(id: "{new("query")}") {{ id }} }}',
        f'{{ "{new("query")}"',
        f'{{ a(b: """{new("query")}""" 1',
    ):
        await http.get("/graphql", params={"query": query, "variables": f'{{"a": "{new("query")}'}, headers=preflight)
        await http.get("/graphql", params={"query": query}, headers=preflight)
        await http.post("/graphql", json={"query": query}, headers={"Accept": "text/event-stream"})
    await http.get("/healthz", params={"access_token": new("query")}, headers={"Referer": new("header")})
    for depth, width in ((30, 1), (1, 60)):
        deep = "admin { organization { " * depth + f'a: document(id: "{new("value")}") {{ id }}' + " } }" * depth
        await client.post("{ viewer { " + " ".join(f"v{number}: {deep}" for number in range(width)) + " } }")
    for content in (
        new("body"),
        f'{{"a": "{new("body")}"}}\n',
        f'{{"format": "tenantry", "data": "{new("body")}"}}\n{{',
    ):
        path = f"/organizations/{member.organization_id}/import"
        await http.post(path, content=content, headers=bearer)
        await http.post(path, content=content, headers={**bearer, "Upload-Id": new("upload"), "Upload-Offset": "x"})
    await raw(
        client.server, f"{new('http')} is no HTTP\r\nAuthorization: Bearer {new('token')}\r\n\r\n", client.answers
    )
    long = f"GET /healthz HTTP/1.1\r\nAuthorization: {new('token')}{'x' * 70_000}\r\n\r\n"
    await raw(client.server, long, client.answers)


async def raw(server: ServerProcess, text: str, answers: Answers) -> None:
    """Send bytes that may be no HTTP."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(text.encode())
    answers.add((await reader.read()).decode(errors="replace"))
    writer.close()


async def schemas(client: Client, member: Member) -> None:
    """Write documents that break their type's schema, in every way that a message could tell of."""
    kinds: dict[str, Any] = {
        "a": {"type": "number"},
        "b": {"enum": [1]},
        "c": {"const": 1},
        "d": {"pattern": "^$"},
        "e": {"maxLength": 1},
    }
    own = {"organizationId": member.organization_id, "type": "strict"}
    await client.done(client.mutation("setDocumentSchema"), member.token, input=own | {"schema": {"properties": kinds}})
    data = {name: client.secrets.new("body") for name in kinds}
    body = await client.post(client.mutation("createDocument"), {"input": own | {"data": data}}, member.token)
    assert len(body["data"]["createDocument"]["errors"]) == len(kinds)


async def sockets(client: Client, member: Member) -> None:
    """Send secrets over WebSockets: in messages of every kind, and in such as there are none."""
    new = client.secrets.new
    query = {"query": f'{{ node(id: "{new("value")}") {{ id }} b: node(id: [{new("value")}]) {{ id }} }}'}
    subscribe = {"type": "subscribe", "id": "1", "payload": query}
    wrong = {"type": "subscribe", "id": "2", "payload": {"query": LOGIN, "variables": {"input": new("value")}}}
    inits: list[object] = [
        {"accessToken": new("token")},
        {"accessToken": [new("token")]},
        {"Authorization": {"a": new("token")}},
    ]
    for message in (
        *(json.dumps({"type": "connection_init", "payload": payload}) for payload in [*inits, new("token")]),
        new("message"),
        json.dumps({"type": new("message")}),
        json.dumps(subscribe),
    ):
        await converse(client, [message])
    init = json.dumps({"type": "connection_init", "payload": {"accessToken": member.token}})
    await converse(
        client,
        [init, json.dumps(subscribe), json.dumps(wrong), json.dumps({"type": "subscribe", "id": new("message") * 9})],
    )


async def converse(client: Client, messages: list[str]) -> None:
    """Send messages over a connection of their own, and hear what is said until nothing is to be expected."""
    address = f"ws://127.0.0.1:{client.server.port}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
        for message in messages:
            await socket.send(message)
        await socket.send(json.dumps({"type": "connection_init"}))  # Again, or first: the last is answered by an end.
        await socket.send(json.dumps({"type": "connection_init"}))
        with contextlib.suppress(ConnectionClosed):
            async for answer in socket:
                client.answers.add(str(answer))
        client.answers.add(f"{socket.close_code} {socket.close_reason}")


async def refused_mails(client: Client) -> None:
    """Have the mail server refuse a letter with its token, and an addressee with the address."""
    client.mailbox.loud = True
    await client.post(client.mutation("requestPasswordReset"), {"input": {"email": _BOB}})
    await client.mailed(_BOB, "Choose")
    client.mailbox.loud = False
    address = f"{client.secrets.new('address')}@example.com"
    client.mailbox.replies.extend([f"550 {address} is nobody"])
    await client.post(
        SIGN_UP, {"input": {"name": "Refused", "email": address, "password": client.secrets.new("password")}}
    )

    async def given_up() -> bool:
        return client.server.stderr.count("mail given up") >= 2

    await process.until(given_up, "both mails are given up")


async def crowd(client: Client) -> None:
    """Try more passwords at once than a server takes, on one account: some wait in vain, some are refused at once."""
    guesses = ({"email": _ADA, "password": client.secrets.new("password")} for _ in range(2 * _AT_ONCE))
    answers = await asyncio.gather(*(client.post(LOGIN, {"input": guess}) for guess in guesses))
    assert any("too much to do" in str(answer) for answer in answers)


async def defects(client: Client, database: Database, member: Member) -> None:
    """Have the database hold what nobody expects, so that an error has a secret in its message and its variables."""
    own = {"_id": ids.decode_organization(member.organization_id)}
    await database["organizations"].update_one(own, {"$set": {"status": client.secrets.new("defect")}})
    await database.close()
    body = await client.post("query ($id: ID!) { organization(id: $id) { id } }", {"id": member.organization_id})
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    await client.http.get(
        f"/organizations/{member.organization_id}/export", headers={"Authorization": f"Bearer {member.token}"}
    )
    assert "unforeseen error" in client.server.stderr


async def outage(client: Client, member: Member) -> None:
    """Have the database fall silent while secrets are on their way, and kill it then."""
    os.kill(client.server.database_pid, signal.SIGSTOP)
    guess = {"email": _ADA, "password": client.secrets.new("password")}
    written = {"organizationId": member.organization_id, "type": "note", "data": {"a": client.secrets.new("body")}}
    answers = await asyncio.gather(
        client.post(LOGIN, {"input": guess}),
        client.post(client.mutation("createDocument"), {"input": written}, member.token),
        client.http.get("/readyz"),
    )
    assert any("UNAVAILABLE" in str(answer) for answer in answers[:2])
    os.kill(client.server.database_pid, signal.SIGKILL)
    await client.server.until_ready()


def expired_token(folder: Path, keys: str | None) -> str:
    """Return an access token that the server's own key has signed, and that has ended."""
    ring = KeySet(Algorithm.EDDSA, keys, folder / "data" / "keys.EdDSA.json", None).load()
    tokens = AccessTokens(ring, issuer="tenantry", audience="tenantry", ttl=timedelta(seconds=-60))
    return tokens.issue(AdminId(new_id()), SessionId(new_id()), None).value
