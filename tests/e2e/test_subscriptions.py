"""Subscriptions of a real server, with a client library of others: what the network adds to the protocol."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from schema import ids
from schema.request_bodies import MAX_MESSAGE_BYTES
from storage.database import Database
from storage.placements import Placement
from tests.api import Member
from tests.e2e import process
from tests.e2e.process import ServerProcess

_STATES = ["PLANNED", "COPYING", "FENCED", "CAUGHT_UP", "VERIFIED", "SWITCHED", "CLEANED"]
_SECONDS = 30.0

PROGRESS = """
subscription ($id: ID!) { migrationProgress(organizationId: $id) { state way documentsDone finishedAt } }
"""
RENAME = """
mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { migration { state } errors { code } } }
"""
FAR_ORIGIN = "https://app.example.com"


@contextlib.asynccontextmanager
async def connected(server: ServerProcess, token: str | None = None, **options: Any) -> AsyncIterator[ClientConnection]:  # noqa: ANN401 - those of the library
    """Connect to the server and introduce the client."""
    address = f"ws://127.0.0.1:{server.port}/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    async with asyncio.timeout(_SECONDS), connect(address, subprotocols=[protocol], proxy=None, **options) as socket:
        await send(socket, type="connection_init", payload={} if token is None else {"accessToken": token})
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


async def send(socket: ClientConnection, **message: Any) -> None:  # noqa: ANN401 - whatever the test gives
    """Send one message."""
    await socket.send(json.dumps(message))


async def follow(socket: ClientConnection, member: Member) -> None:
    """Follow the moves of the member's organization."""
    payload = {"query": PROGRESS, "variables": {"id": member.organization_id}}
    await send(socket, type="subscribe", id="1", payload=payload)


async def fill(external: dict[str, str], member: Member, count: int) -> None:
    """Put documents into the store of the member's organization."""
    database = Database(external["mongodb_uri"], external["database"])
    found = await database["organizations"].find_one({"_id": ids.decode_organization(member.organization_id)})
    assert found is not None
    placement = Placement.from_document(found["placement"])
    collection = database.client[placement.database][placement.collection]
    await collection.insert_many({"_id": number, "text": "ö" * 100} for number in range(count))
    await database.close()


async def test_rename_of_a_full_store_is_followed(tmp_path: Path, external: dict[str, str]) -> None:
    """Its states come in their order and its documents rise, up to the end, and then the connection is as before."""
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        member = await api.sign_up()
        await fill(external, member, 3000)
        async with connected(server, member.token) as socket:
            await follow(socket, member)
            rename = {"organizationId": member.organization_id, "name": "Elsewhere"}
            payload = (await api.data(RENAME, {"input": rename}, token=member.token))["renameOrg"]
            assert payload["errors"] == []
            heard: list[dict[str, Any]] = []
            while (message := json.loads(await socket.recv()))["type"] != "complete":
                heard.append(message["payload"]["data"]["migrationProgress"])
            states = [_STATES.index(move["state"]) for move in heard]
            assert states == sorted(states)
            done = [move["documentsDone"] for move in heard]
            assert done == sorted(done)
            assert heard[-1]["state"] == "CLEANED"
            assert heard[-1]["documentsDone"] == (3000 if heard[-1]["way"] == "COPY" else 0)
            assert heard[-1]["finishedAt"] is not None
            await send(socket, type="subscribe", id="1", payload={"query": "{ __typename }"})
            assert json.loads(await socket.recv())["payload"]["data"] == {"__typename": "Query"}


@process.needs_proc
@pytest.mark.parametrize("ask", [ServerProcess.terminate, ServerProcess.interrupt])
async def test_server_stops_with_open_connections(
    tmp_path: Path, external: dict[str, str], ask: Callable[[ServerProcess], None]
) -> None:
    """Clients that follow something are told that the server restarts, and it ends without a word of error."""
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        member = await api.sign_up()
        async with connected(server, member.token) as busy, connected(server) as idle:
            await follow(busy, member)
            await send(busy, type="ping")
            assert json.loads(await busy.recv()) == {"type": "pong"}
            ask(server)
            for socket in (busy, idle):
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012
        assert await server.wait(10) == 0
        await server.until_all_gone()
        assert "Traceback" not in server.stderr
        assert "error" not in server.stderr.lower()


async def test_connections_have_bounds(tmp_path: Path, external: dict[str, str]) -> None:
    """A page of another origin is refused before the handshake; a message that is too large ends the connection."""
    async with process.serving(tmp_path, cors_origins=FAR_ORIGIN, **external) as server:
        for origin in (server.url, FAR_ORIGIN):
            async with connected(server, origin=origin):
                pass
        with pytest.raises(InvalidStatus) as refused:
            async with connected(server, origin="https://evil.example.com"):
                pass
        assert refused.value.response.status_code == 403
        async with connected(server) as socket:
            await socket.send(" " * MAX_MESSAGE_BYTES)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4400
        async with connected(server) as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send(" " * (MAX_MESSAGE_BYTES + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        async with connected(server) as socket:
            await send(socket, type="ping")
            assert json.loads(await socket.recv()) == {"type": "pong"}


async def test_each_operation_is_a_line_in_the_log(tmp_path: Path, external: dict[str, str]) -> None:
    """With its name, the codes of its errors and a request id, and without tokens and documents."""
    production = {**external, "environment": "production", **process.production_keys()}
    async with process.serving(tmp_path, **production) as server, server.api() as api:
        member = await api.sign_up()
        async with connected(server, member.token, additional_headers={"Authorization": "Bearer canary"}) as socket:
            for name, query in (("Mine", "query Mine { viewer { permissions } }"), ("Wrong", "query Wrong { canary }")):
                await send(socket, type="subscribe", id=name, payload={"query": query, "operationName": name})
                while json.loads(await socket.recv())["type"] not in {"complete", "error"}:
                    pass
        server.terminate()
        assert await server.wait() == 0
        lines = [json.loads(line) for line in server.stderr.splitlines()]
        mine, wrong = (line for line in lines if line["event"] == "operation")
        assert (mine["operation"], mine.get("errors")) == ("Mine", None)
        assert (wrong["operation"], wrong["errors"]) == ("Wrong", ["BAD_REQUEST"])
        assert mine["request_id"] != wrong["request_id"]
        for secret in (member.token, "canary", "permissions"):
            assert secret not in server.stderr
