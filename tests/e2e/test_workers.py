"""Several workers on one embedded database: they share what they know, and end with the server."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection

from storage.database import new_id
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.e2e.test_subscriptions import connected, send

ACTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { seq } }"
UPDATE = "mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { errors { code } } }"
_WORKERS = 4
_SIGN_UPS = 8
_EVENTS = 20
_ATTEMPT_SECONDS = 1.5  # Less than a worker may be silent before the server replaces it (5 seconds).


@contextlib.contextmanager
def paused(pids: Sequence[int]) -> Iterator[None]:
    """Have processes do nothing for a while."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@process.needs_proc
async def test_workers_share_one_embedded_database(used_folder: Path) -> None:
    """What any worker has signed up is seen by each of them, and all of them stop with the server."""
    async with process.serving(used_folder, workers=str(_WORKERS)) as server:
        async with server.api(fresh_connections=True) as api:
            members = await asyncio.gather(*(api.sign_up() for _ in range(_SIGN_UPS)))
        expected = {f"o{number}": {"id": member.organization_id} for number, member in enumerate(members)}
        fields = (f'o{number}: organization(slug: "{member.slug}") {{ id }}' for number, member in enumerate(members))
        query = f"{{ {' '.join(fields)} }}"
        workers = await all_workers(server)
        for worker in workers:
            others = [pid for pid in workers if pid != worker]
            assert await answer_of_the_only(server, others, query) == {"data": expected}
        assert sorted(server.workers()) == sorted(workers)
        server.terminate()
        assert await server.wait() == 0
        await server.until_all_gone()


@process.needs_proc
async def test_killed_server_leaves_no_process_behind(used_folder: Path) -> None:
    """When the server is killed, its workers and its database end by themselves."""
    async with process.serving(used_folder, workers="2") as server:
        await all_workers(server, 2)
        server.kill()
        await server.until_all_gone()


@process.needs_proc
async def test_killed_server_leaves_no_worker_that_still_loads(tmp_path: Path, external: dict[str, str]) -> None:
    """A worker that begins to serve when the server is dead already ends by itself."""
    async with process.launched(tmp_path, workers="2", **external) as server:
        await all_workers(server, 2)
        server.kill()
        await server.until_all_gone()


@process.needs_proc
async def test_every_worker_tells_every_event_once_and_in_order(used_folder: Path) -> None:
    """Two subscribers, one of each worker, hear the same of what any worker does."""
    async with process.serving(used_folder, workers="2") as server, server.api(fresh_connections=True) as api:
        workers, member = await all_workers(server, 2), await api.sign_up()
        for worker in workers:
            others = [pid for pid in workers if pid != worker]
            await answer_of_the_only(server, others, "{ __typename }")
        async with contextlib.AsyncExitStack() as stack:
            sockets = []
            for worker in workers:
                with paused([pid for pid in workers if pid != worker]):
                    sockets.append(await stack.enter_async_context(connected(server, member.token)))
            for socket in sockets:
                payload = {"query": ACTS, "variables": {"id": member.organization_id}}
                await send(socket, type="subscribe", id="1", payload=payload)
            seqs: list[list[int]] = [[] for _ in sockets]
            hearing = [asyncio.create_task(hear(*pair)) for pair in zip(sockets, seqs, strict=True)]
            async with asyncio.timeout(process.DEADLINE):
                while not all(seqs) or min(found[-1] for found in seqs) - max(found[0] for found in seqs) < _EVENTS:
                    variables = {"input": {"organizationId": member.organization_id, "description": new_id()}}
                    await api.data(UPDATE, variables, token=member.token)
            for task in hearing:
                task.cancel()
    for found in seqs:
        assert found == list(range(found[0], found[-1] + 1))


async def hear(socket: ClientConnection, seqs: list[int]) -> None:
    """Note the numbers of the events that a subscriber hears of."""
    async for message in socket:
        seq: int = json.loads(message)["payload"]["data"]["organizationEvents"]["seq"]
        seqs.append(seq)


async def all_workers(server: ServerProcess, count: int = _WORKERS) -> list[int]:
    """Return the process ids of the workers as soon as there are as many as wanted."""

    async def complete() -> bool:
        return len(server.workers()) == count

    await process.until(complete, f"there are {count} workers")
    return server.workers()


async def answer_of_the_only(server: ServerProcess, others: Sequence[int], query: str) -> object:
    """Return what a worker answers while all others are paused; it may still be loading."""
    answers: list[object] = []

    async def answered() -> bool:
        with contextlib.suppress(httpx.TransportError), paused(others):
            async with server.api(fresh_connections=True, seconds=_ATTEMPT_SECONDS) as api:
                answers.append(await api.execute(query))
        return bool(answers)

    await process.until(answered, "the worker answers")
    return answers[0]
