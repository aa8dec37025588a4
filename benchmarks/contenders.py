"""The servers that are compared: Tenantry and its peers, how each is started, seeded and spoken to."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from benchmarks import seeds
from benchmarks.dialects import REST, Dialect, GraphQL
from benchmarks.http_calls import Call
from benchmarks.processes import Server, free_port
from benchmarks.seeds import Client
from tests.e2e.process import production_keys

CHECKOUT = Path(__file__).parents[1]
PRODUCTION = {"environment": "production", **production_keys()}
"""The settings that make Tenantry run as in production; its keys are those of one run."""
_PEERS = CHECKOUT / "benchmarks" / "peers"
_SECRET = "a secret of thirty-two characters"  # noqa: S105 - of accounts that live for a benchmark
_CURSOR = "query ($slug: String!) { organizations(first: 1, filter: { slugPrefix: $slug }) { edges { cursor } } }"


class Seed(Protocol):
    """Writes organizations into a database."""

    def __call__(self, client: Client, database: str, count: int, *, stores: bool) -> None:
        """Write so many organizations, with a collection for each of them or without."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One server: `command` is given the port."""

    key: str
    title: str
    dialect: Dialect
    command: Callable[[int], list[str]]
    seed: Seed
    package: Path | None = None

    @property
    def is_ours(self) -> bool:
        """Whether this is Tenantry."""
        return self.key == "tenantry"

    def database(self, stage: str) -> str:
        """Return the name of its database in a stage."""
        return f"b_{self.key}_{stage}"

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        if self.package is None:
            return None
        if shutil.which("node") is None or shutil.which("npm") is None:
            return f"{self.title} is left out: there is no Node here."
        return None

    def install(self) -> None:
        """Install its packages, if it has some and they are not there."""
        if self.package is not None and not (self.package / "node_modules").is_dir():
            # Nothing is compiled: what is native comes with the packages.
            command = ["npm", "ci", "--ignore-scripts", "--silent"]
            subprocess.run(command, cwd=self.package, check=True)  # noqa: S603 - our own lock file

    def start(self, uri: str, database: str, folder: Path) -> Server:
        """Start it on a database; nothing waits for it yet."""
        port = free_port()
        if self.is_ours:
            environment = {"MONGODB_URI": uri, "DATABASE": database, "PORT": str(port), "ACCESS_TOKEN_TTL": "PT6H"}
            environment |= {"RATE_LIMIT": "1000000000", "ANONYMOUS_RATE_LIMIT": "1000000000"}
            environment |= {"DATA_DIR": str(folder / database), "MAX_REQUESTS_AT_ONCE": "1000"}
            environment |= {name.upper(): value for name, value in PRODUCTION.items()}
            environment = {f"TENANTRY_{name}": value for name, value in environment.items()}
        else:
            environment = {"PEER_MONGODB_URI": uri, "PEER_DATABASE": database, "PEER_SECRET": _SECRET}
            environment |= {"PORT": str(port), "NODE_ENV": "production", "PYTHONPATH": str(CHECKOUT)}
        return Server(self.command(port), folder, environment, port)

    def cursor(self, http: httpx.Client, token: str, number: int) -> str:
        """Return the cursor behind which the organization after this one begins."""
        if not self.is_ours:
            return seeds.slug(number)
        call = Call("POST", "/graphql", token, {"query": _CURSOR, "variables": {"slug": seeds.slug(number)}})
        found: str = call.send(http)["data"]["organizations"]["edges"][0]["cursor"]
        return found


def start_with_database(folder: Path) -> Server:
    """Start Tenantry as `make serve` does, with an embedded database of its own."""
    port = free_port()
    environment = {"TENANTRY_PORT": str(port), "TENANTRY_DATA_DIR": str(folder / "serve")}
    return Server(_tenantry(port), folder, environment, port)


def _tenantry(_: int) -> list[str]:
    return [sys.executable, str(CHECKOUT / "server.py"), "serve"]


def _python(module: str) -> Callable[[int], list[str]]:
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.peers.{module}:app", "--host", "127.0.0.1"]
    return lambda port: [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"]


def _node(folder: str) -> Callable[[int], list[str]]:
    return lambda _: ["node", str(_PEERS / folder / "index.js")]


ALL = (
    Contender("tenantry", "Tenantry", GraphQL(), _tenantry, seeds.seed_tenantry),
    Contender("a", "FastAPI, REST", REST(), _python("fastapi_rest"), seeds.seed_peer),
    Contender("b", "Strawberry, plain", GraphQL(), _python("strawberry_plain"), seeds.seed_peer),
    Contender("c", "Ariadne", GraphQL(), _python("ariadne_peer"), seeds.seed_peer),
    Contender("d", "Apollo Server", GraphQL(), _node("apollo"), seeds.seed_peer, _PEERS / "apollo"),
    Contender("e", "Mercurius", GraphQL(), _node("mercurius"), seeds.seed_peer, _PEERS / "mercurius"),
)
