"""Refuses documents of which there is too much, before they are validated and before any resolver runs."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError, OperationDefinitionNode, parse

from auth.errors import QueryTooComplexError
from schema import document_shapes
from schema.document_shapes import DEEPEST, Shape, TooDeepError
from schema.limits import DocumentLimits

_TOO_MANY_TOKENS = "Document contains more than"


def read(query: str, limits: DocumentLimits) -> DocumentNode:
    """Parse a document. Raises `QueryTooComplexError`, or `GraphQLSyntaxError`."""
    _check(limits, "length", len(query))
    try:
        return parse(query, max_tokens=limits.max_document_tokens)
    except GraphQLSyntaxError as error:
        if _TOO_MANY_TOKENS in error.message:
            _check(limits, "tokens", limits.max_document_tokens + 1)
        raise


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: DocumentLimits,
) -> tuple[Shape, frozenset[str]]:
    """Return what `document_shapes.measure` does. Raises `QueryTooComplexError`."""
    try:
        shape, depends_on = document_shapes.measure(schema, document, operation, variables)
    except TooDeepError:
        raise _too_much("depth", DEEPEST + 1, min(limits.max_document_depth, DEEPEST)) from None
    for name in document_shapes.MEASURES:
        _check(limits, name, getattr(shape, name))
    return shape, depends_on


def _check(limits: DocumentLimits, measured: str, found: int) -> None:
    limit: int = getattr(limits, f"max_document_{measured}")
    if found > limit:
        raise _too_much(measured, found, limit)


def _too_much(measured: str, found: int, limit: int) -> QueryTooComplexError:
    what = DocumentLimits.model_fields[f"max_document_{measured}"].description
    return QueryTooComplexError(f"The document has {found} {what}; {limit} are allowed.", measured, found, limit)
