"""What is checked before anything is timed: every server answers every operation, and says the same as Tenantry."""

from collections.abc import Sequence

from benchmarks import cases, seeds
from benchmarks.dialects import Facts
from benchmarks.http_calls import Call
from benchmarks.worlds import World

_EXAMPLE = 123


def check(worlds: Sequence[World]) -> None:
    """Raise `AssertionError`, with both answers, at the first difference."""
    ours, *others = worlds
    expected = facts(ours)
    for other in others:
        for name, theirs in facts(other).items():
            assert theirs == expected[name], (
                f"{other.contender.title}, {name}: {theirs}\n{ours.contender.title}: {expected[name]}"
            )


def facts(world: World) -> dict[str, Facts]:
    """Return what a server says to one call of each operation that reads, and that it carries the others out."""
    dialect, population = world.contender.dialect, world.population
    reads: dict[str, Call] = {
        "point read": dialect.point_read(population.member.token, seeds.slug(_EXAMPLE % population.organizations)),
        "first page": dialect.page(population.operator, None),
        "deep page": dialect.page(population.operator, population.deep),
        "viewer": dialect.viewer(population.member.token),
        "document": dialect.read_document(population.member, population.documents[0]),
        "page of documents": dialect.page_of_documents(population.member),
    }
    changes = [*cases.logins(world, 1)[:1], *cases.sign_ups(world, 1)[:1], *cases.renames(world, 1)[:1]]
    changes += cases.document_creations(world, 1)[:1]
    with world.http() as http:
        for change in changes:
            change.send(http)
        return {name: dialect.facts(call.send(http)) for name, call in reads.items()}
