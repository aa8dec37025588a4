"""One real database a worker; a database name and an application of its own for every test."""

import copy
import functools
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

import server
from resolvers import operators
from resolvers.services import Services
from schema import assembly
from schema.limits import DocumentLimits
from server import Settings
from storage import startup
from storage.database import Database
from tests import smtp
from tests.api import API, PASSWORD, Member, started
from tests.budget_places import place, redis_server  # noqa: F401 - fixtures
from tests.commands import Commands
from tests.commands import watched as watched_client
from tests.crashes import Crash
from tests.live import services_of
from tests.run_database import RunDatabase
from tests.smtp import Mailbox

_URI_KEY = "TENANTRY_MONGODB_URI"
_run_database = pytest.StashKey[RunDatabase]()
_given_uri = pytest.StashKey[str | None]()

Dropping = Callable[[Database], Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the one who runs the tests say how much of what is tried without end is to be tried."""
    every = "cut work off at every n-th command only, beginning with any one"
    parser.addoption("--every", type=int, default=1, help=every)
    parser.addoption("--fuzz", type=int, default=0, help="how many operations tests/e2e/test_fuzzing.py makes up anew")
    parser.addoption("--kills", type=int, default=10, help="how many kills tests/e2e/test_moves_under_fire.py does")


def pytest_configure(config: pytest.Config) -> None:
    """Say where the tests' database is: the environment may name one."""
    worker_input = getattr(config, "workerinput", None)
    given = os.environ.pop(_URI_KEY, None) if worker_input is None else worker_input["mongodb_uri"]
    config.stash[_run_database] = RunDatabase(given)
    config.stash[_given_uri] = given


def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist which database the environment names."""
    node.workerinput["mongodb_uri"] = node.config.stash[_given_uri]  # type: ignore[attr-defined] # xdist has no types


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's database."""
    if _run_database in config.stash:
        config.stash[_run_database].stop()


@pytest.fixture(scope="module")
def mongodb_uri(pytestconfig: pytest.Config) -> str:
    """Where the run's database is."""
    return pytestconfig.stash[_run_database].uri()


@pytest.fixture
def changed_settings() -> dict[str, Any]:
    """What a test wants to be other than by default: parametrize it."""
    return {}


@pytest.fixture
def settings(mongodb_uri: str, tmp_path: Path, changed_settings: dict[str, Any]) -> Settings:
    """Settings of a server with a database name and a data folder of its own."""
    own: dict[str, Any] = {
        "mongodb_uri": SecretStr(mongodb_uri),
        "database": f"t{uuid.uuid4().hex[:12]}",
        "data_dir": tmp_path / "data",
    }
    return Settings(**(own | changed_settings))


@pytest.fixture
async def database(settings: Settings, dropping: Dropping) -> AsyncIterator[Database]:
    """The prepared database of the settings, dropped after the test."""
    database = server.connect(settings)
    await startup.prepare(database, alone=True)
    yield database
    await dropping(database)
    await database.close()


@pytest.fixture
async def watched(settings: Settings, database: Database) -> AsyncIterator[tuple[Database, Commands]]:  # noqa: ARG001 - it has to be prepared
    """A second client of the prepared database, connected, and the commands that it sends."""
    commands = Commands()
    client = watched_client(settings, commands)
    await client.ping()
    yield client, commands
    await client.close()


@pytest.fixture
async def crash(settings: Settings, database: Database, pytestconfig: pytest.Config) -> AsyncIterator[Crash]:  # noqa: ARG001 - it has to be prepared
    """A crash, still to be set off."""
    assert settings.mongodb_uri is not None
    crash = Crash(pytestconfig.getoption("--every"))
    crash.database = Database(settings.mongodb_uri.get_secret_value(), settings.database, listeners=[crash])
    yield crash
    await crash.database.close()


@pytest.fixture
def fragile(crash: Crash) -> Database:
    """The prepared database, through a client that can be cut off."""
    return crash.database


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server on this machine, which takes everything; `smtp.settings` leads there."""
    with smtp.receiving() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def dropping(pytestconfig: pytest.Config) -> Dropping:
    """What cleans up after a test: on a server that outlives the run. The embedded one goes as a whole, and at once."""

    async def drop(database: Database) -> None:
        if not pytestconfig.stash[_run_database].is_embedded:
            for name in await database.client.list_database_names():
                if name.startswith(database.name):
                    await database.client.drop_database(name)

    return drop


@pytest.fixture
async def app(settings: Settings, database: Database) -> AsyncIterator[ASGIApp]:  # noqa: ARG001 - it has to be prepared
    """The application, started."""
    async with started(server.create_app(settings)) as application:
        yield application


@pytest.fixture
async def api(app: ASGIApp) -> AsyncIterator[API]:
    """A client of the application."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as client:
        yield API(client)


@pytest.fixture
async def member(api: API) -> Member:
    """An owner, signed in."""
    return await api.sign_up(name="Acme")


@pytest.fixture
async def services(app: ASGIApp) -> Services:
    """What the application's requests share."""
    return await services_of(app)


@pytest.fixture(scope="module")
async def unchanged_api(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[API]:
    """A client of one application for all tests that change nothing in it that others could see."""
    settings = Settings(
        mongodb_uri=SecretStr(mongodb_uri),
        database=f"t{uuid.uuid4().hex[:12]}",
        data_dir=tmp_path_factory.mktemp("unchanged"),
    )
    await server.prepare(settings, alone=True)
    async with started(server.create_app(settings)) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as client:
            yield API(client)


@pytest.fixture
async def operator_token(settings: Settings, api: API) -> str:
    """The access token of an operator."""
    async with server.open_state(settings) as state:
        await operators.create(state["services"], email="operator@example.com", password=PASSWORD)
    payload = await api.login("operator@example.com")
    token: str = payload["session"]["accessToken"]
    return token


@pytest.fixture(scope="session", autouse=True)
def _declared_once() -> Iterator[None]:
    """Declare the schema once a worker, and not for each application: that takes a fifth of a second."""
    declared = functools.cache(assembly.declare)

    def build(*, explorable: bool, limits: DocumentLimits | None = None) -> assembly.Schema:
        schema = copy.copy(declared())
        schema.prepare(limits or DocumentLimits(), explorable=explorable)
        return schema

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "build", build)
        yield


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the environment of whoever runs the tests, and a `.env` in the checkout, out of them."""
    for name in os.environ:
        if name.startswith("TENANTRY_"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
