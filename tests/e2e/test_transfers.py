"""Export and import with the command line, through crashes of the server, and with files larger than its memory."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import Member
from tests.e2e import process
from tests.e2e.process import Outcome, ServerProcess
from tests.storage import transfers

_DOCUMENTS = 6000
_MEGABYTES = 75
_GROWTH_MB = 60


class Relay:
    """One address for whatever server runs at the moment."""

    def __init__(self) -> None:
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client with the server."""
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(self._copy(reader, back), self._copy(there, writer))
        writer.close()

    @staticmethod
    async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        target.close()


@pytest.fixture
async def relay() -> AsyncIterator[tuple[Relay, str]]:
    """A relay, and its address."""
    relay = Relay()
    listener = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    yield relay, f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()


def write_file(path: Path, contents: list[bytes]) -> bytes:
    """Write a file to be imported; return its last line."""
    file = transfers.file_of(contents)
    path.write_bytes(file)
    return file.splitlines()[-1]


def ndjson_in(folder: Path) -> set[str]:
    """Return the names of the files of documents, and of what is noted about them."""
    return {path.name for path in folder.iterdir() if "ndjson" in path.name}


def noted_upload(file: Path) -> str | None:
    """Return the upload id that is noted beside a file that is being imported."""
    note = file.with_name(f"{file.name}.upload")
    return str(json.loads(note.read_text())["uploadId"]) if note.exists() else None


async def sign_up(server: ServerProcess, folder: Path) -> Member:
    """Sign an organization up; its token is in the folder, then."""
    async with server.api() as api:
        member = await api.sign_up()
    (folder / "token").write_text(f"{member.token}\n")
    return member


async def transfer(folder: Path, url: str, command: str, member: Member, file: str, *options: str) -> Outcome:
    """Run `server.py export` or `server.py import`."""
    arguments = [command, member.organization_id, file, "--url", url, "--token-file", "token", *options]
    return await process.run(folder, *arguments)


async def test_command_line_imports_and_exports(used_folder: Path) -> None:
    """What one command has brought in, the other one brings out again; a refused file leaves nothing."""
    contents = [*transfers.foreign_documents(), *(transfers.api_document(n) for n in range(1500))]
    manifest = json.loads(write_file(used_folder / "in.ndjson", contents))["manifest"]
    async with process.serving(used_folder) as server:
        member = await sign_up(server, used_folder)
        refused = await transfer(used_folder, server.url, "import", member, "token")
        assert (refused.code, "cut off" in refused.stderr) == (1, True), refused.stderr
        done = await transfer(used_folder, server.url, "import", member, "in.ndjson")
        assert (done.code, done.stderr) == (0, "")
        assert f"{len(contents)} inserted" in done.stdout
        assert manifest["hash"] in done.stdout
        assert "read back" in done.stdout
        again = await transfer(used_folder, server.url, "import", member, "in.ndjson")
        assert (again.code, "there already" in again.stderr) == (1, True)
        skipped = await transfer(used_folder, server.url, "import", member, "in.ndjson", "--on-conflict", "skip")
        assert (skipped.code, f"{len(contents)} skipped" in skipped.stdout) == (0, True)
        exported = await transfer(used_folder, server.url, "export", member, "out.ndjson")
        assert (exported.code, manifest["hash"] in exported.stdout) == (0, True)
        (used_folder / "token").write_text("none")
        forged = await transfer(used_folder, server.url, "export", member, "none.ndjson")
        assert (forged.code, "token" in forged.stderr) == (1, True)
    found = json.loads((used_folder / "out.ndjson").read_bytes().splitlines()[-1])["manifest"]
    assert {name: found[name] for name in ("documents", "hash", "types")} == {
        name: manifest[name] for name in ("documents", "hash", "types")
    }
    assert ndjson_in(used_folder) == {"in.ndjson", "out.ndjson"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("state", ["RECEIVING", "APPLYING"])
async def test_import_goes_on_when_the_server_was_killed(
    used_folder: Path, relay: tuple[Relay, str], state: str
) -> None:
    """The command line waits for the next server and sends what is missing; all documents are there, once."""
    contents = [transfers.api_document(n, text="x" * 3000) for n in range(_DOCUMENTS)]
    manifest = json.loads(write_file(used_folder / "in.ndjson", contents))["manifest"]
    connection, url = relay
    async with process.serving(used_folder) as server:
        connection.port = server.port
        member = await sign_up(server, used_folder)
        running = asyncio.create_task(transfer(used_folder, url, "import", member, "in.ndjson"))
        received = await until(server, member, used_folder / "in.ndjson", state)
        server.kill()
        await server.until_all_gone()
    process.show(f"killed with {received} bytes received")
    async with process.serving(used_folder) as server:
        connection.port = server.port
        done = await running
        assert (done.code, done.stderr) == (0, "")
        exported = await transfer(used_folder, url, "export", member, "out.ndjson")
        assert (exported.code, manifest["hash"] in exported.stdout) == (0, True)


async def until(server: ServerProcess, member: Member, file: Path, state: str) -> int:
    """Wait until an import is in a state and a part of it is done; return how many bytes are received."""
    received = 0
    async with server.http() as http:

        async def ready() -> bool:
            nonlocal received
            upload_id = noted_upload(file)
            path = f"/organizations/{member.organization_id}/import/{upload_id}"
            response = await http.get(path, headers={"Authorization": f"Bearer {member.token}"})
            seen: dict[str, Any] = response.json()
            received = seen.get("received", 0)
            part = received if state == "RECEIVING" else seen.get("inserted", 0)
            return bool(seen.get("state") == state and part)

        await process.until(ready, f"the import is {state}")
    return received


@process.needs_proc
async def test_memory_of_the_server_does_not_grow_with_the_file(used_folder: Path) -> None:
    """While 150 MB go through, in and out, the server needs little more than before."""
    contents = [transfers.api_document(n, text="x" * 100_000) for n in range(_MEGABYTES * 10)]
    write_file(used_folder / "large.ndjson", contents)
    write_file(used_folder / "small.ndjson", [transfers.api_document(10**6 + n) for n in range(1200)])
    async with process.serving(used_folder) as server:
        member = await sign_up(server, used_folder)
        for command, file in (("import", "small.ndjson"), ("export", "warm.ndjson")):
            assert (await transfer(used_folder, server.url, command, member, file)).code == 0
        for command, file in (("import", "large.ndjson"), ("export", "out.ndjson")):
            with growth(server.pid) as grown:
                assert (await transfer(used_folder, server.url, command, member, file)).code == 0
            process.show(f"{command}: grown by {grown[0]:.1f} MB")
            assert grown[0] < _GROWTH_MB
        assert (used_folder / "out.ndjson").stat().st_size > _MEGABYTES * 1_000_000


@contextlib.contextmanager
def growth(pid: int) -> Iterator[list[float]]:
    """Measure by how many megabytes the peak of a process' memory rises meanwhile (Linux)."""

    def memory(field: str) -> float:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024

    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before, found = memory("VmRSS"), [0.0]
    yield found
    found[0] = memory("VmHWM") - before
