"""Every field of the schema, used by everyone: the permission matrix holds, and what is denied changes nothing."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from graphql import GraphQLObjectType
from starlette.types import ASGIApp

from server import Settings
from storage.database import Database
from tests import cast, mails
from tests.api import API
from tests.cast import Cast
from tests.permission_matrix import (
    GUARDED,
    MUTATIONS,
    NODES,
    QUERIES,
    SEEN,
    SUBSCRIPTIONS,
    UNAUTHENTICATED,
    Caller,
    Operation,
)
from tests.schema.test_assembly import SCHEMA
from tests.websocket import ClosedError, connected

_REFUSALS = {"FORBIDDEN", "UNAUTHENTICATED", "INTERNAL"}
_RECORDS_OF_DENIALS = {"audit_events", "events", "audit_checkpoints", "rate_budgets"}
_UPDATE = "mutation ($i: UpdateOrgInput!) { updateOrg(input: $i) { errors { code } } }"
_CREATE = "mutation ($i: CreateDocumentInput!) { createDocument(input: $i) { errors { code } } }"
_RENAME = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { errors { code } } }"


@pytest.fixture
async def people(app: ASGIApp, api: API, settings: Settings, operator_token: str) -> Cast:
    """Everyone who can ask."""
    return await cast.assemble(app, api, settings, operator_token)


def described_fields() -> Iterator[tuple[str, str]]:
    """Yield every field of the committed schema, as `Type.field`, with its description."""
    for name, kind in SCHEMA.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from ((f"{name}.{field}", one.description or "") for field, one in kind.fields.items())


def refusal(caller: Caller) -> str:
    """Return the code by which a caller is refused."""
    return "UNAUTHENTICATED" if caller in UNAUTHENTICATED else "FORBIDDEN"


def codes(body: dict[str, Any]) -> list[str]:
    """Return the codes of the GraphQL errors in a response."""
    return [error["extensions"]["code"] for error in body.get("errors", [])]


async def ask(api: API, people: Cast, caller: Caller, text: str) -> dict[str, Any]:
    """Send an operation as somebody."""
    return await api.execute(text % people.names, token=people.tokens[caller])


async def stored(database: Database) -> dict[str, Any]:
    """Return all that is stored, but for the records of what operators were denied, and what asking has cost."""
    names = await database.client[database.name].list_collection_names()
    found = {
        name: await database[name].find().sort("_id").to_list(None)
        for name in sorted(names)
        if name not in _RECORDS_OF_DENIALS
    }
    for organization in found["organizations"]:
        organization.pop("audit", None)
        placement = organization["placement"]
        store = database.client[placement["database"]][placement["collection"]]
        found[placement["collection"]] = await store.find().sort("_id").to_list(None)
    return found


def test_every_field_is_in_the_matrix_once() -> None:
    """A new field has to be decided upon; what the matrix calls guarded is, and nothing else."""
    seen = [f"{name}.{field}" for name, fields in SEEN.items() for field in fields.split()]
    operations = {f"Query.{one.field}" for one in QUERIES} | {f"Mutation.{one.field}" for one in MUTATIONS}
    subscriptions = [f"Subscription.{name}" for name in SUBSCRIPTIONS]
    decided = [*seen, *operations, *subscriptions, *GUARDED]
    fields = dict(described_fields())
    assert sorted(decided) == sorted(fields)
    assert [one for one in seen if "Requires `" in fields[one]] == []
    assert [one for one in GUARDED if "Requires `" not in fields[one]] == []
    nodes = {name for name, kind in SCHEMA.type_map.items() if "Node" in _interfaces(kind)}
    assert nodes == set(NODES)


async def test_queries(api: API, people: Cast) -> None:
    """Whoever may ask is answered, everybody else is refused."""
    for operation in QUERIES:
        for caller in Caller:
            body = await ask(api, people, caller, f"{{ {operation.text} }}")
            expected = [] if caller in operation.callers else [refusal(caller)]
            assert codes(body) == expected, (operation.field, caller)


async def test_guarded_fields(api: API, people: Cast) -> None:
    """Whoever may see a field sees it, everybody else is refused; the rest of the object is there for both."""
    for field, (callers, selection) in GUARDED.items():
        name = field.partition(".")[2]
        for caller in Caller:
            text = f'{{ organization(id: "%(organization)s") {{ slug {name} {selection} }} }}'
            body = await ask(api, people, caller, text)
            assert codes(body) == ([] if caller in callers else [refusal(caller)]), (field, caller)
            assert body["data"]["organization"]["slug"], (field, caller)
            if caller not in callers:
                assert body["data"]["organization"][name] is None, (field, caller)


@pytest.mark.parametrize("kind", list(NODES))
async def test_nodes(api: API, people: Cast, kind: str) -> None:
    """A node that may not be seen is absent, like one that does not exist."""
    placeholder = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")
    for caller in Caller:
        body = await ask(api, people, caller, f'{{ node(id: "%({placeholder})s") {{ __typename }} }}')
        seen = {"__typename": kind} if caller in NODES[kind] else None
        assert body == {"data": {"node": seen}}, caller


async def test_denied_mutations_change_nothing(api: API, people: Cast, database: Database) -> None:
    """Whoever may not do something is refused, and all that is stored stays as it was."""
    await mails.until_sent(database)
    before = await stored(database)
    for operation in MUTATIONS:
        for caller in sorted(set(Caller) - operation.callers):
            body = await ask(api, people, caller, f"mutation {{ {operation.text} }}")
            assert codes(body) == [refusal(caller)], (operation.field, caller)
            assert body["data"] == {operation.field: None}, (operation.field, caller)
        assert await stored(database) == before, operation.field


@pytest.mark.parametrize("operations", [MUTATIONS[0::2], MUTATIONS[1::2]], ids=["even", "odd"])
async def test_allowed_mutations_are_not_refused(api: API, people: Cast, operations: Sequence[Operation]) -> None:
    """Whoever may do something is not refused: at most the input is."""
    for operation in operations:
        for caller in sorted(operation.callers):
            body = await ask(api, people, caller, f"mutation {{ {operation.text} }}")
            assert not _REFUSALS & set(codes(body)), (operation.field, caller)
            if operation.ends:
                await people.sign_in_again(caller)


@pytest.mark.parametrize("name", list(SUBSCRIPTIONS))
async def test_subscriptions(app: ASGIApp, api: API, people: Cast, name: str) -> None:
    """Whoever may follow is told, everybody else is refused."""
    callers, selection = SUBSCRIPTIONS[name]
    text = f'subscription {{ {name}(organizationId: "{people.owner.organization_id}") {selection} }}'
    for caller in Caller:
        if caller in {Caller.EXPIRED, Caller.REVOKED}:
            with pytest.raises(ClosedError, match="4403"):
                await follow(app, api, people, caller, text)
        elif caller in callers:
            assert await follow(app, api, people, caller, text) == "next", caller
        else:
            assert await follow(app, api, people, caller, text) == refusal(caller), caller


async def follow(app: ASGIApp, api: API, people: Cast, caller: Caller, text: str) -> str:
    """Follow until something is told, and have things happen meanwhile; return what it is, or the refusal's code."""
    async with connected(app, people.tokens[caller]) as socket:
        socket.subscribe("1", text)
        heard = asyncio.ensure_future(socket.receive())
        await asyncio.wait([heard], timeout=0.2)
        while not heard.done():
            await make_something_happen(api, people)
            await asyncio.wait([heard], timeout=0.5)
        message = heard.result()
        kind: str = message["type"]
        return message["payload"][0]["extensions"]["code"] if kind == "error" else kind


async def make_something_happen(api: API, people: Cast) -> None:
    """Do what each subscription tells of."""
    owner = people.owner
    given = {"organizationId": owner.organization_id}
    await api.data(_UPDATE, {"i": given | {"description": "Changed"}}, token=owner.token)
    await api.data(_CREATE, {"i": given | {"type": "note", "data": {}}}, token=owner.token)
    await api.data(_RENAME, {"i": given | {"name": f"{owner.name} {id(object())}"}}, token=owner.token)


def _interfaces(kind: object) -> set[str]:
    return {interface.name for interface in kind.interfaces} if isinstance(kind, GraphQLObjectType) else set()
