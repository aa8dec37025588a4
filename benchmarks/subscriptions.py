"""Measures what a thousand subscribers of one worker cost, over WebSocket. Run: `make bench`."""

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from schema import ids
from storage.database import Database
from storage.embedded import running_uri
from tests.api import Member
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.storage import happenings

_TARGET_KIB = 50
_TARGET_MS = 100
_AT_ONCE = 50
_EVENTS = 20
_CHANGES = """
subscription ($id: ID!) { documentChanges(organizationId: $id) { cursor kind documentId version document { version } } }
"""


def resident(server: ServerProcess) -> int:
    """Return the resident memory of the server's process, in KiB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def subscribe(server: ServerProcess, member: Member, stack: contextlib.AsyncExitStack) -> ClientConnection:
    """Connect, and follow the organization's documents."""
    socket = await stack.enter_async_context(
        connect(
            f"ws://127.0.0.1:{server.port}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            ping_interval=None,
            proxy=None,
        )
    )
    await socket.send(json.dumps({"type": "connection_init", "payload": {"accessToken": member.token}}))
    await socket.recv()
    payload = {"query": _CHANGES, "variables": {"id": member.organization_id}}
    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
    return socket


async def tell(database: Database, member: Member, sockets: list[ClientConnection], version: int) -> list[float]:
    """Tell of one change; return the milliseconds from its commit until each subscriber has it."""
    received: list[float] = []

    async def receive(socket: ClientConnection) -> None:
        message = await socket.recv()
        received.append(time.perf_counter())
        assert json.loads(message)["payload"]["data"]["documentChanges"]["version"] == version

    receiving = [asyncio.ensure_future(receive(socket)) for socket in sockets]
    await happenings.documents(database, ids.decode_organization(member.organization_id), version)
    committed = time.perf_counter()
    await asyncio.gather(*receiving)
    return [(at - committed) * 1000 for at in received]


async def run(count: int) -> None:
    """Start a server, subscribe, and print the report as a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            process.serving(Path(folder), subscriptions_per_organization=str(count + 1)) as server,
            server.api() as api,
            contextlib.AsyncExitStack() as stack,
        ):
            member = await api.sign_up()
            sockets = [await subscribe(server, member, stack)]
            uri = running_uri(server.data_dir)
            assert uri is not None
            database = Database(uri, "tenantry")
            await asyncio.sleep(2)
            await tell(database, member, sockets, 0)
            before = resident(server)
            for _ in range(0, count, _AT_ONCE):
                sockets += await asyncio.gather(*(subscribe(server, member, stack) for _ in range(_AT_ONCE)))
            await asyncio.sleep(6)
            sockets.remove(sockets[0])
            idle = (resident(server) - before) / count
            found = [await tell(database, member, sockets, version) for version in range(1, _EVENTS + 1)]
            used = (resident(server) - before) / count
            await database.close()
    median = statistics.median(one for times in found for one in times)
    slowest = statistics.median(max(times) for times in found)
    memory, latency = ["kept" if holds else "missed" for holds in (used < _TARGET_KIB, median < _TARGET_MS)]
    print("| case | measured | target | |\n|---|---|---|---|")  # noqa: T201 - a command
    measured = f"{idle:.0f} KiB idle, {used:.0f} KiB after {_EVENTS} events"
    print(f"| memory of a subscriber, {count:,} of them | {measured} | {_TARGET_KIB} KiB | {memory} |")  # noqa: T201 - as above
    print(f"| from commit to receipt | {median:.0f} ms; the last one {slowest:.0f} ms | {_TARGET_MS} ms | {latency} |")  # noqa: T201 - as above


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000, help="how many follow the same organization")
    asyncio.run(run(parser.parse_args().subscribers))


if __name__ == "__main__":
    main()
