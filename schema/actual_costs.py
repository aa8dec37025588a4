"""What an operation has cost: as its shape says, but for what there was instead of what was asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from schema import field_costs


@dataclass(frozen=True, slots=True)
class Item:
    """A field of the answer that costs something, or that something below costs."""

    answer: str
    cost: int
    below: Sequence["Item"]


def items(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Sequence[Item]:
    """Return what of an operation's answer has a cost: its scalars have none, and are not looked at."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return list(_Tariff(schema, fragments).of(operation.selection_set, schema.get_root_type(operation.operation)))


def of(wanted: Sequence[Item], data: Mapping[str, Any]) -> int:
    """Return the units of cost of an answer; a field that an object does not have, being of another type, has none."""
    total = 0
    for item in wanted:
        if item.answer in data:
            total += item.cost
            value = data[item.answer]
            if isinstance(value, list):
                total += sum(of(item.below, one) for one in value if isinstance(one, dict))
            elif isinstance(value, dict):
                total += of(item.below, value)
    return total


class _Tariff:
    """Looks up what the selections of one document cost."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def of(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Iterator[Item]:
        """Yield what a selection set on a type has of items."""
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                yield from self._of_field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                yield from self.of(fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = self._schema.get_type(condition.name.value) if condition else parent
                yield from self.of(selection.selection_set, kind)

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Iterator[Item]:
        name = node.name.value
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or name not in parent.fields:
            return
        found = parent.fields[name]
        cost, below = field_costs.of(parent, name, found), list(self.of(node.selection_set, get_named_type(found.type)))
        if cost or below:
            yield Item(node.alias.value if node.alias else name, cost, below)
