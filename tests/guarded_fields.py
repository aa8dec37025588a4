"""Selections of the schema's guarded fields, found by the permission that their descriptions name."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    ast_from_value,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
    print_ast,
)

_PERMISSION = re.compile(r"Requires `(\w+:\w+)`")


def guarded_fields(kind: GraphQLNamedType | None, organization_id: str, *, held: Collection[str]) -> Iterator[str]:
    """Yield a selection of every field of a type that wants another permission than those held."""
    assert isinstance(kind, GraphQLObjectType)
    fields: Mapping[str, GraphQLField] = kind.fields
    for name, field in fields.items():
        permission = _PERMISSION.search(field.description or "")
        if permission is None or permission[1] in held:
            continue
        given = []
        for argument, one in field.args.items():
            if is_required_argument(one):
                value = ast_from_value(_sample(one.type, organization_id), one.type)
                assert value is not None
                given.append(f"{argument}: {print_ast(value)}")
        arguments = f"({', '.join(given)})" if given else ""
        yield f"{name}{arguments} {'{ __typename }' if is_composite_type(get_named_type(field.type)) else ''}"


def _sample(kind: GraphQLInputType, organization_id: str) -> Any:  # noqa: ANN401 - of any type of the schema
    """Return a value of an input type, with nothing in it that may be left out."""
    if isinstance(kind, GraphQLNonNull):
        return _sample(kind.of_type, organization_id)
    if isinstance(kind, GraphQLList):
        return []
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        required = {name: field for name, field in kind.fields.items() if is_required_input_field(field)}
        return {name: _sample(field.type, organization_id) for name, field in required.items()}
    return {"ID": organization_id, "Int": 1, "Boolean": True}.get(kind.name, "acme")
