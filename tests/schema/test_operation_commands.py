"""The commands `operations …`, beside a running server or without one."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import server
from server import Settings, StartupError
from storage import persisted_operations
from storage.database import Database

VIEWER, NAME = "query Viewer { viewer { permissions } }", "query Name { __typename }"
Command = Callable[..., Awaitable[Result]]


@pytest.fixture
def operations(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command on the database of the test."""
    assert settings.mongodb_uri is not None
    monkeypatch.setenv("TENANTRY_MONGODB_URI", settings.mongodb_uri.get_secret_value())
    monkeypatch.setenv("TENANTRY_DATABASE", settings.database)
    monkeypatch.setenv("TENANTRY_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TENANTRY_MAX_DOCUMENT_ALIASES", "1")

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(server.cli, ["operations", *arguments]))

    return run


def written(folder: Path, documents: dict[str, str], name: str = "web.json") -> str:
    """Write a manifest; return its path."""
    path = folder / name
    path.write_text(json.dumps(documents))
    return str(path)


async def test_manifest_comes_and_goes(database: Database, operations: Command, tmp_path: Path) -> None:
    """Loaded once or again, listed, and removed by the id that is shown."""
    path = written(tmp_path, {"Viewer": VIEWER, "Name": NAME})
    loaded, again = await operations("load", path), await operations("load", path)
    (found,) = await persisted_operations.summaries(database)
    assert loaded.stdout == f"2 documents are registered as {found.id}. Servers that run follow within seconds.\n"
    assert again.stdout == f"This manifest is registered already, as {found.id}.\n"
    listed = (await operations("list")).stdout.split()
    assert (listed[0], listed[-3:]) == (found.id, ["2", "documents", "web.json"])
    assert (await operations("remove", found.id)).exit_code == 0
    assert await persisted_operations.registered(database) == {}
    gone = await operations("remove", found.id)
    assert isinstance(gone.exception, StartupError)
    assert found.id in str(gone.exception)


async def test_manifest_is_refused_whole(database: Database, operations: Command, tmp_path: Path) -> None:
    """With a line for each document that is wrong, by the limits of the settings, too; nothing is registered."""
    wrong = {"Aliases": "{ a: __typename b: __typename }", "Syntax": "{"}
    refused = await operations("load", written(tmp_path, {"Viewer": VIEWER, **wrong}))
    assert refused.exit_code == 1
    assert [line.split(":")[1].strip() for line in refused.stderr.splitlines()] == list(wrong)
    absent = await operations("load", str(tmp_path / "absent.json"))
    assert absent.exit_code == 1
    assert len(absent.stderr.splitlines()) == 1
    assert await persisted_operations.registered(database) == {}


async def test_manifest_that_contradicts_another_is_refused(
    database: Database, operations: Command, tmp_path: Path
) -> None:
    """The one that is there stays as it is."""
    assert (await operations("load", written(tmp_path, {"Viewer": VIEWER}))).exit_code == 0
    refused = await operations("load", written(tmp_path, {"Viewer": NAME}, "other.json"))
    assert str(refused.exception) == "Viewer is another document in the manifest web.json."
    assert await persisted_operations.registered(database) == {"Viewer": VIEWER}
