"""What tests of server processes share: a data folder that was used before, a database name on the run's database."""

import contextlib
import json
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from storage.database import Database
from storage.embedded import EmbeddedDatabase
from tests.e2e import process

FolderMaker = Callable[[], Path]
_KILLS_A_BATTLE = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Divide the kills asked for among battles that can go on side by side."""
    if "battle_number" in metafunc.fixturenames:
        kills = metafunc.config.getoption("--kills")
        battles = max(2, kills // _KILLS_A_BATTLE)
        shares = [(number, kills // battles + (number < kills % battles)) for number in range(battles)]
        metafunc.parametrize(("battle_number", "kills"), shares)


@pytest.fixture
async def external(mongodb_uri: str) -> AsyncIterator[dict[str, str]]:
    """Settings of a server on the run's database, with a database name of its own, dropped after the test."""
    async with _own_database(mongodb_uri) as own:
        yield own


@pytest.fixture(scope="module")
async def production_settings(mongodb_uri: str) -> AsyncIterator[dict[str, str]]:
    """Settings of a server in production, with a database name of its own, dropped after the module's tests."""
    async with _own_database(mongodb_uri) as own:
        yield {"environment": "production", **own, **process.production_keys()}


@contextlib.asynccontextmanager
async def _own_database(mongodb_uri: str) -> AsyncIterator[dict[str, str]]:
    name = f"e{uuid.uuid4().hex[:12]}"
    yield {"mongodb_uri": mongodb_uri, "database": name}
    database = Database(mongodb_uri, name)
    for found in await database.client.list_database_names():
        if found.startswith(name):
            await database.client.drop_database(found)
    await database.close()


@pytest.fixture(scope="session")
def make_used_folder(tmp_path_factory: pytest.TempPathFactory) -> FolderMaker:
    """Makes folders whose `data` has an embedded database already: starting on one takes half as long."""
    template = tmp_path_factory.mktemp("template")
    database = EmbeddedDatabase(template)
    database.launch()
    database.wait_until_ready()
    database.stop()
    access = json.loads((template / "database.json").read_text())

    def make() -> Path:
        folder = tmp_path_factory.mktemp("used")
        shutil.copytree(template, folder / "data")
        (folder / "data" / "database.json").write_text(json.dumps({**access, "port": process.free_port()}))
        return folder

    return make


@pytest.fixture
def used_folder(make_used_folder: FolderMaker) -> Path:
    """A folder whose `data` has an embedded database already, for one test."""
    return make_used_folder()
