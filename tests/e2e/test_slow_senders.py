"""Clients of a real server that send slowly, without end, or too many at once: what only a network shows."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from schema import request_bodies, server_protocols
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.e2e.test_subscriptions import connected

_HEAD_SECONDS, _SILENCE_SECONDS = 10.0, 10.0
_MARGIN = 10.0
_MAX_HEAD_BYTES = 64 * 1024
_HEAD = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_QUERY = json.dumps({"query": "{ __typename }"}).encode()


class Sender:
    """A connection on which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._started = time.monotonic()

    async def send(self, *parts: bytes) -> None:
        """Send bytes."""
        self._writer.write(b"".join(parts))
        await self._writer.drain()

    async def status(self) -> int:
        """Return the status of the answer, when there is one."""
        async with asyncio.timeout(_HEAD_SECONDS + _MARGIN):
            line = await self._reader.readline()
        return int(line.split()[1])

    async def drip(self, data: bytes) -> None:
        """Send the same again and again, until the server wants no more."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(_HEAD_SECONDS + _MARGIN):
                while not self._is_closed():
                    await self.send(data)
                    await asyncio.sleep(0.2)  # The pace of the client, not something to wait for.

    def _is_closed(self) -> bool:
        return self._writer.is_closing() or self._reader._eof  # type: ignore[attr-defined] # noqa: SLF001 - the answer is unread

    @property
    def seconds(self) -> float:
        """How long the connection has been there."""
        return time.monotonic() - self._started


@contextlib.asynccontextmanager
async def sender(server: ServerProcess) -> AsyncIterator[Sender]:
    """Connect."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Sender(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_slow_senders_are_cut_off(tmp_path: Path, external: dict[str, str]) -> None:
    """Whoever sends nothing, a head byte by byte, or a body that stops, is told so after ten seconds."""
    assert server_protocols._HEAD_SECONDS == _HEAD_SECONDS  # noqa: SLF001 - what the test waits for
    assert request_bodies._SILENCE_SECONDS == _SILENCE_SECONDS  # noqa: SLF001 - as above
    async with (
        process.serving(tmp_path, **external) as server,
        sender(server) as silent,
        sender(server) as dripping,
        sender(server) as stopping,
        sender(server) as pausing,
    ):
        await dripping.send(_HEAD)
        drip = asyncio.create_task(dripping.drip(b"x"))
        await stopping.send(_HEAD, b"Content-Length: 1000\r\n\r\n{")
        await pausing.send(_HEAD, f"Content-Length: {len(_QUERY)}\r\n\r\n".encode(), _QUERY)
        assert await pausing.status() == 200
        await pausing.send(b"GET /hea")
        for one in (silent, dripping, stopping):
            assert await one.status() == 408
            assert one.seconds > _HEAD_SECONDS - 1
        drip.cancel()
        async with server.http() as http:
            assert (await http.get("/healthz")).status_code == 200


async def test_endless_head_is_refused(tmp_path: Path, external: dict[str, str]) -> None:
    """What comes before a request is complete is bounded, one field or many; a large field is served."""
    async with process.serving(tmp_path, **external) as server:
        for part in (b"X: " + b"x" * 10_000, b"X: y\r\n" * 1_000):
            async with sender(server) as endless:
                await endless.send(_HEAD, part * (_MAX_HEAD_BYTES // len(part)))
                await endless.drip(part)
                with contextlib.suppress(ConnectionError):  # What was sent too late can make the answer get lost.
                    assert await endless.status() == 431
        async with server.http() as http:
            answer = await http.get("/healthz", headers={"X-Large": "x" * 16_000})
            assert answer.status_code == 200


async def test_connections_are_limited(tmp_path: Path, external: dict[str, str]) -> None:
    """One too many is told to come again; those that are there are served, and others when they are gone."""
    async with process.serving(tmp_path, max_connections="10", **external) as server:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(5):
                await stack.enter_async_context(connected(server))
            senders = [await stack.enter_async_context(sender(server)) for _ in range(5)]
            one_too_many = await stack.enter_async_context(sender(server))
            assert await one_too_many.status() == 503
            await senders[0].send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert await senders[0].status() == 200
        await process.until(lambda: is_served(server), "there is room again")


async def is_served(server: ServerProcess) -> bool:
    """Tell whether a new client is served."""
    async with server.http(fresh_connections=True) as http:
        with contextlib.suppress(httpx.TransportError):
            return (await http.get("/healthz")).status_code == httpx.codes.OK
        return False


@pytest.mark.parametrize("size", [100, 100_000])
async def test_slow_bodies_take_nobodys_place(tmp_path: Path, external: dict[str, str], size: int) -> None:
    """As many as may be executed at once are still sending: others are served at once."""
    async with (
        process.serving(tmp_path, max_requests_at_once="2", **external) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(20):
            slow = await stack.enter_async_context(sender(server))
            await slow.send(_HEAD, f"Content-Length: {size}\r\n\r\n".encode(), b"{" * (size - 1))
        async with server.http() as http:
            answer = await http.post("/graphql", json={"query": "{ __typename }"})
            assert answer.json()["data"] == {"__typename": "Query"}
