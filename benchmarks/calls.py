"""Function calls a request, counted in this process: the same on a busy machine as on an idle one."""

import asyncio
import contextlib
import os
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

import server
from benchmarks.contenders import PRODUCTION
from benchmarks.http_calls import Call
from benchmarks.worlds import World
from schema import logs
from tests.api import started

_REQUESTS = 50
_HIGH = 1_000_000_000
Cases = Mapping[str, Call]


@dataclass
class Counter:
    """Counts calls of Python functions and of built-in ones in its thread."""

    calls: int = 0

    def __call__(self, _: types.FrameType, event: str, __: Any) -> None:  # noqa: ANN401 - the interpreter's signature
        """Count an event, if it is a call."""
        self.calls += event in {"call", "c_call"}


async def send(app: ASGIApp, call: Call) -> int:
    """Send a call to an application in this process; return the status."""
    head, _, body = call.encode("127.0.0.1").partition(b"\r\n\r\n")
    fields = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    address = urlsplit(call.path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": address.path,
        "raw_path": address.path.encode(),
        "query_string": address.query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, _, value in fields],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, note)
    return statuses[0]


async def _counted(app: ASGIApp, call: Call) -> float:
    for _ in range(_REQUESTS):
        assert await send(app, call) == 200
    counter = Counter()
    sys.setprofile(counter)
    try:
        for _ in range(_REQUESTS):
            await send(app, call)
    finally:
        sys.setprofile(None)
    return counter.calls / _REQUESTS


async def _run(settings: server.Settings, cases: Cases) -> dict[str, float]:
    async with started(server.create_app(settings)) as app:
        return {name: await _counted(app, call) for name, call in cases.items()}


def settings_of(world: World, uri: str, folder: Path) -> server.Settings:
    """Return the settings of a server that was started in this run, to be run in this process as well."""
    name = world.contender.database("core")
    given = {"mongodb_uri": uri, "database": name, "data_dir": folder / name, **PRODUCTION}
    return server.Settings.model_validate({**given, "rate_limit": _HIGH, "anonymous_rate_limit": _HIGH})


def a_request(world: World, uri: str, cases: Callable[[World], Cases], folder: Path) -> dict[str, float]:
    """Return the function calls of a request of each case, in the event loop's thread, one request at a time."""
    settings = settings_of(world, uri, folder)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        logs.configure(as_json=True)
        return asyncio.run(_run(settings, cases(world)))
