"""Refuses a document with several operations when none is named (GraphQL specification, section 6.1).

Strawberry would execute the first of them.
"""

from collections.abc import Iterator

from graphql import OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError


class OperationSelection(SchemaExtension):
    """Checks the parsed document before anything else looks at it."""

    def on_parse(self) -> Iterator[None]:
        """Raise `CannotGetOperationTypeError` if it is open which operation is meant."""
        yield
        context = self.execution_context
        document = context.graphql_document
        if document is None or context._provided_operation_name is not None:  # noqa: SLF001 - the public one is a guess
            return
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) > 1:
            raise CannotGetOperationTypeError(None)
