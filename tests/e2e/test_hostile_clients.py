"""Hostile clients of a server in production, all of whose limits are on: the audits pass, and refusing costs little."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import node
from tests.api import Member
from tests.e2e import measures, process
from tests.e2e.process import ServerProcess
from tests.hostile_bodies import MALFORMED
from tests.hostile_documents import INVALID, TOO_COMPLEX

pytestmark = process.needs_proc

_AUDITS = 61
_MILLISECONDS = 20
_ROUNDS = 20


@pytest.fixture(scope="module")
async def server(
    production_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """A server with the limits that it has by default."""
    async with process.serving(tmp_path_factory.mktemp("hostile"), **production_settings) as server:
        yield server
        assert "Traceback" not in server.stderr


@pytest.fixture(scope="module")
async def member(server: ServerProcess) -> Member:
    """An owner, whose budget is larger than a stranger's."""
    async with server.api() as api:
        return await api.sign_up(name="Acme")


@pytest.fixture(scope="module")
async def http(server: ServerProcess, member: Member) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server, signed in."""
    async with server.http() as client:
        client.headers["Authorization"] = f"Bearer {member.token}"
        client.headers["Content-Type"] = "application/json"
        yield client


@pytest.mark.node
@pytest.mark.timeout(300)
async def test_server_passes_every_audit(server: ServerProcess, cache: pytest.Cache, tmp_path: Path) -> None:
    """Whether an audit is about a MUST, a SHOULD or a MAY (docs/adr/0003)."""
    clients = await node.copy_of_clients(tmp_path, cache)
    outcomes = json.loads(await node.run(clients, "node", "audits.mjs", f"{server.url}/graphql"))
    assert len(outcomes) >= _AUDITS
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []


@pytest.mark.alone
@pytest.mark.parametrize("name", [*TOO_COMPLEX, *INVALID])
async def test_refusing_a_document_costs_little(server: ServerProcess, http: httpx.AsyncClient, name: str) -> None:
    """Less than 20 ms of all the processor time of the server, whether or not it was seen before."""
    document = {**TOO_COMPLEX, **INVALID}[name]
    bodies = [json.dumps({"query": f"{document}{' ' * number}"}).encode() for number in range(_ROUNDS)]
    await assert_cheap(server, http, bodies, "QUERY_TOO_COMPLEX" if name in TOO_COMPLEX else "BAD_REQUEST")


@pytest.mark.alone
@pytest.mark.parametrize("name", list(MALFORMED))
async def test_refusing_a_body_costs_little(server: ServerProcess, http: httpx.AsyncClient, name: str) -> None:
    """Less than 20 ms of all the processor time of the server."""
    await assert_cheap(server, http, [MALFORMED[name]] * _ROUNDS, "BAD_REQUEST")


async def assert_cheap(server: ServerProcess, http: httpx.AsyncClient, bodies: Sequence[bytes], code: str) -> None:
    """Assert that requests are refused, and that one of them shows that it costs little: others at work cost, too."""
    costs = []
    for body in bodies:
        begun = measures.processor_seconds(server.pid)
        answer = await http.post("/graphql", content=body)
        costs.append(1000 * (measures.processor_seconds(server.pid) - begun))
        assert_refused(answer, code)
        if costs[-1] < _MILLISECONDS * measures.slowness():
            return
    raise AssertionError(costs)


def assert_refused(answer: httpx.Response, code: str) -> None:
    """Assert that a request was refused as a whole, by errors of one code."""
    assert answer.status_code in {200, 400}, answer.text
    body: dict[str, Any] = answer.json()
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {code}, body
