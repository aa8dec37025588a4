"""More than a server can do: what is beyond its capacity is refused at once, and its memory stays what it was."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from tests.e2e import measures, process
from tests.e2e.conftest import FolderMaker
from tests.e2e.process import ServerProcess
from tests.hostile_bodies import HEAVY, MALFORMED

pytestmark = process.needs_proc

_AT_ONCE = 4
_CLIENTS = 60
_REQUESTS = 20
_MIB = 1024 * 1024
_ALLOWED_MIB = 48  # What the allocator may keep back by chance.
_MANY = "1000000000"
_JSON = {"Content-Type": "application/json"}
_READ = {"query": '{ organization(slug: "acme-rockets") { name } }'}
_FOUND = {"organization": {"name": "Acme Rockets"}}
_BODY = json.dumps(_READ).encode()
_HEAD = "POST /graphql HTTP/1.1\r\nHost: tenantry.test\r\nContent-Type: application/json\r\nContent-Length: "
_REQUEST = f"{_HEAD}{len(_BODY)}\r\n\r\n".encode() + _BODY
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, its head in lower case, and after how many seconds it came."""

    status: int
    head: str
    body: dict[str, Any]
    seconds: float


@pytest.fixture(scope="module")
async def server(make_used_folder: FolderMaker) -> AsyncIterator[ServerProcess]:
    """A server with a database of its own, which executes four requests at once and has budgets without an end."""
    settings = {"max_requests_at_once": str(_AT_ONCE), "rate_limit": _MANY, "anonymous_rate_limit": _MANY}
    async with process.serving(make_used_folder(), **settings) as started:
        async with started.api() as api:
            await api.sign_up(name="Acme Rockets")
        yield started


async def test_what_is_beyond_capacity_is_refused_while_the_rest_is_served(server: ServerProcess) -> None:
    """With 503 and when to come again; that takes no longer in the end than in the beginning."""
    floods = await asyncio.gather(*(one_after_the_other(server) for _ in range(_CLIENTS)))
    counts = Counter(one.status for flood in floods for one in flood)
    process.show(f"answers: {dict(counts)}")
    assert set(counts) == {200, 503}
    assert counts[200] >= _AT_ONCE
    third = _REQUESTS // 3
    begin, end = (seconds_of_refusals(floods, part) for part in (slice(third), slice(-third, None)))
    assert percentile(end) < 5 * percentile(begin) + 1


def seconds_of_refusals(floods: Sequence[Sequence[Answer]], part: slice) -> list[float]:
    """Return how long refusals took in a part of each flood; each has to be as it should."""
    refused = [one for flood in floods for one in flood[part] if one.status != httpx.codes.OK]
    for one in refused:
        assert_refused(one)
    return [one.seconds for one in refused]


async def test_refusals_ask_nothing_of_the_database(server: ServerProcess) -> None:
    """While it is silent and as many requests as may be wait for it, all others are refused; then all goes on."""
    os.kill(server.database_pid, signal.SIGSTOP)
    try:
        sent = [asyncio.create_task(only_one(server)) for _ in range(_CLIENTS)]
        await process.until(partial(are_answered, sent, _CLIENTS - _AT_ONCE), "all are refused but those that wait")
        refused, waiting = [one.result() for one in sent if one.done()], [one for one in sent if not one.done()]
    finally:
        os.kill(server.database_pid, signal.SIGCONT)
    assert len(waiting) == _AT_ONCE
    for one in refused:
        assert_refused(one)
    assert {one.status for one in await asyncio.gather(*waiting)} == {200}


async def test_requests_that_wait_on_one_connection_are_bounded(server: ServerProcess) -> None:
    """Of those that are sent ahead without end, the first ones may be answered, and the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: tenantry.test\r\n\r\n" * 4_000)
        async with asyncio.timeout(process.DEADLINE):
            answers = b""
            with contextlib.suppress(ConnectionError):  # What was sent too late can make the answer get lost.
                answers = await reader.read()
    finally:
        writer.close()
    assert answers.count(b"HTTP/1.1 ") < 100
    assert (await only_one(server)).status == httpx.codes.OK


async def are_answered(sent: Sequence[asyncio.Task[Answer]], count: int) -> bool:
    """Tell whether so many requests are answered."""
    return sum(one.done() for one in sent) >= count


def largest() -> bytes:
    """Return one of the largest requests that are executed: a text, or many small values."""
    texts = json.dumps({"query": "{ __typename }", "variables": {"a": "x" * (5 * _MIB - 100)}}).encode()
    return [texts, *HEAVY.values()][next(_numbers) % 3]


def largest_document() -> bytes:
    """Return a document that was never sent before, as long as those that are remembered."""
    return json.dumps({"query": f"{{ __typename }} #{next(_numbers):08}{'x' * 8_000}"}).encode()


def illegal() -> bytes:
    """Return a request that is too large, too deep, or nothing at all."""
    bodies = [b"x" * (6 * _MIB), *MALFORMED.values()]
    return bodies[next(_numbers) % len(bodies)]


@pytest.mark.parametrize(("body", "count"), [(largest, 6), (largest_document, 100), (illegal, 70)])
async def test_memory_is_flat(server: ServerProcess, body: Callable[[], bytes], count: int) -> None:
    """However many of the largest or of the worst requests come: once it is warm, the server has what it takes."""
    sizes = []
    async with server.http() as http:
        for _ in range(3):
            await flood(http, body, count)
            sizes.append(measures.resident_bytes(server.pid) / _MIB)
        assert (await http.post("/graphql", json=_READ)).json()["data"] == _FOUND
    process.show(f"resident, MiB: {sizes}")
    assert sizes[2] < sizes[1] + _ALLOWED_MIB


async def flood(http: httpx.AsyncClient, body: Callable[[], bytes], count: int) -> None:
    """Send requests, as many at once as are executed at once. What is too large may be cut off before it is sent."""
    bodies = iter([body] * count)

    async def send() -> None:
        for make in bodies:
            with contextlib.suppress(httpx.ReadError, httpx.WriteError):
                answer = await http.post("/graphql", content=make(), headers=_JSON)
                assert answer.status_code in {200, 400, 413, 503}, answer.text

    await asyncio.gather(*(send() for _ in range(_AT_ONCE)))


async def one_after_the_other(server: ServerProcess, count: int = _REQUESTS) -> list[Answer]:
    """Send requests on one connection, without a pause between them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answers = []
    try:
        for _ in range(count):
            begun = time.perf_counter()
            writer.write(_REQUEST)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            body = await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
            answers.append(Answer(int(head.split()[1]), head, json.loads(body), time.perf_counter() - begun))
    finally:
        writer.close()
    return answers


async def only_one(server: ServerProcess) -> Answer:
    """Send one request."""
    (answer,) = await one_after_the_other(server, 1)
    return answer


def assert_refused(answer: Answer) -> None:
    """Assert that an answer tells the client to come again, and when."""
    assert answer.status == httpx.codes.SERVICE_UNAVAILABLE, answer
    assert "retry-after: 1\r\n" in answer.head
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)


def percentile(seconds: list[float]) -> float:
    """Return what 99 of a hundred stay below."""
    return sorted(seconds)[int(len(seconds) * 0.99)]
