"""Refuses documents of which there is too much, before they are validated and before any resolver runs."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError
from strawberry.extensions import SchemaExtension

from auth.errors import QueryTooComplexError
from resolvers.context import RequestContext
from schema import document_shapes
from schema.document_shapes import Shapes, TooDeepError
from schema.limits import DocumentLimits

_TOO_MANY_TOKENS = "Document contains more than"


class WithinLimits(SchemaExtension):
    """Checks every document against the limits."""

    def __init__(self, limits: DocumentLimits, shapes: Shapes) -> None:
        self._limits = limits
        self._shapes = shapes

    def on_parse(self) -> Iterator[None]:
        """Let a document be parsed that is not too long, and raise `QueryTooComplexError` if it is too much."""
        context = self.execution_context
        query = context.query or ""
        self._check("length", len(query))
        context.parse_options["max_tokens"] = self._limits.max_document_tokens
        try:
            yield
        except GraphQLSyntaxError as error:
            self._check_tokens(error)
            raise
        if context.graphql_document is not None:
            self._check_shape(query, context.graphql_document)
        for found in context.pre_execution_errors or ():
            self._check_tokens(found)

    def _check_tokens(self, error: GraphQLError) -> None:
        """Raise `QueryTooComplexError` for what the parser says of a document that has too many tokens."""
        if _TOO_MANY_TOKENS in error.message:
            self._check("tokens", self._limits.max_document_tokens + 1)

    def _check_shape(self, query: str, document: DocumentNode) -> None:
        context = self.execution_context
        try:
            shape = self._shapes.of(query, document, context.operation_name, context.variables or {})
        except TooDeepError:
            self._check("depth", document_shapes.DEEPEST)
            return
        if shape is not None:
            if isinstance(context.context, RequestContext):
                context.context.cost = shape.cost
            for measure in document_shapes.MEASURES:
                self._check(measure, getattr(shape, measure))

    def _check(self, measure: str, found: int) -> None:
        name = f"max_document_{measure}"
        limit: int = getattr(self._limits, name)
        if found > limit:
            what = DocumentLimits.model_fields[name].description
            raise QueryTooComplexError(f"The document has {found} {what}; {limit} are allowed.", measure, found, limit)
