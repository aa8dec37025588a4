"""Operations that fit the schema and make little sense, sent to a server in production: none is beyond it."""

import ipaddress
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from graphql import build_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auth.errors import ErrorCode
from tests.api import LOGIN, PASSWORD, SIGN_UP
from tests.e2e import operations, process
from tests.e2e.operations import WildOperation
from tests.e2e.process import CHECKOUT, ServerProcess

_LIKELY = {
    "organizationId": "organization",
    "adminId": "admin",
    "documentId": "document",
    "sessionId": "session",
    "invitationId": "invitation",
    "id": "node",
    "slug": "slug",
    "confirmSlug": "slug",
    "email": "email",
    "password": "password",
    "currentPassword": "password",
    "refreshToken": "refresh_token",
    "type": "type",
    "field": "field",
    "name": "name",
}
_OPERATOR = "root@example.com"
_STATUSES = {200, 400, 405}
_SEEN = {code.value for code in ErrorCode} - {ErrorCode.INTERNAL.value}
_EXAMPLES = 80
_FIRST_ADDRESS = int(ipaddress.IPv4Address("10.0.0.1"))
_MANY = 1_000_000_000

_INVITE = "mutation ($i: InviteAdminInput!) { inviteAdmin(input: $i) { invitation { id } errors { code } } }"
_CREATE = "mutation ($i: CreateDocumentInput!) { createDocument(input: $i) { document { id } errors { code } } }"
_VIEWER = "{ viewer { session { id } admin { role organization { status } } operator { id } } }"
_AN_OWNER = {"role": "OWNER", "organization": {"status": "ACTIVE"}}


@dataclass
class World:
    """A server with an organization that can be thrown away, and an operator."""

    server: ServerProcess
    http: httpx.Client
    named: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str | None] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def send(self, query: str, variables: Mapping[str, Any] | None = None, caller: str = "anonymous") -> httpx.Response:
        """Send an operation."""
        return self.post(json.dumps({"query": query, "variables": variables}), caller)

    def post(self, body: str, caller: str) -> httpx.Response:
        """Send the body of a request, from another address each time: guesses from one are soon refused."""
        token = self.tokens.get(caller)
        address = ipaddress.IPv4Address(_FIRST_ADDRESS + next(self.numbers))
        headers = {"Content-Type": "application/json", "X-Forwarded-For": str(address)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.post("/graphql", content=body.encode(), headers=headers)

    def data(self, query: str, variables: Mapping[str, Any] | None = None, caller: str = "anonymous") -> dict[str, Any]:
        """Send an operation that has to succeed; return the payload of its only field."""
        body = self.send(query, variables, caller).json()
        assert "errors" not in body, body
        payload: dict[str, Any]
        (payload,) = body["data"].values()
        return payload

    def mend(self) -> None:
        """Sign up anew unless there is an organization, of which the owner is signed in, and an operator is."""
        if self._viewer("owner").get("admin") != _AN_OWNER:
            self._sign_up()
        if not self._viewer("operator").get("operator"):
            payload = self.data(LOGIN, {"input": {"email": _OPERATOR, "password": PASSWORD}})
            self.tokens["operator"] = payload["session"]["accessToken"]

    def _viewer(self, caller: str) -> dict[str, Any]:
        """Return what somebody is who may not be signed in any more."""
        viewer: dict[str, Any] | None = self.send(_VIEWER, caller=caller).json()["data"]["viewer"]
        return viewer or {}

    def _sign_up(self) -> None:
        number = next(self.numbers)
        email = f"owner{number}@example.com"
        payload = self.data(SIGN_UP, {"input": {"name": f"Acme {number}", "email": email, "password": PASSWORD}})
        organization, session = payload["organization"]["id"], payload["session"]
        self.tokens["owner"] = session["accessToken"]
        of = {"organizationId": organization}
        invited = self.data(_INVITE, {"i": {**of, "email": f"ann{number}@example.com", "role": "ADMIN"}}, "owner")
        created = self.data(_CREATE, {"i": {**of, "type": "note", "data": {"a": 1, "b": {"a": "x"}}}}, "owner")
        self.named = {
            "organization": organization,
            "admin": payload["admin"]["id"],
            "node": created["document"]["id"],
            "document": created["document"]["id"],
            "session": self.data(_VIEWER, caller="owner")["session"]["id"],
            "invitation": invited["invitation"]["id"],
            "slug": payload["organization"]["slug"],
            "email": email,
            "password": PASSWORD,
            "refresh_token": session["refreshToken"],
            "type": "note",
            "field": "a",
            "name": f"Other {number}",
        }


@pytest.fixture(scope="module")
async def server(
    production_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """A server whose budgets do not end, so that nothing is refused for having been asked so often."""
    folder = tmp_path_factory.mktemp("fuzzing")
    own = {
        **production_settings,
        "trusted_proxies": "127.0.0.1",
        "rate_limit": str(_MANY),
        "anonymous_rate_limit": str(_MANY),
    }
    async with process.serving(folder, **own) as server:
        made = await process.run(folder, "operator", "create", _OPERATOR, stdin=f"{PASSWORD}\n", **own)
        assert made.code == 0
        yield server


@pytest.fixture
def world(server: ServerProcess) -> Iterator[World]:
    """The server, with somebody of each kind signed in."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=process.DEADLINE) as http:
        world = World(server, http)
        world.mend()
        yield world


def test_no_operation_is_beyond_the_server(world: World, pytestconfig: pytest.Config) -> None:
    """Whoever sends it: the answer is well-formed, and never that something unforeseen has happened."""
    examples = pytestconfig.getoption("--fuzz")
    schema = build_schema((CHECKOUT / "schema.graphql").read_text())

    @settings(
        max_examples=examples or _EXAMPLES,
        derandomize=not examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(operations.operations(schema, _LIKELY), st.sampled_from(["owner", "owner", "operator", "anonymous"]))
    def check(operation: WildOperation, caller: str) -> None:
        assert_answered(world, operation, caller)

    check()
    process.show(f"codes: {dict(world.codes)}")
    assert "Traceback" not in world.server.stderr
    assert world.codes["fine"] > 0


def assert_answered(world: World, operation: WildOperation, caller: str) -> None:
    """Send an operation, and see that it is answered and the server goes on."""
    body = json.dumps({"query": operation.query, "variables": operation.variables})
    for name, value in world.named.items():
        body = body.replace(f"<{name}>", value)
    answer = world.post(body.replace(operations.DOLLAR, "$"), caller)
    assert answer.status_code in _STATUSES, (answer.text, body)
    found = answer.json()
    codes = {error["extensions"]["code"] for error in found.get("errors", [])}
    assert codes <= _SEEN, (found, body)
    world.codes.update(codes or ["fine"])
    world.mend()
