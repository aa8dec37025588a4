"""Fields that are read or called directly: they answer what graphql-core and Strawberry would have answered."""

from collections.abc import Awaitable
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, GraphQLObjectType, execute, parse
from strawberry import BasePermission
from strawberry.permission import PermissionExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from auth.errors import ForbiddenError
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import assembly, plain_fields
from schema.assembly import Schema
from schema.execution import AT_ONCE, execute_once
from schema.graphql_request import GraphQLRequest
from schema.limits import DocumentLimits
from tests.api import API

ORGANIZATION = "id name slug description status createdAt updatedAt"
QUERIES = [
    f"query ($id: ID!) {{ organization(id: $id) {{ {ORGANIZATION} __typename }} }}",
    f"query ($id: ID!, $s: String) {{ a: organization(id: $id, slug: $s) {{ {ORGANIZATION} }} }}",
    f"query ($id: ID!) {{ node(id: $id) {{ __typename id ... on Organization {{ {ORGANIZATION} deletedAt }} }} }}",
    (
        "query ($id: ID!) { organization(id: $id) { admins(first: 2) { edges { cursor node { email role status "
        "lastLoginAt organization { name } } } pageInfo { hasNextPage endCursor } } tenantStore { strategy } } }"
    ),
    "{ viewer { permissions admin { id email emailVerified } session { id current createdAt } } }",
    (
        "query ($id: ID!) { organization(id: $id) { auditEvents { edges { node { seq action actor { id displayName } "
        "createdAt changes { field before after } } } } migrations { edges { node { id } } } } }"
    ),
    "query ($id: ID!, $no: Boolean = false) { organization(id: $id) { name @skip(if: true) slug @include(if: $no) } }",
    '{ organization(slug: "nobody") { id } node(id: "bm9uc2Vuc2U=") { id } }',
    "{ organization { id } viewer { permissions } }",
    (
        "query ($id: ID!) { organization(id: $id) { ...F } again: organization(id: $id) { ...F slug } } "
        "fragment F on Organization { name slug rateLimit { limit } }"
    ),
]


@pytest.mark.parametrize("known", [True, False])
async def test_answers_are_those_of_the_long_way(api: API, services: Services, *, known: bool) -> None:
    """With all data and all errors, the first time and again, for a member and for a stranger."""
    member = await api.sign_up()
    variables = {"id": member.organization_id}
    quick, slow = assembly.build(explorable=True), assembly.declare()._schema  # noqa: SLF001 - of graphql-core

    def context() -> RequestContext:
        return RequestContext(services, Credentials(member.token if known else None), Origin(None, "test"))

    for query in QUERIES:
        executed = execute(
            slow,
            parse(query),
            variable_values=variables,
            context_value=context(),
            executor_class=StrawberryGraphQLCoreExecutionContext,
        )
        wanted = await executed if isinstance(executed, Awaitable) else executed
        for _ in range(2):
            found = await execute_once(quick, GraphQLRequest(query, None, variables, None), context(), AT_ONCE)
            assert found.data == wanted.data, query
            assert formatted(found.errors) == formatted(wanted.errors), query


def formatted(errors: list[GraphQLError] | None) -> list[Any]:
    """Return errors as graphql-core shows them."""
    return [error.formatted for error in errors or ()]


@strawberry.type
class Odd:
    """An object whose attributes are not what its fields say."""

    required: str
    number: int
    fine: str


@strawberry.type
class Query:
    """What there is of it."""

    @strawberry.field
    def odd(self) -> Odd | None:
        """Return one with a required attribute that is None, and a number that is none."""
        return Odd(required=None, number="x", fine="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["required", "number"])
async def test_what_is_wrong_is_told(services: Services, field: str) -> None:
    """By graphql-core, with the path; other fields of other objects are not lost."""
    schema = Schema(query=Query)
    schema.prepare(DocumentLimits(), explorable=True)
    context = RequestContext(services, Credentials(None), Origin(None, "test"))
    query = f"{{ a: odd {{ fine }} b: odd {{ fine {field} }} }}"
    result = await execute_once(schema, GraphQLRequest(query, None, None, None), context, AT_ONCE)
    assert result.data == {"a": {"fine": "yes"}, "b": None}
    assert [error.path for error in result.errors or ()] == [["b", field]]


def test_guards_are_never_passed_over() -> None:
    """What is called directly takes no input, follows nothing, and has no extension but guards, which are called."""
    schema = assembly.build(explorable=True)._schema  # noqa: SLF001 - of graphql-core
    changed = dict[str, StrawberryField]()
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field, one in kind.fields.items():
                if one.resolve and one.resolve.__module__ == plain_fields.__name__:
                    definition: StrawberryField = one.extensions["strawberry-definition"]
                    changed[f"{name}.{field}"] = definition
                    guarded = one.resolve.__qualname__.endswith("call_guarded")
                    assert guarded is bool(definition.extensions)
    assert {"Query.organization", "Query.node", "Organization.admins"} <= changed.keys()
    assert not any(name.startswith(("Mutation.", "Subscription.")) for name in changed)
    assert {type(one) for field in changed.values() for one in field.extensions} == {PermissionExtension}


async def test_guard_that_says_no_refuses(services: Services) -> None:
    """Also one that returns false instead of raising what it is."""

    class No(BasePermission):
        async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 - its signature
            return False

    @strawberry.type
    class Guarded:
        @strawberry.field(extensions=[PermissionExtension([No()], use_directives=False)])  # type: ignore[untyped-decorator]
        async def secret(self) -> str | None:
            return "told"

    schema = Schema(query=Guarded)
    schema.prepare(DocumentLimits(), explorable=True)
    context = RequestContext(services, Credentials(None), Origin(None, "test"))
    result = await execute_once(schema, GraphQLRequest("{ secret }", None, None, None), context, AT_ONCE)
    assert result.data == {"secret": None}
    assert [type(error.original_error) for error in result.errors or ()] == [ForbiddenError]
