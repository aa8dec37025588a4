"""The log in production: one JSON object a line, and no secret in any of them."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api import API, LOGIN, SIGN_UP
from tests.e2e import process
from tests.e2e.process import ServerProcess

_CANARY = "canary-3f9c1e"
_PASSWORD = f"{_CANARY} granite teapot"
_WRONG = f"{_CANARY} wrong"
_REFRESH = (
    "mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { session { refreshToken } } }"
)


@pytest.fixture
def production(external: dict[str, str]) -> dict[str, str]:
    """Settings of a server in production."""
    return {**external, "environment": "production", **process.production_keys()}


async def test_no_secret_is_logged(tmp_path: Path, production: dict[str, str]) -> None:
    """Passwords, tokens and queries of requests that work, fail or are malformed are nowhere in the output."""
    async with process.serving(tmp_path, **production) as server:
        tokens = await well_formed_session(server)
        await malformed_session(server)
        server.terminate()
        assert await server.wait() == 0
        lines = [json.loads(line) for line in server.stderr.splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        private_key = json.loads(production["jwt_keys"])["keys"][0]["d"]
        output = server.stdout + server.stderr
        for secret in (_CANARY, urlsplit(production["mongodb_uri"]).password, private_key, *tokens):
            assert secret
            assert secret not in output
        for token in tokens:
            assert token.rpartition(".")[2] not in output


async def test_each_request_is_one_line(tmp_path: Path, production: dict[str, str]) -> None:
    """The log has one line a request, with the operation's name and the codes of its errors."""
    async with process.serving(tmp_path, **production) as server:
        async with server.api() as api:
            await refresh(api, _CANARY)
            await api.execute("{ nothing }")
        server.terminate()
        assert await server.wait() == 0
        lines = [json.loads(line) for line in server.stderr.splitlines()]
        first, second = (line for line in lines if (line["event"], line.get("path")) == ("request", "/graphql"))
        assert (first["method"], first["status"], first["operation"]) == ("POST", 200, "Refresh")
        assert (second["method"], second["status"], second["errors"]) == ("POST", 200, ["BAD_REQUEST"])
        assert first["request_id"] != second["request_id"]


async def test_production_hides_the_schema(tmp_path: Path, production: dict[str, str]) -> None:
    """In production there is no playground, and nobody is told what the schema is."""
    async with process.serving(tmp_path, **production) as server, server.api() as api:
        assert (await api.http.get("/graphiql")).status_code == 404
        assert (await api.http.get("/")).status_code == 404
        assert "graphiql" not in server.stdout
        assert await api.data("{ __typename }") == {"__typename": "Query"}
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Query") { fields { name } } }'):
            body = await api.execute(query)
            assert body.get("data") is None
            assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_REQUEST"}
        misspelt = await api.execute("{ viewr { permissions } }")
        assert "viewer" not in misspelt["errors"][0]["message"]


async def well_formed_session(server: ServerProcess) -> list[str]:
    """Sign up, log in, refresh, and fail at each; return all tokens that were given."""
    async with server.api() as api:
        member = await api.sign_up(email="ada@example.com", password=_PASSWORD)
        payload = await api.login("ada@example.com", _PASSWORD)
        assert (await api.login("ada@example.com", _WRONG))["errors"] != []
        assert (await api.login("nobody@example.com", _WRONG))["errors"] != []
        assert (await api.create_org(email="ada@example.com", password=_PASSWORD))["errors"] != []
        assert (await api.create_org(password=_CANARY[:8]))["errors"] != []
        given = payload["session"]["refreshToken"]
        renewed = await refresh(api, given)
        await refresh(api, _CANARY)
        await api.data(f'{{ viewer {{ admin {{ id }} }} o: organization(slug: "{_CANARY}") {{ id }} }}')
        await api.execute("{ viewer { admin { id } } }", token=f"{member.token}{_CANARY}")
        await api.execute("{ viewer { admin { id } } }", token=member.token)
    successor = renewed["data"]["refreshSession"]["session"]["refreshToken"]
    return [member.token, member.refresh_token, payload["session"]["accessToken"], given, successor]


async def refresh(api: API, token: str) -> dict[str, Any]:
    """Exchange a refresh token, in an operation that is named."""
    variables = {"input": {"refreshToken": token}}
    answer = await api.http.post(
        "/graphql", json={"query": _REFRESH, "variables": variables, "operationName": "Refresh"}
    )
    body: dict[str, Any] = answer.json()
    return body


async def malformed_session(server: ServerProcess) -> None:
    """Send what is not JSON, not GraphQL, not of the schema, not HTTP, each with a secret in it."""
    typo = LOGIN.replace("email password", "email pasword")
    variables = {"input": {"email": "ada@example.com", "password": {"oops": _PASSWORD}}}
    async with server.http() as http:
        for body in (
            {"query": f"{{ {_CANARY} "},
            {"query": f'mutation {{ login(input: {{ email: "a@b.c", password: "{_PASSWORD}", x: 1 }}) {{ x }} }}'},
            {"query": LOGIN, "variables": variables},
            {"query": SIGN_UP, "variables": {"input": {"password": _PASSWORD}}},
            {"query": typo, "variables": _PASSWORD},
            {"query": "{ viewer { permissions } }", "operationName": f"{_CANARY} x"},
            [_PASSWORD],
        ):
            answer = await http.post("/graphql", json=body)
            assert "errors" in answer.json()
        json_type = {"Content-Type": "application/json"}
        await http.post("/graphql", content=f'{{"query": "{_PASSWORD}', headers=json_type)
        await http.post("/graphql", content=_PASSWORD, headers={"Content-Type": f"text/{_CANARY}"})
        await http.get("/graphql", params={"query": f"{{ {_PASSWORD} }}"}, headers={"graphql-preflight": "1"})
        await http.get("/healthz", params={"access_token": _CANARY}, headers={"X-Request-ID": f"{_CANARY} {_CANARY}"})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{_CANARY} is no HTTP\r\nAuthorization: Bearer {_CANARY}\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()
