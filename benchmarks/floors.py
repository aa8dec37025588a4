"""What nothing can be quicker than here: an empty answer by the web server, the driver alone, the database alone."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.comparison import Bench
from benchmarks.contenders import CHECKOUT
from benchmarks.http_calls import Call
from benchmarks.processes import Server, free_port

_READS = 3000
_CONNECTIONS = 16


async def hello(scope: dict[str, object], _: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
    """Answer at once; an ASGI application."""
    if scope["type"] == "http":
        head = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{}"})


def web_server(bench: Bench) -> tuple[float, float]:
    """Return requests a second, and processor time in microseconds a request, of an empty answer under uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.floors:hello", "--port", str(port), "--no-access-log"]
    server = Server([*command, "--log-level", "warning"], bench.folder, {"PYTHONPATH": str(CHECKOUT)}, port)
    try:
        server.until_it_answers()
        if bench.server_processors is not None:
            server.pin(bench.server_processors)
        before = server.seconds()
        load = bench.generator.run(server, [Call("GET", "/")], _CONNECTIONS, bench.seconds)
        return load.requests / load.seconds, (server.seconds() - before) / load.requests * 1e6
    finally:
        server.stop()


def driver(bench: Bench, database: str, *, at_once: int) -> tuple[float, float, float]:
    """Return reads of one document a second through Motor alone, and the microseconds of processor time that they take.

    They are ours first, then those of the database.
    """
    before = bench.database_seconds()
    rate, used = uvloop.run(_driver(bench.database.uri, database, at_once))
    return rate, used, (bench.database_seconds() - before) / _READS * 1e6


async def _driver(uri: str, database: str, at_once: int) -> tuple[float, float]:
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(uri)
    organizations = client[database]["organizations"]

    async def reader() -> None:
        for _ in range(_READS // at_once):
            assert await organizations.find_one({"slug": "organization-0000123"})

    await organizations.find_one()
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(reader() for _ in range(at_once)))
    took, used = time.perf_counter() - began, time.process_time() - used
    client.close()
    return _READS / took, used / _READS * 1e6


def measured(bench: Bench, database: str) -> list[tuple[str, float, float]]:
    """Return what is measured, its rate, and its processor time in microseconds."""
    one_rate, one_used, _ = driver(bench, database, at_once=1)
    rate, used, database_used = driver(bench, database, at_once=_CONNECTIONS)
    floors = [
        (f"an empty answer, uvicorn, {_CONNECTIONS} connections", *web_server(bench)),
        ("Motor, `find_one`, one at a time", one_rate, one_used),
        (f"Motor, `find_one`, {_CONNECTIONS} at a time", rate, used),
    ]
    if database_used:
        floors.append(("the embedded database alone, `find_one`", 1e6 / database_used, database_used))
    return floors
