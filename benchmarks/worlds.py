"""A server on its seeded database, with the people and documents that the cases need, made through its own API."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks import seeds
from benchmarks.contenders import Contender
from benchmarks.database import SharedDatabase
from benchmarks.dialects import Member
from benchmarks.processes import Server

MEMBERS, MOVERS, DOCUMENTS = 16, 4, 60
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Population:
    """Who is there: `members` read, write and log in, `movers` rename themselves; documents are the first member's."""

    organizations: int
    operator: str
    members: Sequence[Member]
    movers: Sequence[Member]
    documents: Sequence[str]
    deep: str
    numbers: Iterator[int]

    @property
    def member(self) -> Member:
        """Who reads."""
        return self.members[0]

    @property
    def writer(self) -> Member:
        """Who makes documents, so that the reader's stay as many."""
        return self.members[1]

    def new_name(self) -> str:
        """Return a name that nobody has; it sorts behind those of the seeds."""
        return f"Zz {next(self.numbers):08d}"


@dataclass(frozen=True, slots=True)
class World:
    """A contender at work."""

    contender: Contender
    server: Server
    population: Population

    @contextlib.contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """Speak to it."""
        with http_of(self.server) as http:
            yield http


@contextlib.contextmanager
def http_of(server: Server) -> Iterator[httpx.Client]:
    """Speak to a server."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=_TIMEOUT_SECONDS) as http:
        yield http


def populate(contender: Contender, server: Server, organizations: int) -> Population:
    """Sign people up, and make documents, through the API."""
    dialect, numbers = contender.dialect, itertools.count(1)
    with http_of(server) as http:

        def sign_up() -> Member:
            number = next(numbers)
            email = f"member{number}@example.org"
            return dialect.member(dialect.sign_up(f"Zz {number:08d}", email).send(http), email)

        members = [sign_up() for _ in range(MEMBERS)]
        movers = [sign_up() for _ in range(MOVERS)]
        made = [dialect.create_document(members[0]).send(http) for _ in range(DOCUMENTS)]
        operator = dialect.token(dialect.login(seeds.OPERATOR).send(http))
        deep = contender.cursor(http, operator, max(0, organizations * 9 // 10 - 1))
    documents = [dialect.document_id(answer) for answer in made]
    return Population(organizations, operator, members, movers, documents, deep, numbers)


@contextlib.contextmanager
def prepared(
    contender: Contender,
    database: SharedDatabase,
    folder: Path,
    *,
    stage: str,
    organizations: int,
    stores: bool = False,
) -> Iterator[World]:
    """Seed a database of its own, start the contender on it, and populate it."""
    name = contender.database(stage)
    with database.client() as client:
        contender.seed(client, name, organizations, stores=stores)
    with started(contender, database.uri, name, folder) as server:
        yield World(contender, server, populate(contender, server, organizations))


@contextlib.contextmanager
def started(contender: Contender, uri: str, database: str, folder: Path) -> Iterator[Server]:
    """Start a contender and wait until it answers; stop it at the end."""
    server = contender.start(uri, database, folder)
    try:
        server.until_it_answers()
        yield server
    finally:
        server.stop()
