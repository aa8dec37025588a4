"""Peer (b): the same schema in Strawberry's plain defaults: its FastAPI router, a query a field, no loaders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import strawberry
from fastapi import FastAPI, Request
from strawberry.fastapi import GraphQLRouter
from strawberry.scalars import JSON
from strawberry.types import Info

from benchmarks.peers.store import Record, Store, TakenError, claims_of, new_token

Context = Info[dict[str, Any], None]
_store: list[Store] = []


@strawberry.interface
class Node:
    """What has an id."""

    id: strawberry.ID


@strawberry.type
class PageInfo:
    """Whether there are more."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Admin:
    """An admin."""

    id: strawberry.ID
    email: str
    name: str | None
    role: str
    created_at: datetime

    @classmethod
    def of(cls, record: Record) -> "Admin":
        """Show a stored admin."""
        return cls(
            id=record["_id"],
            email=record["email"],
            name=record["name"],
            role=record["role"],
            created_at=record["created_at"],
        )


@strawberry.type
class AdminEdge:
    """A place in a page of admins."""

    cursor: str
    node: Admin


@strawberry.type
class AdminConnection:
    """A page of admins."""

    edges: list[AdminEdge]
    page_info: PageInfo


@strawberry.type
class Document(Node):
    """A document."""

    type: str
    data: JSON
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, organization_id: str, record: Record) -> "Document":
        """Show a stored document."""
        return cls(
            id=strawberry.ID(f"{organization_id}:{record['_id']}"),
            type=record["type"],
            data=record["data"],
            version=record["version"],
            created_at=record["created_at"],
            updated_at=record["updated_at"],
        )


@strawberry.type
class DocumentEdge:
    """A place in a page of documents."""

    cursor: str
    node: Document


@strawberry.type
class DocumentConnection:
    """A page of documents."""

    edges: list[DocumentEdge]
    page_info: PageInfo


@strawberry.type
class Organization(Node):
    """An organization."""

    record: strawberry.Private[Record]
    name: str
    slug: str
    description: str | None
    status: str
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def admins(self, first: int = 20) -> AdminConnection | None:
        """Load the admins."""
        found = (await _store[0].admins_of([self.record["_id"]]))[self.record["_id"]]
        edges = [AdminEdge(cursor=one["_id"], node=Admin.of(one)) for one in found[:first]]
        return AdminConnection(edges=edges, page_info=_page_info(edges, more=len(found) > first))

    @strawberry.field
    async def documents(self, info: Context, first: int = 20) -> DocumentConnection | None:
        """Load a page of documents, of one's own organization."""
        if not _is_own(info, self.record["_id"]):
            raise PermissionError("FORBIDDEN")
        found = await _store[0].page_of_documents(self.record, first + 1)
        edges = [DocumentEdge(cursor=one["_id"], node=Document.of(self.record["_id"], one)) for one in found[:first]]
        return DocumentConnection(edges=edges, page_info=_page_info(edges, more=len(found) > first))

    @classmethod
    def of(cls, record: Record) -> "Organization":
        """Show a stored organization."""
        return cls(
            id=record["_id"],
            record=record,
            name=record["name"],
            slug=record["slug"],
            description=record["description"],
            status=record["status"],
            created_at=record["created_at"],
            updated_at=record["updated_at"],
        )


@strawberry.type
class OrganizationEdge:
    """A place in a page of organizations."""

    cursor: str
    node: Organization


@strawberry.type
class OrganizationConnection:
    """A page of organizations."""

    edges: list[OrganizationEdge]
    page_info: PageInfo


@strawberry.type
class Viewer:
    """Who asks."""

    admin: Admin | None


@strawberry.type
class Session:
    """What a login gives out."""

    access_token: str


@strawberry.type
class UserError:
    """What the user can mend."""

    code: str
    message: str
    path: list[str] | None = None


@strawberry.input
class CreateOrgInput:
    """Who signs up."""

    name: str
    email: str
    password: str


@strawberry.type
class CreateOrgPayload:
    """What a sign-up made."""

    organization: Organization | None = None
    admin: Admin | None = None
    session: Session | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class LoginInput:
    """Who logs in."""

    email: str
    password: str


@strawberry.type
class LoginPayload:
    """Who logged in."""

    session: Session | None = None
    admin: Admin | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class RenameOrgInput:
    """A new name."""

    organization_id: strawberry.ID
    name: str


