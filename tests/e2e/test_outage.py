"""A database that goes away: readiness turns red, requests are told to come again, and service resumes by itself."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo.errors import PyMongoError

from storage.database import Database, Session
from storage.embedded import running_uri
from tests.api import API, LOGIN, PASSWORD
from tests.e2e import process
from tests.e2e.conftest import FolderMaker
from tests.e2e.process import ServerProcess

_READ = '{ organization(slug: "acme-rockets") { name } }'
_FOUND = {"organization": {"name": "Acme Rockets"}}
_LOGIN = {"input": {"email": "ada@example.com", "password": PASSWORD}}
_CHANGE = 'mutation { updateAdmin(input: { name: "Ada Lovelace" }) { errors { code } } }'
_CLIENTS = 4
_ANSWER_SECONDS = 15.0  # 12 is the endpoint's own deadline.
_RESUME_SECONDS = 15.0


@pytest.fixture(scope="module")
async def server(make_used_folder: FolderMaker) -> AsyncIterator[ServerProcess]:
    """A server with one organization, which no test stops."""
    async with process.serving(make_used_folder()) as started:
        async with started.api() as api:
            await api.sign_up(name="Acme Rockets", email="ada@example.com")
        yield started


def until_stopped(pid: int) -> None:
    """Wait until no thread of a process does anything any more."""
    states = [""]
    while set(states) != {"T"}:
        stats = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat"))
        states = [stat.rpartition(")")[2].split()[0] for stat in stats]


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """Have a process do nothing for a while."""
    os.kill(pid, signal.SIGSTOP)
    until_stopped(pid)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_silent_database_is_unavailable_within_the_timeout(server: ServerProcess) -> None:
    """What the silence cuts off is answered in time, `UNAVAILABLE`, and works again soon after it."""
    async with server.api() as api:
        members = [await api.sign_up() for _ in range(_CLIENTS)]
        clients = [
            *(asyncio.create_task(first_failure(api, _READ)) for _ in members),
            *(asyncio.create_task(first_failure(api, _CHANGE, member.token)) for member in members),
        ]
        await api.data(_CHANGE, token=members[0].token)
        with paused(server.database_pid):
            started = time.monotonic()
            alive, ready, *bodies = await asyncio.gather(
                api.http.get("/healthz"), api.http.get("/readyz"), api.execute(LOGIN, _LOGIN), *clients
            )
            seconds = time.monotonic() - started
        process.show(f"answered after {seconds:.2f} s")
        assert seconds < _ANSWER_SECONDS
        assert alive.status_code == httpx.codes.OK
        assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
        for body in bodies:
            assert_unavailable(body)
        await server_resumes(api)
        assert (await api.login("ada@example.com"))["errors"] == []
        async with asyncio.timeout(_RESUME_SECONDS):
            await asyncio.gather(*(change_at_last(api, member.token) for member in members))


async def test_silence_in_the_middle_of_a_transaction_locks_nothing(server: ServerProcess) -> None:
    """What a transaction has written before the database fell silent can be changed soon after."""
    uri = running_uri(server.data_dir)
    assert uri is not None
    database = Database(uri, "tenantry_test")
    changes = database["changes"]
    await changes.insert_one({"_id": "one", "changed": False})

    async def change(tx: Session) -> None:
        await changes.update_one({"_id": "one"}, {"$set": {"changed": True}}, session=tx)

    async def change_and_hear_nothing(tx: Session) -> None:
        await change(tx)
        os.kill(server.database_pid, signal.SIGSTOP)
        await process.until(partial(is_stopped, server.database_pid), "the database is stopped")
        await changes.insert_one({"_id": "two"}, session=tx)

    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            with pytest.raises(PyMongoError):
                await database.transaction(change_and_hear_nothing)
        os.kill(server.database_pid, signal.SIGCONT)
        async with asyncio.timeout(_RESUME_SECONDS):
            await database.transaction(change)
        assert await changes.find_one({}) == {"_id": "one", "changed": True}
    finally:
        os.kill(server.database_pid, signal.SIGCONT)
        await database.close()


def _tasks(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").glob("*/stat")


async def is_stopped(pid: int) -> bool:
    """Tell whether the kernel has stopped all of a process."""
    states = [stat.read_text().rpartition(")")[2].split()[0] for stat in _tasks(pid)]
    return set(states) == {"T"}


async def test_dead_database_is_started_again(server: ServerProcess) -> None:
    """Readiness turns red when the database dies, and green when it was started again, with all its data."""
    async with server.api() as api:
        first = server.database_pid
        os.kill(first, signal.SIGSTOP)  # It is started again so soon that red could not be seen for certain.
        assert (await api.http.get("/readyz")).status_code == httpx.codes.SERVICE_UNAVAILABLE
        os.kill(first, signal.SIGKILL)

        async def started_again() -> bool:
            body = await api.execute(_READ)
            if "errors" in body:
                assert_unavailable(body)
            return server.database_pid != first

        await process.until(started_again, "the database is started again")
        await server_resumes(api)
        assert (await api.login("ada@example.com"))["errors"] == []
        assert server.lives


async def first_failure(api: API, query: str, token: str | None = None) -> dict[str, Any]:
    """Execute an operation over and over; return the first answer that has errors."""
    while True:
        body = await api.execute(query, token=token)
        if "errors" in body:
            return body


async def change_at_last(api: API, token: str) -> None:
    """Make a change, over and over while the server asks to come again."""
    while "errors" in (body := await api.execute(_CHANGE, token=token)):
        assert_unavailable(body)
    assert body["data"]["updateAdmin"]["errors"] == []


async def server_resumes(api: API) -> None:
    """Wait until the server is ready; reads work from then on."""

    async def ready() -> bool:
        answer = await api.http.get("/readyz")
        assert answer.status_code in {200, 503}
        return answer.status_code == httpx.codes.OK

    await process.until(ready, "the server is ready again")
    assert await api.data(_READ) == _FOUND


def assert_unavailable(body: dict[str, Any]) -> None:
    """Assert that an answer tells the client to come again."""
    codes = {(error["extensions"]["code"], error["extensions"]["retryable"]) for error in body["errors"]}
    assert codes == {("UNAVAILABLE", True)}, body
