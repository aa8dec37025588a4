"""The cases: what is asked of every server, over how many connections."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import seeds
from benchmarks.http_calls import Call
from benchmarks.worlds import World

_RANDOM_SEED = 7
_MANY = 1000
_SLOW_A_SECOND = 200  # More hashes, or renames, a second are beyond one processor.
_MIXTURE = ("point",) * 16 + ("viewer",) * 2 + ("create", "documents")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure; `calls` builds enough calls for so many seconds, each different where it has to be.

    Where few are answered a second, those under way at the end are waited for (`patient`), since each one counts. With
    `flood`, so many connections log in meanwhile.
    """

    name: str
    title: str
    connections: int
    calls: Callable[[World, int], Sequence[Call]]
    repeatable: bool = True
    patient: bool = False
    flood: int = 0


def point_reads(world: World, _: int) -> list[Call]:
    """Read organizations at random."""
    numbers = list(range(world.population.organizations))
    random.Random(_RANDOM_SEED).shuffle(numbers)  # noqa: S311 - the same order for everyone
    read, token = world.contender.dialect.point_read, world.population.member.token
    return [read(token, seeds.slug(number)) for number in numbers[:_MANY]]


def first_pages(world: World, _: int) -> list[Call]:
    """Read the first page of the directory."""
    return [world.contender.dialect.page(world.population.operator, None)]


def deep_pages(world: World, _: int) -> list[Call]:
    """Read a page behind nine tenths of the directory."""
    return [world.contender.dialect.page(world.population.operator, world.population.deep)]


def viewers(world: World, _: int) -> list[Call]:
    """Ask who asks."""
    return [world.contender.dialect.viewer(member.token) for member in world.population.members]


def document_creations(world: World, _: int) -> list[Call]:
    """Make documents."""
    return [world.contender.dialect.create_document(world.population.writer)]


def document_reads(world: World, _: int) -> list[Call]:
    """Read documents of one organization."""
    read, member = world.contender.dialect.read_document, world.population.member
    return [read(member, document_id) for document_id in world.population.documents]


def document_pages(world: World, _: int) -> list[Call]:
    """Read the first page of documents."""
    return [world.contender.dialect.page_of_documents(world.population.member)]


def logins(world: World, _: int) -> list[Call]:
    """Log in, everybody in turn."""
    return [world.contender.dialect.login(member.email) for member in world.population.members]


def sign_ups(world: World, seconds: int) -> list[Call]:
    """Sign up under new names."""
    names = (world.population.new_name() for _ in range(seconds * _SLOW_A_SECOND))
    return [world.contender.dialect.sign_up(name, f"{name.replace(' ', '')}@example.net") for name in names]


def renames(world: World, seconds: int) -> list[Call]:
    """Give organizations new names, each in turn."""
    rename, population = world.contender.dialect.rename, world.population
    movers = len(population.movers)
    count = seconds * _SLOW_A_SECOND
    return [rename(population.movers[number % movers], population.new_name()) for number in range(count)]


def mixture(world: World, seconds: int) -> list[Call]:
    """Mostly read; in twenty calls sixteen organizations, two viewers, a document made and a page of documents."""
    kinds = {
        "point": point_reads(world, seconds),
        "viewer": viewers(world, seconds),
        "create": document_creations(world, seconds),
        "documents": document_pages(world, seconds),
    }
    order = random.Random(_RANDOM_SEED)  # noqa: S311 - as above
    return [order.choice(kinds[order.choice(_MIXTURE)]) for _ in range(_MANY)]


ALL = (
    *(
        Case(f"point-read-{connections}", f"point read, {connections} connections", connections, point_reads)
        for connections in (1, 16, 64, 256)
    ),
    Case("page", "page of 50 with their admins", 16, first_pages, patient=True),
    Case("viewer", "viewer", 16, viewers),
    Case("document-create", "document, create", 8, document_creations),
    Case("document-read", "document, read", 16, document_reads),
    Case("document-page", "page of 20 documents", 16, document_pages),
    Case("login", "login", 8, logins, patient=True),
    Case("sign-up", "sign-up", 4, sign_ups, repeatable=False, patient=True),
    Case("rename", "rename", 1, renames, repeatable=False, patient=True),
    Case("mixed", "mixed", 16, mixture),
    Case("flood", "point read, 1 connection, beside 16 that log in", 1, point_reads, flood=16),
)
