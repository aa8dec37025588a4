"""The database that all servers share in a run: the one that the environment names, or an embedded one of its own."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pymongo
from pymongo import uri_parser

from benchmarks.processes import Group
from benchmarks.seeds import Client
from storage.embedded import EmbeddedDatabase


@dataclass(frozen=True, slots=True)
class SharedDatabase:
    """Where the database is; `group` is its processes, if they run on this machine and are ours to look at."""

    uri: str
    title: str
    group: Group | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port of its first server."""
        host, port = uri_parser.parse_uri(self.uri)["nodelist"][0]
        return str(host), int(port or 27017)

    def uri_through(self, port: int) -> str:
        """Return a connection string that leads through a proxy on a port of this machine."""
        found = uri_parser.parse_uri(self.uri)
        user = f"{quote(found['username'])}:{quote(found['password'])}@" if found["username"] else ""
        return f"mongodb://{user}127.0.0.1:{port}/?authSource=admin&directConnection=true"

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Connect to it."""
        with Client(self.uri) as client:
            yield client


@contextlib.contextmanager
def shared() -> Iterator[SharedDatabase]:
    """Run an embedded database, unless `TENANTRY_MONGODB_URI` names another, in which what is made stays."""
    given = os.environ.pop("TENANTRY_MONGODB_URI", None)
    if given is not None:
        with pymongo.MongoClient[dict[str, object]](given) as client:
            yield SharedDatabase(given, f"MongoDB {client.server_info()['version']}")
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        embedded = EmbeddedDatabase(Path(folder))
        embedded.launch()
        try:
            uri = embedded.wait_until_ready()
            pid = json.loads((Path(folder) / "database.json").read_text())["pid"]
            yield SharedDatabase(uri, "the embedded SecantusDB", Group(pid))
        finally:
            embedded.stop()
