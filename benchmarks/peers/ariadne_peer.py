"""Peer (c): Ariadne over the same schema, with a loader for what a page would else ask for one by one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiodataloader import DataLoader
from ariadne import (
    InterfaceType,
    MutationType,
    ObjectType,
    QueryType,
    ScalarType,
    load_schema_from_path,
    make_executable_schema,
)
from ariadne.asgi import GraphQL
from graphql import GraphQLResolveInfo
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from benchmarks.peers.store import Record, Store, TakenError, claims_of, new_token

Info = GraphQLResolveInfo[dict[str, Any]]
_store: list[Store] = []

query, mutation, node = QueryType(), MutationType(), InterfaceType("Node")
organization, document, admin = ObjectType("Organization"), ObjectType("Document"), ObjectType("Admin")
date_time = ScalarType("DateTime", serializer=lambda value: value.isoformat())
for _type in (organization, document, admin):
    _type.set_alias("createdAt", "created_at")
for _type in (organization, document):
    _type.set_alias("updatedAt", "updated_at")
for _type in (organization, admin):
    _type.set_alias("id", "_id")


class AdminsByOrganizationLoader(DataLoader[str, list[Record]]):
    """Loads the admins of many organizations at once."""

    async def batch_load_fn(self, keys: list[str]) -> list[list[Record]]:
        """Return the admins of each organization."""
        found = await _store[0].admins_of(keys)
        return [found[key] for key in keys]


def connection(found: list[Record], first: int, cursor: str) -> Record:
    """Return a page."""
    edges = [{"cursor": one[cursor], "node": one} for one in found[:first]]
    end = edges[-1]["cursor"] if edges else None
    return {"edges": edges, "pageInfo": {"hasNextPage": len(found) > first, "endCursor": end}}


def taken(error: TakenError) -> Record:
    """Return a payload that says what is taken."""
    return {"errors": [{"code": str(error), "message": "It is taken.", "path": None}]}


async def own_organization(info: Info, organization_id: str) -> Record:
    """Return the caller's organization; raise `PermissionError` if this is another."""
    claims = info.context["claims"]
    own = claims is not None and claims["org"] == organization_id
    found = await _store[0].organization_by_id(organization_id) if own else None
    if found is None:
        raise PermissionError("FORBIDDEN")
    return found


@node.type_resolver
def resolve_node_type(obj: Record, *_: object) -> str:
    """Return the type of a node: documents have one of their own."""
    return "Document" if "type" in obj else "Organization"


@query.field("viewer")
async def resolve_viewer(_: object, info: Info) -> Record | None:
    """Return who asks."""
    claims = info.context["claims"]
    found = None if claims is None else await _store[0].admin(claims["sub"])
    return None if found is None else {"admin": found}


@query.field("node")
async def resolve_node(_: object, info: Info, *, id: str) -> Record | None:  # noqa: A002 - the name that clients see
    """Find a document of one's own organization."""
    organization_id, _, document_id = id.partition(":")
    found = await _store[0].document(await own_organization(info, organization_id), document_id)
    return None if found is None else {**found, "organization_id": organization_id}


@query.field("organization")
async def resolve_organization(_: object, __: Info, *, slug: str) -> Record | None:
    """Find an organization."""
    return await _store[0].organization(slug)


@query.field("organizations")
async def resolve_organizations(_: object, info: Info, *, first: int = 20, after: str | None = None) -> Record:
    """List organizations."""
    if info.context["claims"] is None:
        raise PermissionError("UNAUTHENTICATED")
    return connection(await _store[0].page(first + 1, after), first, "slug")


@organization.field("admins")
async def resolve_admins(obj: Record, info: Info, *, first: int = 20) -> Record:
    """Load the admins."""
    return connection(await info.context["admins"].load(obj["_id"]), first, "_id")


@organization.field("documents")
async def resolve_documents(obj: Record, info: Info, *, first: int = 20) -> Record:
    """Load a page of documents, of one's own organization."""
    await own_organization(info, obj["_id"])
    found = await _store[0].page_of_documents(obj, first + 1)
    return connection([{**one, "organization_id": obj["_id"]} for one in found], first, "_id")


@document.field("id")
def resolve_document_id(obj: Record, _: Info) -> str:
    """Return the id, which names the organization, too."""
    return f"{obj['organization_id']}:{obj['_id']}"


@mutation.field("createOrg")
async def resolve_create_org(_: object, __: Info, *, input: Record) -> Record:  # noqa: A002 - as above
    """Sign up."""
    try:
        made, owner = await _store[0].sign_up(input["name"], input["email"], input["password"])
    except TakenError as error:
        return taken(error)
    return {"organization": made, "admin": owner, "session": {"accessToken": new_token(owner)}, "errors": []}


@mutation.field("login")
async def resolve_login(_: object, __: Info, *, input: Record) -> Record:  # noqa: A002 - as above
    """Log in."""
    found = await _store[0].log_in(input["email"], input["password"])
    if found is None:
        return {"errors": [{"code": "BAD_CREDENTIALS", "message": "Email or password are wrong.", "path": None}]}
    return {"admin": found, "session": {"accessToken": new_token(found)}, "errors": []}


@mutation.field("renameOrg")
async def resolve_rename_org(_: object, info: Info, *, input: Record) -> Record:  # noqa: A002 - as above
    """Rename one's own organization."""
    found = await own_organization(info, input["organizationId"])
    try:
        return {"organization": await _store[0].rename(found, input["name"]), "errors": []}
    except TakenError as error:
        return taken(error)


@mutation.field("createDocument")
async def resolve_create_document(_: object, info: Info, *, input: Record) -> Record:  # noqa: A002 - as above
    """Make a document in one's own organization."""
    found = await own_organization(info, input["organizationId"])
    made = await _store[0].create_document(found, input["type"], input["data"])
    return {"document": {**made, "organization_id": found["_id"]}, "errors": []}


def get_context(request: Request, _: object) -> dict[str, Any]:
    """Return what resolvers know of a request."""
    claims = claims_of(request.headers.get("Authorization"))
    return {"request": request, "claims": claims, "admins": AdminsByOrganizationLoader()}


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    store = Store()
    await store.prepare()
    _store.append(store)
    yield
    store.close()


schema = make_executable_schema(
    load_schema_from_path(str(Path(__file__).parent / "schema.graphql")),
    [query, mutation, node, organization, document, admin, date_time],
)
app = Starlette(routes=[Route("/graphql", GraphQL(schema, context_value=get_context))], lifespan=_lifespan)
