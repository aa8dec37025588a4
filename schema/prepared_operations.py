"""Operations that were sent before are neither read nor checked again: those used last, so much text of them."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, validate

from schema import actual_costs, document_limits, document_shapes, introspection, plain_fields
from schema.actual_costs import Item
from schema.document_shapes import Shape
from schema.executor import Executable, Selections
from schema.limits import DocumentLimits
from schema.plain_fields import Readers

_MAX_CHARACTERS = 400_000  # A document takes some fifty times the memory of its text.
_MAX_ERRORS = 2  # Each shows what it is about, and that can be the whole document.
_MAX_LENGTH = 8192
_MAX_SHAPES = 32
_DEFAULT = -1


class NoSuchOperationError(Exception):
    """It is open which operation of the document is meant."""

    def __init__(self) -> None:
        super().__init__("The document has no operation of this name, or several and no name was given.")


class InvalidDocumentError(Exception):
    """The document does not fit the schema; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


@dataclass(slots=True)
class PreparedOperation:
    """One operation of a document that was read and found right; what it costs depends on some of its variables."""

    executable: Executable
    introspects: bool
    limits: DocumentLimits
    depends_on: frozenset[str]
    shapes: dict[tuple[int | None, ...], Shape] = field(default_factory=dict)
    items: Sequence[Item] | None = None

    @property
    def kind(self) -> OperationType:
        """Whether it is a query, a mutation or a subscription."""
        return self.executable.operation.operation

    def cost(self, variables: Mapping[str, Any]) -> int:
        """Return what it costs at most with these variables. Raises `QueryTooComplexError`."""
        key = _key(variables, self.depends_on)
        shape = self.shapes.get(key)
        if shape is None:
            one = self.executable
            shape, _ = document_limits.measure(one.schema, one.document, one.operation, variables, self.limits)
            if len(self.shapes) < _MAX_SHAPES:
                self.shapes[key] = shape
        return shape.cost

    def actual_cost(self, data: Mapping[str, Any]) -> int:
        """Return what it has cost that was answered with this."""
        if self.items is None:
            one = self.executable
            self.items = actual_costs.items(one.schema, one.document, one.operation)
        return actual_costs.of(self.items, data)


class PreparedOperations:
    """The operations of one schema; `hide_suggestions` takes "did you mean" out of what is said about documents."""

    def __init__(self, schema: GraphQLSchema, limits: DocumentLimits, *, hide_suggestions: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._hide_suggestions = hide_suggestions
        self._readers: Readers = plain_fields.readers(schema)
        self._remembered: OrderedDict[tuple[str, str | None], PreparedOperation] = OrderedDict()
        self._characters = 0

    def prepare(self, query: str, name: str | None, variables: Mapping[str, Any]) -> PreparedOperation:
        """Return an operation that is right, whoever may execute it.

        Raises `QueryTooComplexError`, `GraphQLSyntaxError`, `NoSuchOperationError`, `InvalidDocumentError`.
        """
        found = self._remembered.get((query, name))
        if found is not None:
            self._remembered.move_to_end((query, name))
            return found
        prepared = self._read(query, name, variables)
        if len(query) <= _MAX_LENGTH:
            self._remember(query, name, prepared)
        return prepared

    def _read(self, query: str, name: str | None, variables: Mapping[str, Any]) -> PreparedOperation:
        document = document_limits.read(query, self._limits)
        operation = document_shapes.select(document, name)
        if operation is None:
            raise NoSuchOperationError
        shape, depends_on = document_limits.measure(self._schema, document, operation, variables, self._limits)
        errors = validate(self._schema, document, max_errors=_MAX_ERRORS, hide_suggestions=self._hide_suggestions)
        if errors:
            raise InvalidDocumentError(errors)
        return PreparedOperation(
            self._executable(document, operation, shape),
            introspection.introspects(self._schema, document),
            self._limits,
            depends_on,
            {_key(variables, depends_on): shape},
        )

    def _executable(self, document: DocumentNode, operation: OperationDefinitionNode, shape: Shape) -> Executable:
        selections = None if shape.directives else Selections()
        return Executable(self._schema, document, operation, self._readers, selections, self._hide_suggestions)

    def _remember(self, query: str, name: str | None, prepared: PreparedOperation) -> None:
        self._remembered[query, name] = prepared
        self._characters += len(query)
        while self._characters > _MAX_CHARACTERS:
            (forgotten, _), _ = self._remembered.popitem(last=False)
            self._characters -= len(forgotten)


def _key(variables: Mapping[str, Any], depends_on: frozenset[str]) -> tuple[int | None, ...]:
    """Return what a shape depends on: the page sizes that variables give, or that they are not given."""
    return tuple(document_shapes.size(variables[name]) if name in variables else _DEFAULT for name in depends_on)
