"""Operations that are prepared once: what depends on variables is not remembered without them."""

import pytest
from graphql import OperationType

from auth.errors import QueryTooComplexError
from schema import prepared_operations
from schema.limits import DocumentLimits
from schema.prepared_operations import InvalidDocumentError, NoSuchOperationError, PreparedOperations
from tests.schema.test_assembly import SCHEMA

PAGE = "query ($n: Int = 50) { organizations(first: $n) { edges { node { id } } } }"


def operations(*, limits: DocumentLimits | None = None, hide_suggestions: bool = True) -> PreparedOperations:
    """Return what prepares operations on the schema as it is."""
    return PreparedOperations(SCHEMA, limits or DocumentLimits(), hide_suggestions=hide_suggestions)


def test_prepared_once() -> None:
    """The same text of the same name is the same operation; another name is not."""
    found, query = operations(), "query A { viewer { permissions } } mutation B { logout { errors { code } } }"
    first = found.prepare(query, "A", {})
    assert found.prepare(query, "A", {}) is first
    assert first.kind is OperationType.QUERY
    assert found.prepare(query, "B", {}).kind is OperationType.MUTATION


def test_cost_depends_on_variables() -> None:
    """One that is left out has its default, one that is null has that of the field; what asks for more costs more."""
    operation = operations().prepare(PAGE, None, {})
    for _ in range(2):
        assert [operation.cost(variables) for variables in ({"n": 1}, {}, {"n": None}, {"n": 100})] == [2, 51, 21, 101]


def test_limits_depend_on_variables() -> None:
    """What was little is refused when it asks for much."""
    operation = operations(limits=DocumentLimits(max_document_cost=60)).prepare(PAGE, None, {})
    assert operation.cost({}) == 51
    with pytest.raises(QueryTooComplexError):
        operation.cost({"n": 100})


def test_many_values_take_no_memory() -> None:
    """Whatever is sent for a page size, so many shapes are remembered and no more."""
    operation = operations().prepare(PAGE, None, {})
    costs = [operation.cost({"n": size}) for size in range(1, 101)]
    assert costs == list(range(2, 102))
    assert len(operation.shapes) < len(costs)


def test_old_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the texts come to too much."""
    monkeypatch.setattr(prepared_operations, "_MAX_CHARACTERS", 100)
    found, query = operations(), "{ viewer { permissions } }"
    first = found.prepare(query, None, {})
    assert found.prepare(query, None, {}) is first
    found.prepare(f"{query}{' ' * 90}", None, {})
    assert found.prepare(query, None, {}) is not first


@pytest.mark.parametrize("query", ["fragment F on Query { viewer { permissions } }", "query A { a: __typename } { b }"])
def test_it_has_to_be_clear_which_is_meant(query: str) -> None:
    """A document may have no operation, or several."""
    with pytest.raises(NoSuchOperationError):
        operations().prepare(query, None, {})


@pytest.mark.parametrize(("hide", "told"), [(True, False), (False, True)])
@pytest.mark.parametrize(
    "query",
    ["{ viewr { permissions } }", "query ($n: Strin) { node(id: $n) { id } }", "{ viewer { ... on Viewr { a } } }"],
)
def test_suggestions_are_for_development(query: str, *, hide: bool, told: bool) -> None:
    """Neither fields nor types are guessed at in production."""
    with pytest.raises(InvalidDocumentError) as caught:
        operations(hide_suggestions=hide).prepare(query, None, {})
    assert any("Did you mean" in error.message for error in caught.value.errors) is told


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("{ __schema { types { name } } }", True),
        ('{ __type(name: "Query") { fields { name } } }', True),
        ('{ ...F } fragment F on Query { t: __type(name: "Query") { kind } }', True),
        ('{ __type(name: "Query") { name } }', False),
        ("{ __typename viewer { __typename permissions } }", False),
    ],
)
def test_introspection_is_noticed(query: str, *, found: bool) -> None:
    """Wherever it stands; that a type exists is no secret."""
    assert operations().prepare(query, None, {}).introspects is found
