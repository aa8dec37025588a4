"""Charges an operation to a budget: what it costs at most before it runs, and what it has cost when it is done."""

from collections.abc import AsyncIterator
from typing import Any

from graphql import ExecutionResult
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from resolvers import charges
from resolvers.context import RequestContext
from schema.document_shapes import Shapes

_CHEAP = 5


class Charging(SchemaExtension):
    """Reserves what the shape of the document says, and gives back what was not used: not of a subscription."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    async def on_operation(self) -> AsyncIterator[None]:
        """Reserve what it costs to refuse a document. Raises `RateLimitedError`."""
        context = self.execution_context.context
        if isinstance(context, RequestContext):
            await charges.begin(context)
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """Reserve what the document costs at most. Raises `RateLimitedError`."""
        context = self.execution_context.context
        if isinstance(context, RequestContext):
            await charges.reserve(context)
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """Give back what is not used."""
        context = self.execution_context.context
        if not isinstance(context, RequestContext) or context.charge is None:
            yield
            return
        charges.accept(context)
        yield
        result = self.execution_context.result
        if context.charge.requested > _CHEAP and isinstance(result, ExecutionResult):
            charges.settle(context, self._actual(result))

    def get_results(self) -> dict[str, Any]:
        """Return what clients are told in `extensions.cost`."""
        context = self.execution_context.context
        charge = context.charge if isinstance(context, RequestContext) else None
        if charge is None or self._is_live():
            return {}
        cost = {
            "requested": charge.requested,
            "actual": charge.actual,
            "limit": charge.limit,
            "remaining": charge.remaining,
            "restoreRate": charge.limit / charges.PERIOD_SECONDS,
        }
        return {"cost": cost}

    def _is_live(self) -> bool:
        context = self.execution_context
        return context.graphql_document is not None and context.operation_type is OperationType.SUBSCRIPTION

    def _actual(self, result: ExecutionResult) -> int:
        context = self.execution_context
        assert context.graphql_document is not None  # noqa: S101 - it has been executed
        return self._shapes.actual_cost(context.graphql_document, context.operation_name, result.data or {})
