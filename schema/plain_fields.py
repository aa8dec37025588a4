"""Fields that need little of what Strawberry and graphql-core do for the others: most of those that are asked for.

One that only shows an attribute is read. One whose resolver takes scalars is resolved by calling its guards, if it has
some, and then it. Both halve what such a field costs (docs/benchmarks/profile.md).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    Undefined,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from strawberry.permission import PermissionExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from auth.errors import ForbiddenError
from schema.fields import Info

Reader = Callable[[Any], Any]
Readers = Mapping[tuple[str, str], Reader]
_DEFINITION = "strawberry-definition"


class _NotPlainError(Exception):
    """The value is not what a plain field has: graphql-core says what is wrong."""


def readers(schema: GraphQLSchema) -> Readers:
    """Return how the fields of all types are read that only show an attribute, a scalar or an enum."""
    return {
        (parent.name, name): _reader(definition.python_name, found.type)
        for parent, name, found, definition in _fields(schema)
        if definition.is_basic_field and is_leaf_type(get_nullable_type(found.type))
    }


def call_directly(schema: GraphQLSchema, config: StrawberryConfig) -> None:
    """Have resolvers called as they are, behind their guards, that take the object, scalars and the request."""
    for parent, _, found, definition in _fields(schema):
        if parent is not schema.subscription_type and _takes_scalars(found, definition):
            found.resolve = _caller(definition, config)


def _fields(schema: GraphQLSchema) -> Iterator[tuple[GraphQLObjectType, str, GraphQLField, StrawberryField]]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, found in kind.fields.items():
                definition = found.extensions.get(_DEFINITION)
                if isinstance(definition, StrawberryField):
                    yield kind, name, found, definition


def _reader(attribute: str, kind: GraphQLOutputType) -> Reader:
    leaf = cast("GraphQLLeafType", get_nullable_type(kind))
    is_required, coerce = is_non_null_type(kind), leaf.coerce_output_value

    def read(source: object) -> Any:  # noqa: ANN401 - whatever the field is
        value = getattr(source, attribute)
        if value is not None:
            value = coerce(value)
            if value is None or value is Undefined:
                raise _NotPlainError
        elif is_required:
            raise _NotPlainError
        return value

    return read


def _takes_scalars(found: GraphQLField, definition: StrawberryField) -> bool:
    resolver = definition.base_resolver
    if resolver is None or resolver.parent_parameter or resolver.root_parameter or resolver.self_parameter is None:
        return False
    guarded = all(type(extension) is PermissionExtension for extension in definition.extensions)
    return guarded and all(is_leaf_type(get_nullable_type(argument.type)) for argument in found.args.values())


def _caller(definition: StrawberryField, config: StrawberryConfig) -> Callable[..., Any]:
    assert definition.base_resolver is not None  # noqa: S101 - it takes scalars
    function = cast("Callable[..., Any]", definition.base_resolver.wrapped_func)
    wanted = definition.base_resolver.info_parameter
    names = {config.name_converter.from_argument(one): one.python_name for one in definition.arguments}
    info_name = None if wanted is None else wanted.name
    guards = [one for extension in definition.extensions for one in cast("PermissionExtension", extension).permissions]

    def call(source: object, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:  # noqa: ANN401 - graphql-core's
        given = {names[name]: value for name, value in arguments.items()}
        if info_name is not None:
            given[info_name] = Info(_raw_info=info, _field=definition)
        return function(source, **given)

    async def call_guarded(source: object, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:  # noqa: ANN401 - as above
        request: Info = Info(_raw_info=info, _field=definition)
        given = {names[name]: value for name, value in arguments.items()}
        for guard in guards:
            if await cast("Awaitable[bool]", guard.has_permission(source, request, **given)) is not True:
                raise ForbiddenError
        if info_name is not None:
            given[info_name] = request
        return await function(source, **given)

    return call_guarded if guards else call
