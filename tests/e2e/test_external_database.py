"""A database that the settings name: several servers share it, and one that cannot be used stops the start."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e import process

_PROMISED_SECONDS = 10.0
_LOADED_MACHINE_SECONDS = 5.0  # What other work on the machine may add.


async def test_two_servers_share_data_folder_and_database(tmp_path: Path, external: dict[str, str]) -> None:
    """Two servers that start at once on one folder make one set of keys: a token of one counts on the other."""
    async with (
        process.launched(tmp_path, **external) as first,
        process.launched(tmp_path, **external) as second,
    ):
        await asyncio.gather(first.until_ready(), second.until_ready())
        async with first.api() as one, second.api() as other:
            member = await one.sign_up(name="Acme Rockets")
            data = await other.data("{ viewer { admin { id organization { slug } } } }", token=member.token)
            assert data["viewer"]["admin"] == {"id": member.admin_id, "organization": {"slug": "acme-rockets"}}
        for server in (first, second):
            server.terminate()
            assert await server.wait() == 0
    assert not (tmp_path / "data" / "database.json").exists()


async def test_unreachable_host_stops_the_start(tmp_path: Path) -> None:
    """A host that does not answer is told in one line, in time, without the password."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"mongodb://me:canary-3f9c1e@127.0.0.1:{closed.getsockname()[1]}/"
        line = await line_of_failed_start(tmp_path, uri)
    assert "does not answer" in line
    assert "canary-3f9c1e" not in line


async def test_wrong_password_stops_the_start(tmp_path: Path, mongodb_uri: str) -> None:
    """A password that the database refuses is told in one line, in time, without the password."""
    password = urlsplit(mongodb_uri).password
    assert password is not None
    line = await line_of_failed_start(tmp_path, mongodb_uri.replace(password, "canary-3f9c1e"))
    assert "password" in line
    assert "TENANTRY_MONGODB_URI" in line
    assert "canary-3f9c1e" not in line
    assert password not in line


async def test_missing_credentials_stop_the_start(tmp_path: Path, mongodb_uri: str) -> None:
    """A connection string without credentials, for a database that wants them, is told in one line, in time."""
    line = await line_of_failed_start(tmp_path, f"mongodb://{mongodb_uri.rpartition('@')[2].partition('/')[0]}/")
    assert "TENANTRY_MONGODB_URI" in line


async def test_standalone_server_stops_the_start(tmp_path: Path) -> None:
    """A server without transactions is told in one line, in time, with the commands that give it transactions."""
    async with standalone_database(tmp_path) as uri:
        line = await line_of_failed_start(tmp_path, uri)
    assert "--replSet" in line
    assert "rs.initiate()" in line


async def line_of_failed_start(folder: Path, uri: str) -> str:
    """Start a server that has to give up in time; return the one line that it says."""
    outcome = await process.run(folder, mongodb_uri=uri)
    process.show(f"gave up after {outcome.seconds:.2f} s: {outcome.stderr}")
    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.seconds < _PROMISED_SECONDS + _LOADED_MACHINE_SECONDS
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("tenantry: ")
    return line


@contextlib.asynccontextmanager
async def standalone_database(folder: Path) -> AsyncIterator[str]:
    """Run a database that says that it is no member of a replica set; yield its connection string."""
    port = process.free_port()
    popen = _launch_standalone(folder, port)
    try:

        async def answers() -> bool:
            assert popen.poll() is None, (folder / "standalone.log").read_text()
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return True
            return False

        await process.until(answers, "the standalone database answers")
        yield f"mongodb://127.0.0.1:{port}/"
    finally:
        popen.kill()
        popen.wait()


def _launch_standalone(folder: Path, port: int) -> subprocess.Popen[bytes]:
    config = folder / "standalone.toml"
    config.touch()
    command = [sys.executable, "-m", "secantus", "--config", str(config), "--standalone", "--port", str(port)]
    with (folder / "standalone.log").open("wb") as log:
        return subprocess.Popen([*command, "--storage-path", str(folder / "standalone")], stdout=log, stderr=log)
