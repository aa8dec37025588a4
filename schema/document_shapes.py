"""The shape of a document: how deep, how wide, how repetitive and how costly it is, known before it is validated.

Fragments count wherever they are spread, each is measured once, so that measuring takes time in proportion to the text
whatever it expands to. What is not in the schema counts as a leaf: validation refuses it later.
"""

from collections import Counter, OrderedDict
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

from schema import actual_costs, field_costs
from schema.connections import DEFAULT_SIZE, MAX_SIZE

_PAGE_SIZES = ("first", "last")
DEEPEST = 100
_REMEMBERED = 128
_LONGEST_REMEMBERED = 8192
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


class Shapes:
    """The shapes of one schema's operations; those that depend on no variable are remembered, if they are short."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._remembered: OrderedDict[tuple[str, str | None], Shape] = OrderedDict()

    def of(self, query: str, document: DocumentNode, name: str | None, variables: Mapping[str, Any]) -> Shape | None:
        """Return the shape of the operation that is to be executed, or None if there is no such operation.

        Raises `TooDeepError`.
        """
        shape = self._remembered.get((query, name))
        if shape is not None:
            self._remembered.move_to_end((query, name))
            return shape
        operation = _operation(document, name)
        if operation is None:
            return None
        walk = _Walk(self._schema, document, {**_defaults(operation), **variables})
        shape = _measure(walk, operation, self._schema)
        if not walk.looked_at_variables and len(query) <= _LONGEST_REMEMBERED:
            self._remember((query, name), shape)
        return shape

    def actual_cost(self, document: DocumentNode, name: str | None, data: Mapping[str, Any]) -> int:
        """Return what the operation has cost that was answered with this."""
        operation = _operation(document, name)
        return 0 if operation is None else actual_costs.of(self._schema, document, operation, data)

    def _remember(self, key: tuple[str, str | None], shape: Shape) -> None:
        self._remembered[key] = shape
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return next((node for node in operations if name is None or (node.name and node.name.value == name)), None)


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
        self.looked_at_variables = False

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
            self.looked_at_variables = True
        else:
            given = _whole(value) if isinstance(value, IntValueNode) else None
        return min(max(given, 1), MAX_SIZE) if isinstance(given, int) else None


def _whole(node: IntValueNode) -> int:
    """Return a whole number of a document; Python refuses to read very long ones."""
    return int(node.value[:_DIGITS])


def _arguments(node: FieldNode) -> Iterable[Any]:
    return (argument for argument in node.arguments or () if argument.name.value in _PAGE_SIZES)


def _field(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
