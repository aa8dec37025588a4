"""The shape of a document: how deep, how wide, how repetitive and how costly it is, known before it is validated.

Fragments count wherever they are spread, each is measured once, so that measuring takes time in proportion to the text
whatever it expands to. What is not in the schema counts as a leaf: validation refuses it later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from schema import field_costs
from schema.connections import DEFAULT_SIZE, MAX_SIZE

_PAGE_SIZES = ("first", "last")
DEEPEST = 100
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of an operation; `repeats` is how often the same field is asked for at the same place."""

    depth: int
    aliases: int
    directives: int
    root_fields: int
    fragments: int
    repeats: int
    list_nesting: int
    cost: int


MEASURES = tuple(one.name for one in fields(Shape))


class TooDeepError(Exception):
    """The document is nested deeper than anything that could be measured."""


@dataclass(slots=True)
class _Extent:
    """What a selection set comes to; `names` are the fields asked for right there, by the names of their answers."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    list_nesting: int = 0
    cost: int = 0
    names: Counter[str] = field(default_factory=Counter)

    def add(self, other: "_Extent") -> None:
        """Count another one beside this."""
        self.depth = max(self.depth, other.depth)
        self.list_nesting = max(self.list_nesting, other.list_nesting)
        self.repeats = max(self.repeats, other.repeats)
        self.aliases += other.aliases
        self.directives += other.directives
        self.cost += other.cost
        self.names.update(other.names)


def measure(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[Shape, frozenset[str]]:
    """Return the shape of an operation, and the names of the variables that it depends on. Raises `TooDeepError`."""
    walk = _Walk(schema, document, {**_defaults(operation), **variables})
    return _measure(walk, operation, schema), frozenset(walk.looked_at)


def size(value: object) -> int | None:
    """Return how many records the value of a variable asks for, which is all that a shape depends on."""
    return min(max(value, 1), MAX_SIZE) if isinstance(value, int) else None


def select(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the operation of this name, or the only one; None if there is none, or it is open which is meant."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None:
        return operations[0] if len(operations) == 1 else None
    return next((node for node in operations if node.name and node.name.value == name), None)


def _defaults(operation: OperationDefinitionNode) -> dict[str, int]:
    """Return the defaults of variables that may be page sizes."""
    given = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
    return {name: _whole(node) for name, node in given.items() if isinstance(node, IntValueNode)}


def _measure(walk: "_Walk", operation: OperationDefinitionNode, schema: GraphQLSchema) -> Shape:
    extent = walk.of(operation.selection_set, schema.get_root_type(operation.operation))
    return Shape(
        depth=extent.depth,
        aliases=extent.aliases,
        directives=extent.directives + len(operation.directives or ()),
        root_fields=extent.names.total(),
        fragments=len(walk.fragments),
        repeats=extent.repeats,
        list_nesting=extent.list_nesting,
        cost=extent.cost,
    )


class _Walk:
    """Measures the selections of one document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Extent] = {}
        self._level = 0
        self.looked_at: set[str] = set()

    def of(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> _Extent:
        """Return the extent of a selection set on a type."""
        extent = _Extent()
        for selection in selections.selections if selections else ():
            extent.directives += len(selection.directives or ())
            extent.add(self._of_selection(selection, parent))
        extent.repeats = max(extent.repeats, *extent.names.values(), 0)
        return extent

    def _of_selection(self, selection: SelectionNode, parent: GraphQLNamedType | None) -> _Extent:
        if isinstance(selection, FieldNode):
            return self._of_field(selection, parent)
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        assert isinstance(selection, InlineFragmentNode)  # noqa: S101 - there is no fourth kind
        condition = selection.type_condition
        return self.of(selection.selection_set, self._schema.get_type(condition.name.value) if condition else parent)

    def _of_fragment(self, name: str) -> _Extent:
        """Return the extent of a fragment; one that spreads itself, or is not there, has none."""
        node = self.fragments.get(name)
        if node is None:
            return _Extent()
        if name not in self._measured:
            self._measured[name] = _Extent()
            extent = self.of(node.selection_set, self._schema.get_type(node.type_condition.name.value))
            extent.directives += len(node.directives or ())
            self._measured[name] = extent
        return self._measured[name]

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Extent:
        name = node.name.value
        found = _field(parent, name)
        kind = None if found is None else get_named_type(found.type)
        self._level += 1
        if self._level > DEEPEST:
            raise TooDeepError
        inner = self.of(node.selection_set, kind)
        self._level -= 1
        answer = node.alias.value if node.alias else name
        lists = 0 if found is None else _is_list(found.type)
        return _Extent(
            depth=inner.depth + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            repeats=inner.repeats,
            list_nesting=inner.list_nesting + lists,
            cost=self._cost(node, parent, found, inner.cost),
            names=Counter({answer: 1}),
        )

    def _cost(self, node: FieldNode, parent: GraphQLNamedType | None, found: GraphQLField | None, inner: int) -> int:
        if parent is None or found is None:
            return 0
        name = node.name.value
        own = field_costs.of(parent, name, found)
        if any(size in found.args for size in _PAGE_SIZES):
            return own + self._page_size(node) * inner
        return own + field_costs.LISTS.get(f"{parent.name}.{name}", 1) * inner

    def _page_size(self, node: FieldNode) -> int:
        """Return how many records a connection's arguments ask for, at most."""
        sizes = [self._number(argument.value) for argument in _arguments(node)]
        return max((size for size in sizes if size is not None), default=DEFAULT_SIZE)

    def _number(self, value: object) -> int | None:
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
            self.looked_at.add(value.name.value)
        else:
            given = _whole(value) if isinstance(value, IntValueNode) else None
        return size(given)


def _whole(node: IntValueNode) -> int:
    """Return a whole number of a document; Python refuses to read very long ones."""
    return int(node.value[:_DIGITS])


def _arguments(node: FieldNode) -> Iterable[Any]:
    return (argument for argument in node.arguments or () if argument.name.value in _PAGE_SIZES)


def _field(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
