"""Executes operations: plain fields without ado, selections collected once for each document.

A field that only shows an attribute is read, and no resolver is called: half of what it costs to answer is saved that
way (docs/adr/0024). Whatever is out of the ordinary is left to graphql-core.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeGuard, cast

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    subscribe,
)
from graphql import ExecutionResult as CoreResult
from graphql.execution import Executor, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, FragmentDetails, collect_fields
from graphql.execution.values import get_variable_values
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.context import RequestContext
from schema.plain_fields import Readers

_MAX_ERRORS = 2  # Of variables: each looks at all that was given in its place.


_IS_AWAITABLE = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


@dataclass(slots=True)
class Selections:
    """What one operation selects, collected when it is executed first: of use if no directive depends on variables."""

    root: CollectedFields | None = None
    below: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = field(default_factory=dict)


@dataclass(slots=True)
class Executable:
    """An operation with what is the same each time that it is executed; `selections` if they are the same, too."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    readers: Readers
    selections: Selections | None
    hide_suggestions: bool
    fragments: dict[str, FragmentDefinitionNode] = field(init=False)
    details: dict[str, FragmentDetails] = field(init=False)

    def __post_init__(self) -> None:
        self.fragments = {
            node.name.value: node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.details = {name: FragmentDetails(node, None) for name, node in self.fragments.items()}

    async def execute(self, variables: Mapping[str, Any], context: RequestContext) -> CoreResult:
        """Return the result of a query or a mutation."""
        values = get_variable_values(
            self.schema,
            self.operation.variable_definitions or (),
            dict(variables),
            max_errors=_MAX_ERRORS,
            hide_suggestions=self.hide_suggestions,
        )
        if isinstance(values, list):
            return CoreResult(None, values)
        executor = SharingExecutor(
            self.schema,
            self.fragments,
            self.details,
            None,
            context,
            self.operation,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=_IS_AWAITABLE,
            hide_suggestions=self.hide_suggestions,
        )
        return await executor.run(self.readers, self.selections)

    async def subscribe(
        self, variables: Mapping[str, Any], context: RequestContext
    ) -> AsyncGenerator[CoreResult, None]:
        """Return the results of a subscription that has begun. Raises `GraphQLError` if it does not begin."""
        found = subscribe(
            self.schema,
            self.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=None if self.operation.name is None else self.operation.name.value,
            executor_class=SharingExecutor,
            hide_suggestions=self.hide_suggestions,
            max_coercion_errors=_MAX_ERRORS,
        )
        results = await found if isinstance(found, Awaitable) else found
        if isinstance(results, CoreResult):
            raise (results.errors or [GraphQLError("The subscription did not begin.")])[0]
        return cast("AsyncGenerator[CoreResult, None]", results)


class SharingExecutor(Executor[Any]):
    """Executes operations; those whose context says what is shared, once for all with the same rights (adr/0017).

    Strawberry's own executor delivers by and by, which nobody asks for here: of it, this has what resolvers are told.
    """

    operation_extensions = None
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info
    _readers: Readers = MappingProxyType({})

    async def run(self, readers: Readers, selections: Selections | None) -> CoreResult:
        """Execute a query or a mutation."""
        self._readers = readers
        if selections is not None:
            self._relevant_sub_fields = selections.below
        kind = self.operation.operation
        root_type = cast("GraphQLObjectType", self.schema.get_root_type(kind))
        data: dict[str, Any] | None = None
        try:
            fields = self._collect(root_type, selections).grouped_field_set
            found = self.execute_root_grouped_field_set(root_type, None, fields, kind is OperationType.MUTATION, None)
            data = await found if isinstance(found, Awaitable) else found
        except GraphQLError as error:
            self.collected_errors.add(error, None)
        return cast("CoreResult", self.build_response(data))

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - as the base has it
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,  # noqa: ANN401 - as the base has it
    ) -> Any:  # noqa: ANN401 - as the base has it
        """Read a plain field, or resolve any other."""
        reader = self._readers.get((parent_type.name, field_details_list[0].node.name.value))
        if reader is not None:
            try:
                return reader(source)
            except Exception:  # noqa: BLE001, S110 - happens again below, where it is told
                pass
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def execute_operation(self, serially: bool | None = None) -> AwaitableOrValue[Any]:  # noqa: FBT001 - its signature
        """Execute the operation for an event, or wait for the result of one that is the same."""
        share = self.context_value.share if isinstance(self.context_value, RequestContext) else None
        if share is None:
            return super().execute_operation(serially)
        key = share.key, *self._request()
        if key not in share.results:
            share.results[key] = asyncio.ensure_future(self._execute(super().execute_operation(serially)))
        return asyncio.shield(share.results[key])

    async def _execute(self, result: AwaitableOrValue[Any]) -> CoreResult:
        return cast("CoreResult", await result if self.is_awaitable(result) else result)

    def _request(self) -> tuple[Hashable, ...]:
        """Return what the client has asked for."""
        name = None if self.operation.name is None else self.operation.name.value
        source = None if self.operation.loc is None else self.operation.loc.source.body
        return source, name, orjson.dumps(self.variable_values.coerced, default=repr)

    def _collect(self, root_type: GraphQLObjectType, selections: Selections | None) -> CollectedFields:
        if selections is not None and selections.root is not None:
            return selections.root
        found = collect_fields(
            self.schema, self.fragments, self.variable_values, root_type, self.operation, self.hide_suggestions
        )
        if selections is not None:
            selections.root = found
        return found
