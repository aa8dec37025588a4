"""Executes a subscription once for all who get the same event and would be answered the same (docs/adr/0017)."""

import asyncio
from collections.abc import Hashable
from typing import Any, cast

import orjson
from graphql import ExecutionResult
from graphql.pyutils import AwaitableOrValue
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.context import RequestContext


class SharingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes operations; those whose context says what is shared, once for everyone with the same rights."""

    def execute_operation(self, serially: bool | None = None) -> AwaitableOrValue[Any]:  # noqa: FBT001 - its signature
        """Execute the operation, or wait for the result of one that is the same."""
        share = self.context_value.share if isinstance(self.context_value, RequestContext) else None
        if share is None:
            return super().execute_operation(serially)
        key = share.key, *self._request()
        if key not in share.results:
            share.results[key] = asyncio.ensure_future(self._execute(super().execute_operation(serially)))
        return asyncio.shield(share.results[key])

    async def _execute(self, result: AwaitableOrValue[Any]) -> ExecutionResult:
        return cast("ExecutionResult", await result if self.is_awaitable(result) else result)

    def _request(self) -> tuple[Hashable, ...]:
        """Return what the client has asked for."""
        name = None if self.operation.name is None else self.operation.name.value
        source = None if self.operation.loc is None else self.operation.loc.source.body
        return source, name, orjson.dumps(self.variable_values.coerced, default=repr)
