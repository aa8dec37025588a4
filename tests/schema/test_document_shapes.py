"""What documents come to: each measure on its own, on the schema as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLList,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    parse,
)

from schema import document_shapes, field_costs
from schema.document_shapes import Shape
from schema.limits import DocumentLimits
from tests.schema.test_assembly import SCHEMA


def measured(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> Shape:
    """Return the shape of a document."""
    document = parse(query)
    operation = document_shapes.select(document, name)
    assert operation is not None
    return document_shapes.measure(SCHEMA, document, operation, variables or {})[0]


def lists_without_a_size() -> Iterator[str]:
    """Yield the fields with lists of objects that no argument bounds, but for payloads and pages."""
    for name, kind in SCHEMA.type_map.items():
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__") or name.endswith(("Payload", "Connection")):
            continue
        for field, one in kind.fields.items():
            is_list = isinstance(get_nullable_type(one.type), GraphQLList)
            if is_list and is_composite_type(get_named_type(one.type)):
                yield f"{name}.{field}"


def test_simple_query_is_cheap() -> None:
    """Two levels, one object, one list."""
    assert measured("{ viewer { permissions } }") == Shape(
        depth=2, aliases=0, directives=0, root_fields=1, fragments=0, repeats=1, list_nesting=1, cost=1
    )


@pytest.mark.parametrize(
    ("document", "measure", "expected"),
    [
        ("{ a: __typename b: __typename viewer { c: permissions } }", "aliases", 3),
        ("query @x { viewer @x { ...F @x } } fragment F on Viewer { permissions }",
         "directives", 3),
        ("{ ...F viewer { permissions } } fragment F on Query { viewer { permissions } node(id: 1) { id } }",
         "root_fields", 3),
        ("{ viewer { ...F ... on Viewer { permissions } permissions } } fragment F on Viewer { permissions }",
         "repeats", 3),
        ("{ ...F } fragment F on Query { viewer { admin { organization { id } } } }", "depth", 4),
        ("{ ...F ...F } fragment F on Query { organizations { edges { node { id } } } }", "cost", 42),
        ("{ organizations { edges { node { documentTypes { indexes { fields } } } } } }", "list_nesting", 4),
    ],
)  # fmt: skip
def test_measures(document: str, measure: str, expected: int) -> None:
    """Fragments count wherever they are spread."""
    assert getattr(measured(document), measure) == expected


@pytest.mark.parametrize(
    ("arguments", "variables", "size"),
    [
        ("", {}, 20),
        ("(first: 7)", {}, 7),
        ("(last: 7)", {}, 7),
        ("(first: 1000000)", {}, 100),
        ("(first: -5)", {}, 1),
        ("(first: null)", {}, 20),
        ("(first: $n)", {"n": 9}, 9),
        ("(first: $n)", {}, 50),
        ("(first: $n)", {"n": None}, 20),
        ("(first: $n)", {"n": "many"}, 20),
        ("(first: $n, last: 60)", {"n": 3}, 60),
    ],
)
def test_page_costs_what_it_asks_for(arguments: str, variables: dict[str, Any], size: int) -> None:
    """As a literal, a variable or its default; what makes no sense is refused when it is executed."""
    query = f"query ($n: Int = 50) {{ organizations{arguments} {{ edges {{ node {{ id }} }} }} }}"
    assert measured(query, variables).cost == 1 + size


def test_operation_that_is_meant_is_measured() -> None:
    """Of several, the one that is named; of another name, none."""
    query = "query A { viewer { permissions } } query B { __typename }"
    assert measured(query, name="A").depth == 2
    assert measured(query, name="B").depth == 1
    assert document_shapes.select(parse(query), "C") is None
    assert document_shapes.select(parse(query), None) is None


def test_expansion_takes_no_time() -> None:
    """Forty fragments that double each other expand to a number with thirteen digits, and are measured once each."""
    fragments = "".join(f"fragment F{n} on Viewer {{ permissions ...F{n + 1} ...F{n + 1} }}" for n in range(40))
    shape = measured(f"{{ viewer {{ ...F0 }} }} {fragments} fragment F40 on Viewer {{ permissions }}")
    assert shape.repeats == 2**41 - 1


def test_introspection_is_within_the_limits() -> None:
    """The largest query that tools send by themselves."""
    limits, shape = DocumentLimits(), measured(get_introspection_query())
    for name in DocumentLimits.model_fields:
        measure = name.removeprefix("max_document_")
        if measure not in {"length", "tokens"}:
            assert getattr(shape, measure) <= getattr(limits, name), name


def test_costs_are_of_fields_that_exist() -> None:
    """And every list of objects without a page size is taken to have some length."""
    fields = {
        f"{name}.{field}"
        for name, kind in SCHEMA.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields
    }
    assert {*field_costs.FIELDS, *field_costs.LISTS} <= fields
    assert set(lists_without_a_size()) <= set(field_costs.LISTS)
