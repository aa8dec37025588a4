"""Introspection: who may read the schema through the endpoint is asked where an operation reads it."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_introspection_type,
    visit,
)

_HARMLESS = {"__type", "name", "__typename"}


def introspects(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Tell whether a document reads more of the schema than `__type(name:) { name }`.

    That tells whether a type exists, which validation errors tell anyway, and the audits of GraphQL over HTTP send it.
    """
    info = TypeInfo(schema)
    found = _Finder(info)
    visit(document, TypeInfoVisitor(info, found))
    return found.leads_in


class _Finder(Visitor):
    """Looks for a field that leads into the schema."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.leads_in = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:  # noqa: ANN401 - the visitor's arguments
        parent, type_ = self._info.get_parent_type(), get_named_type(self._info.get_type())
        leads_in = any(found is not None and is_introspection_type(found) for found in (parent, type_))
        self.leads_in |= leads_in and node.name.value not in _HARMLESS
