"""What an operation has cost: as its shape says, but for what there was instead of what was asked for."""

from collections.abc import Mapping
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


def of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, data: Mapping[str, Any]
) -> int:
    """Return the units of cost of what an operation has answered."""
    return _Bill(schema, document).of(operation.selection_set, schema.get_root_type(operation.operation), data)


class _Bill:
    """Adds up what one document has cost."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def of(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None, data: Mapping[str, Any]) -> int:
        """Return the cost of a selection set on an object that was answered with."""
        total = 0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                total += self._of_field(selection, parent, data)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                total += self.of(fragment.selection_set, self._type(fragment.type_condition.name.value), data)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = self._type(condition.name.value) if condition else parent
                total += self.of(selection.selection_set, kind, data)
        return total

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType | None, data: Mapping[str, Any]) -> int:
        """Return the cost of a field; one that the object does not have, since it is of another type, costs nothing."""
        answer = node.alias.value if node.alias else node.name.value
        if answer not in data or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 0
        found = parent.fields.get(node.name.value)
        if found is None:
            return 0
        value, kind = data[answer], get_named_type(found.type)
        objects = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else [value]
        inner = sum(self.of(node.selection_set, kind, one) for one in objects if isinstance(one, dict))
        return field_costs.of(parent, node.name.value, found) + inner

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self._schema.get_type(name)
