"""Clients of a real server that do not read, or whose server stops: what only a network shows."""

import asyncio
import base64
import contextlib
import json
import select
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema import server_protocols
from tests.api import API, Member
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.e2e.test_subscriptions import PROGRESS, RENAME, connected, follow

_PATIENCE = 10.0
_MARGIN = 10.0
_LARGE = "x" * 1_000_000
CREATE = "mutation ($input: CreateDocumentsInput!) { createDocuments(input: $input) { errors { code } } }"
DOCUMENTS = "query ($id: ID) { organization(id: $id) { documents { edges { node { data } } } } }"


async def fill(api: API, member: Member) -> None:
    """Make documents that are more together than the network has room for."""
    documents = [{"type": "large", "data": {"text": _LARGE}} for _ in range(4)]
    for _ in range(2):
        variables = {"input": {"organizationId": member.organization_id, "documents": documents}}
        assert (await api.data(CREATE, variables, token=member.token))["createDocuments"]["errors"] == []


class DeafClient:
    """A client that sends what it has to say and never reads: it hears that it is cut off, no more."""

    def __init__(self, server: ServerProcess) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", server.port))
        self._started = time.monotonic()

    def send(self, *parts: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(b"".join(parts))

    async def seconds_until_cut(self) -> float:
        """Wait until the server has cut the connection; return how long that took."""
        poll, started = select.poll(), self._started
        poll.register(self._socket, 0)
        ready = await asyncio.to_thread(poll.poll, (_PATIENCE + _MARGIN) * 1000)
        self._socket.close()
        assert ready, "The server still waits for the client."
        return time.monotonic() - started

    def shake_hands(self) -> None:
        """Become a WebSocket: the only thing that the client reads."""
        self.send(
            b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n",
            b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"permessage-deflate" not in head


def over_websocket(server: ServerProcess, member: Member) -> DeafClient:
    """Return a client that asks for all documents over a WebSocket."""
    client = DeafClient(server)
    client.shake_hands()
    payload = {"query": DOCUMENTS, "variables": {"id": member.organization_id}}
    client.send(frame({"type": "connection_init", "payload": {"accessToken": member.token}}))
    client.send(frame({"type": "subscribe", "id": "1", "payload": payload}))
    return client


def over_http(server: ServerProcess, member: Member, accept: str) -> DeafClient:
    """Return a client that asks for all documents over HTTP."""
    client = DeafClient(server)
    body = json.dumps({"query": DOCUMENTS, "variables": {"id": member.organization_id}}).encode()
    client.send(
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n",
        f"Accept: {accept}\r\nAuthorization: Bearer {member.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode(),
        body,
    )
    return client


def frame(message: dict[str, Any]) -> bytes:
    """Return a WebSocket frame with a message, masked with zeros, which leave it as it is (RFC 6455, section 5.2)."""
    text = json.dumps(message).encode()
    assert 126 <= len(text) < 65_536
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text


async def test_clients_that_do_not_read_are_cut_off(tmp_path: Path, external: dict[str, str]) -> None:
    """After ten seconds, by WebSocket and as events; others are served meanwhile, and a download may take longer."""
    assert server_protocols._PATIENCE_SECONDS == _PATIENCE  # noqa: SLF001 - what the test waits for
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        member, other = await api.sign_up(), await api.sign_up()
        await fill(api, member)
        deaf = [over_websocket(server, member), over_http(server, member, "text/event-stream")]
        patient = over_http(server, member, "application/json")
        cuts = asyncio.gather(*(client.seconds_until_cut() for client in deaf))
        async with connected(server, other.token) as socket:
            await follow(socket, other)
            rename = {"organizationId": other.organization_id, "name": "Elsewhere"}
            await api.data(RENAME, {"input": rename}, token=other.token)
            messages = []
            while (message := json.loads(await socket.recv()))["type"] != "complete":
                messages.append(message)
        assert messages[-1]["payload"]["data"]["migrationProgress"]["state"] == "CLEANED"
        assert min(await cuts) >= _PATIENCE
        with pytest.raises(AssertionError, match="still waits"):
            await patient.seconds_until_cut()


@process.needs_proc
async def test_server_stops_with_open_streams(tmp_path: Path, external: dict[str, str]) -> None:
    """They end without being completed, so that their clients come back, and nothing waits for them."""
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        member = await api.sign_up()
        async with event_stream(server, member) as response:
            chunks = response.aiter_raw()
            assert await anext(chunks) == b":\n\n"
            server.terminate()
            assert [chunk async for chunk in chunks] == []
        assert await server.wait(10) == 0
        await server.until_all_gone()
        assert "Traceback" not in server.stderr
        assert "error" not in server.stderr.lower()


@contextlib.asynccontextmanager
async def event_stream(server: ServerProcess, member: Member) -> AsyncIterator[httpx.Response]:
    """Follow the moves of the member's organization by events."""
    body = {"query": PROGRESS, "variables": {"id": member.organization_id}}
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {member.token}"}
    async with server.http() as client, client.stream("POST", "/graphql", json=body, headers=headers) as response:
        yield response
