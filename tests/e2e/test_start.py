"""Starting again, twice at once, where it cannot be, and called off half-way."""

import socket
import time
from pathlib import Path

import httpx

from storage.embedded import EmbeddedDatabase
from tests.e2e import process

_LOADED_MACHINE_SECONDS = 15.0
_STOP_SECONDS = 10.0  # After 15 it is killed.


async def test_second_start_continues_with_the_same_data(used_folder: Path) -> None:
    """What was signed up before a clean stop is there after it, soon, and tokens from before still count."""
    async with process.serving(used_folder) as first, first.api() as api:
        member = await api.sign_up(name="Acme Rockets", email="ada@example.com")
        first.terminate()
        assert await first.wait() == 0
    async with process.serving(used_folder) as second, second.api() as api:
        process.show(f"second start: {second.seconds_to_ready:.2f} s")
        assert second.seconds_to_ready < _LOADED_MACHINE_SECONDS
        found = await api.data('{ organization(slug: "acme-rockets") { id } }')
        assert found == {"organization": {"id": member.organization_id}}
        assert (await api.login("ada@example.com"))["errors"] == []
        viewer = (await api.data("{ viewer { admin { id } } }", token=member.token))["viewer"]
        assert viewer == {"admin": {"id": member.admin_id}}


async def test_second_server_leaves_the_first_alone(used_folder: Path) -> None:
    """A server on a data folder in use says so in one line and ends; the first one goes on."""
    async with process.serving(used_folder) as first, first.api() as api:
        await api.sign_up(email="ada@example.com")
        before = first.database_pid
        second = await process.run(used_folder)
        assert (second.code, second.stdout) == (1, "")
        (line,) = second.stderr.splitlines()
        assert str(first.data_dir) in line
        assert str(first.pid) in line
        assert first.database_pid == before
        assert (await api.login("ada@example.com"))["errors"] == []
        assert (await api.http.get("/readyz")).status_code == httpx.codes.OK


@process.needs_proc
async def test_port_in_use_stops_the_start(used_folder: Path) -> None:
    """A start on a port in use ends with one line that names the setting, and its database ends with it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        async with process.launched(used_folder, port=str(port)) as server:
            outcome = await server.outcome()
            assert (outcome.code, outcome.stdout) == (1, "")
            (line,) = outcome.stderr.splitlines()
            assert line.startswith("tenantry: ")
            assert "TENANTRY_PORT" in line
            assert str(port) in line
            assert server.processes() == {}


def test_database_stops_as_soon_as_it_has_started(used_folder: Path) -> None:
    """A database that is asked to stop right after its start stops by itself, long before it would be killed.

    Of two tries one may fail: SecantusDB stops in a signal handler, which can meet its main thread at a bad moment.
    """
    seconds: list[float] = []
    while not seconds or (len(seconds) < 2 and seconds[0] > _STOP_SECONDS):
        database = EmbeddedDatabase(used_folder / "data")
        database.launch()
        database.wait_until_ready()
        started = time.monotonic()
        database.stop()
        seconds.append(time.monotonic() - started)
    assert min(seconds) < _STOP_SECONDS


@process.needs_proc
async def test_start_can_be_called_off(tmp_path: Path) -> None:
    """A server that is asked to stop before it is ready ends in silence and leaves a folder that can be used."""
    async with process.launched(tmp_path) as server:

        async def database_is_starting() -> bool:
            return (server.data_dir / "database.json").exists()

        await process.until(database_is_starting, "the database is starting")
        server.terminate()
        outcome = await server.outcome()
        assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")
        assert server.processes() == {}
    async with process.serving(tmp_path) as server, server.api() as api:
        await api.sign_up()
