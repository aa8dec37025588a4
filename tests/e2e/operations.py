"""Operations that fit the schema and make little sense: every field, with values as wild as their types let them be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    NameNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema, nodes

DOLLAR = "dollar_"
"""What keys of variables begin with that are to begin with a dollar sign, which no literal could."""

_WILD = [
    "",
    " ",
    "\0",
    "$where",
    "a.b",
    "../../etc/passwd",
    "\ufeffx",
    "\u202egpj.exe",
    "\u200b\u200d",
    "e\u0301" * 50,
    "\U0001f600" * 50,
    "\ufdfa" * 20,
    "x" * 5_000,
    "9" * 400,
    "' OR 1=1 --",
    "{{7*7}}",
    "a@b",
    "a@xn--",
    "=?utf-8?q?x?=@example.com\r\nBcc: b@example.com",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T25:61:61Z",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01",
]
_KEYS = [
    "a",
    "b",
    "_id",
    "__proto__",
    "x" * 300,
    f"{DOLLAR}date",
    f"{DOLLAR}oid",
    f"{DOLLAR}numberLong",
    f"{DOLLAR}set",
]
_NUMBERS = [0, -1, 100, 101, 2**31 - 1, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**400]


@dataclass(frozen=True, slots=True)
class WildOperation:
    """One operation: names in angle brackets stand for what the server has made."""

    query: str
    variables: Mapping[str, Any]


def operations(schema: GraphQLSchema, likely: Mapping[str, str]) -> st.SearchStrategy[WildOperation]:
    """Return a strategy for operations of one field at the root.

    `likely` says of arguments and fields of inputs by which name goes what they would mean. Half of the operations have
    that there. Some break the schema at one place; of some, the arguments are variables.
    """
    known = st.sampled_from(sorted({f"<{name}>" for name in likely.values()}))
    scalars = _scalars(known)
    broken = from_schema(schema, custom_scalars=scalars, print_ast=_as_it_is, mode=Mode.NEGATIVE)

    def of(root: str) -> st.SearchStrategy[DocumentNode]:
        return from_schema(schema, fields=[root], custom_scalars=scalars, print_ast=_as_it_is)

    fitting = st.sampled_from(_roots(schema)).flatmap(of)
    return st.builds(
        lambda document, sensible, lifts: _operation(schema, document, likely if sensible else {}, lifts=lifts),
        st.integers(1, 8).flatmap(lambda number: fitting if number > 1 else broken),
        st.booleans(),
        st.booleans(),
    )


def _roots(schema: GraphQLSchema) -> list[str]:
    """Return the fields at the roots, those of queries as often as those of mutations."""
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    queries, mutations = list(schema.query_type.fields), list(schema.mutation_type.fields)
    return queries * (len(mutations) // len(queries)) + mutations


def _as_it_is(document: DocumentNode) -> DocumentNode:
    return document


def _scalars(known: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[ValueNode]]:
    characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    texts = (known | known | st.sampled_from(_WILD) | characters).map(nodes.String)
    small = st.integers(1, 3).map(nodes.Int)
    numbers = st.sampled_from(_NUMBERS).map(nodes.Int)
    floats = st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float)
    leaves = texts | numbers | floats | st.booleans().map(nodes.Boolean) | st.just(nodes.Null)
    return {
        "ID": known.map(nodes.String) | texts | small,
        "String": texts,
        "Int": small | st.sampled_from([number for number in _NUMBERS if abs(number) < 2**31]).map(nodes.Int),
        "BigInt": small | numbers,
        "DateTime": st.datetimes().map(lambda at: nodes.String(f"{at.isoformat()}Z")) | texts,
        "JSON": st.dictionaries(st.sampled_from(_KEYS), leaves, max_size=3).map(_object)
        | st.recursive(
            leaves, lambda inner: st.lists(inner, max_size=3).map(nodes.List) | _objects(inner), max_leaves=6
        ),
    }


def _objects(inner: st.SearchStrategy[ValueNode]) -> st.SearchStrategy[ValueNode]:
    return st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3).map(_object)


def _object(fields: Mapping[str, ValueNode]) -> ValueNode:
    return nodes.Object([ObjectFieldNode(name=NameNode(value=name), value=value) for name, value in fields.items()])


def _operation(
    schema: GraphQLSchema, document: DocumentNode, likely: Mapping[str, str], *, lifts: bool
) -> WildOperation:
    (operation,) = visit(document, _Sense(likely)).definitions
    assert isinstance(operation, OperationDefinitionNode)
    variables: dict[str, Any] = {}
    lifted = _lifted(schema, operation, variables) if lifts else operation
    return WildOperation(print_ast(lifted), variables)


class _Sense(Visitor):
    """Gives arguments and fields of inputs what they would mean."""

    def __init__(self, likely: Mapping[str, str]) -> None:
        super().__init__()
        self._likely = likely

    def enter_argument(self, node: ArgumentNode, *_: object) -> ArgumentNode | None:
        """Replace the value of an argument."""
        name = self._likely.get(node.name.value)
        return None if name is None else replace(node, value=nodes.String(f"<{name}>"))

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> ObjectFieldNode | None:
        """Replace the value of a field of an input."""
        name = self._likely.get(node.name.value)
        return None if name is None else replace(node, value=nodes.String(f"<{name}>"))


def _lifted(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> OperationDefinitionNode:
    """Return an operation whose arguments of the first field are variables, which are put into `variables`."""
    root, field = schema.get_root_type(operation.operation), operation.selection_set.selections[0]
    assert isinstance(root, GraphQLObjectType)
    if not isinstance(field, FieldNode) or field.name.value not in root.fields:
        return operation
    known = root.fields[field.name.value].args
    given = {one.name.value: one for one in field.arguments or () if one.name.value in known}
    definitions = []
    for name, argument in given.items():
        variables[name] = value_from_ast_untyped(argument.value)
        variable = VariableNode(name=argument.name)
        definitions.append(VariableDefinitionNode(variable=variable, type=parse_type(str(known[name].type))))
        given[name] = replace(argument, value=variable)
    selection_set = replace(operation.selection_set, selections=(replace(field, arguments=tuple(given.values())),))
    return replace(operation, selection_set=selection_set, variable_definitions=tuple(definitions))
