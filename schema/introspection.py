"""Introspection, switched off: nobody reads the schema through the endpoint."""

from typing import Any

from graphql import FieldNode, GraphQLError, get_named_type, is_introspection_type
from graphql.validation import ValidationRule
from strawberry.extensions import AddValidationRules

_HARMLESS = {"__type", "name", "__typename"}


class NoIntrospectionRule(ValidationRule):
    """Allows nothing of introspection but `__type(name:) { name }`.

    It tells whether a type exists, which validation errors tell anyway, and the audits of GraphQL over HTTP send it.
    """

    def enter_field(self, node: FieldNode, *_: Any) -> None:  # noqa: ANN401 - the visitor's arguments
        """Report a field that leads into the schema."""
        parent, type_ = self.context.get_parent_type(), get_named_type(self.context.get_type())
        leads_in = any(found is not None and is_introspection_type(found) for found in (parent, type_))
        if leads_in and node.name.value not in _HARMLESS:
            self.report_error(GraphQLError("Introspection is switched off here.", node))


class NoIntrospection(AddValidationRules):
    """The rule, for the list of extensions."""

    def __init__(self) -> None:
        super().__init__([NoIntrospectionRule])