@strawberry.type
class RenameOrgPayload:
    """The organization under its new name."""

    organization: Organization | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class CreateDocumentInput:
    """A document to make."""

    organization_id: strawberry.ID
    type: str
    data: JSON


@strawberry.type
class CreateDocumentPayload:
    """The document made."""

    document: Document | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


def _page_info(edges: list[Any], *, more: bool) -> PageInfo:
    return PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)


def _is_own(info: Context, organization_id: str) -> bool:
    claims = info.context["claims"]
    return claims is not None and claims["org"] == organization_id


async def _own_organization(info: Context, organization_id: str) -> Record:
    organization = await _store[0].organization_by_id(organization_id) if _is_own(info, organization_id) else None
    if organization is None:
        raise PermissionError("FORBIDDEN")
    return organization


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    async def viewer(self, info: Context) -> Viewer | None:
        """Return who asks."""
        claims = info.context["claims"]
        admin = None if claims is None else await _store[0].admin(claims["sub"])
        return None if admin is None else Viewer(admin=Admin.of(admin))

    @strawberry.field
    async def node(self, info: Context, id: strawberry.ID) -> Node | None:  # noqa: A002 - the name that clients see
        """Find a document of one's own organization."""
        organization_id, _, document_id = id.partition(":")
        organization = await _own_organization(info, organization_id)
        document = await _store[0].document(organization, document_id)
        return None if document is None else Document.of(organization_id, document)

    @strawberry.field
    async def organization(self, slug: str) -> Organization | None:
        """Find an organization."""
        found = await _store[0].organization(slug)
        return None if found is None else Organization.of(found)

    @strawberry.field
    async def organizations(
        self, info: Context, first: int = 20, after: str | None = None
    ) -> OrganizationConnection | None:
        """List organizations."""
        if info.context["claims"] is None:
            raise PermissionError("UNAUTHENTICATED")
        found = await _store[0].page(first + 1, after)
        edges = [OrganizationEdge(cursor=one["slug"], node=Organization.of(one)) for one in found[:first]]
        return OrganizationConnection(edges=edges, page_info=_page_info(edges, more=len(found) > first))


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    async def create_org(self, input: CreateOrgInput) -> CreateOrgPayload:  # noqa: A002 - the name that clients see
        """Sign up."""
        try:
            organization, admin = await _store[0].sign_up(input.name, input.email, input.password)
        except TakenError as error:
            return CreateOrgPayload(errors=[UserError(code=str(error), message="It is taken.")])
        return CreateOrgPayload(
            organization=Organization.of(organization),
            admin=Admin.of(admin),
            session=Session(access_token=new_token(admin)),
        )

    @strawberry.mutation
    async def login(self, input: LoginInput) -> LoginPayload:  # noqa: A002 - as above
        """Log in."""
        admin = await _store[0].log_in(input.email, input.password)
        if admin is None:
            return LoginPayload(errors=[UserError(code="BAD_CREDENTIALS", message="Email or password are wrong.")])
        return LoginPayload(admin=Admin.of(admin), session=Session(access_token=new_token(admin)))

    @strawberry.mutation
    async def rename_org(self, info: Context, input: RenameOrgInput) -> RenameOrgPayload:  # noqa: A002 - as above
        """Rename one's own organization."""
        organization = await _own_organization(info, input.organization_id)
        try:
            return RenameOrgPayload(organization=Organization.of(await _store[0].rename(organization, input.name)))
        except TakenError as error:
            return RenameOrgPayload(errors=[UserError(code=str(error), message="It is taken.")])

    @strawberry.mutation
    async def create_document(self, info: Context, input: CreateDocumentInput) -> CreateDocumentPayload:  # noqa: A002 - as above
        """Make a document in one's own organization."""
        organization = await _own_organization(info, input.organization_id)
        document = await _store[0].create_document(organization, input.type, cast("Record", input.data))
        return CreateDocumentPayload(document=Document.of(organization["_id"], document))


async def get_context(request: Request) -> dict[str, Any]:
    """Return what resolvers know of a request."""
    return {"claims": claims_of(request.headers.get("Authorization"))}


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    store = Store()
    await store.prepare()
    _store.append(store)
    yield
    store.close()


schema = strawberry.Schema(query=Query, mutation=Mutation, types=[Document])
app = FastAPI(lifespan=_lifespan)
app.include_router(GraphQLRouter(schema, context_getter=get_context), prefix="/graphql")
