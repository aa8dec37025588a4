"""Peer (a): FastAPI, Motor, bcrypt and PyJWT, as REST services are written today."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, EmailStr, Field

from benchmarks.peers.store import Record, Store, TakenError, claims_of, new_token

_store: list[Store] = []


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    store = Store()
    await store.prepare()
    _store.append(store)
    yield
    store.close()


app = FastAPI(title="Organizations", lifespan=_lifespan)


class AdminOut(BaseModel):
    """An admin."""

    id: str
    email: str
    name: str | None
    role: str
    created_at: datetime


class OrganizationOut(BaseModel):
    """An organization."""

    id: str
    name: str
    slug: str
    description: str | None
    status: str
    created_at: datetime
    updated_at: datetime


class OrganizationWithAdmins(OrganizationOut):
    """An organization in a page."""

    admins: list[AdminOut]


class DocumentOut(BaseModel):
    """A document."""

    id: str
    type: str
    data: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class SignUpIn(BaseModel):
    """Who signs up."""

    name: str = Field(min_length=2, max_length=100)
    email: EmailStr
    password: str = Field(min_length=8, max_length=72)


class LoginIn(BaseModel):
    """Who logs in."""

    email: EmailStr
    password: str


class RenameIn(BaseModel):
    """A new name."""

    name: str = Field(min_length=2, max_length=100)


class DocumentIn(BaseModel):
    """A document to make."""

    type: str = Field(min_length=1, max_length=64)
    data: dict[str, Any]


class TokenOut(BaseModel):
    """An access token."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind of token


class SignedUpOut(TokenOut):
    """What a sign-up made."""

    organization: OrganizationOut
    admin: AdminOut


def get_store() -> Store:
    """Return the store."""
    return _store[0]


StoreOf = Annotated[Store, Depends(get_store)]


async def current_admin(store: StoreOf, authorization: Annotated[str | None, Header()] = None) -> Record:
    """Return who asks."""
    claims = claims_of(authorization)
    admin = None if claims is None else await store.admin(claims["sub"])
    if admin is None:
        raise HTTPException(401, "Not authenticated")
    return admin


AdminOf = Annotated[Record, Depends(current_admin)]


async def own_organization(slug: str, admin: AdminOf, store: StoreOf) -> Record:
    """Return the organization of a path, which has to be the caller's own."""
    organization = await store.organization(slug)
    if organization is None or organization["_id"] != admin["organization_id"]:
        raise HTTPException(404, "Not found")
    return organization


OwnOrganization = Annotated[Record, Depends(own_organization)]


def shown(record: Record) -> Record:
    """Return a stored record with its id as clients see it."""
    return {**record, "id": record["_id"]}


@app.get("/organizations/{slug}", response_model=OrganizationOut)
async def get_organization(slug: str, store: StoreOf) -> Record:
    """Read an organization."""
    organization = await store.organization(slug)
    if organization is None:
        raise HTTPException(404, "Not found")
    return shown(organization)


@app.get("/organizations", response_model=list[OrganizationWithAdmins])
async def list_organizations(store: StoreOf, _: AdminOf, limit: int = 50, after: str | None = None) -> list[Record]:
    """List organizations with their admins."""
    found = await store.page(limit, after)
    admins = await store.admins_of([organization["_id"] for organization in found])
    return [shown(one) | {"admins": [shown(admin) for admin in admins[one["_id"]]]} for one in found]


@app.get("/me", response_model=AdminOut)
async def me(admin: AdminOf) -> Record:
    """Return who asks."""
    return shown(admin)


@app.post("/organizations", response_model=SignedUpOut, status_code=201)
async def sign_up(given: SignUpIn, store: StoreOf) -> Record:
    """Sign up."""
    try:
        organization, admin = await store.sign_up(given.name, given.email, given.password)
    except TakenError as error:
        raise HTTPException(409, str(error)) from None
    return {"organization": shown(organization), "admin": shown(admin), "access_token": new_token(admin)}


@app.post("/login", response_model=TokenOut)
async def login(given: LoginIn, store: StoreOf) -> Record:
    """Log in."""
    admin = await store.log_in(given.email, given.password)
    if admin is None:
        raise HTTPException(401, "Bad credentials")
    return {"access_token": new_token(admin)}


@app.post("/organizations/{organization_id}/name", response_model=OrganizationOut)
async def rename(organization_id: str, given: RenameIn, admin: AdminOf, store: StoreOf) -> Record:
    """Rename one's own organization."""
    organization = await store.organization_by_id(organization_id)
    if organization is None or organization_id != admin["organization_id"]:
        raise HTTPException(404, "Not found")
    try:
        return shown(await store.rename(organization, given.name))
    except TakenError as error:
        raise HTTPException(409, str(error)) from None


@app.post("/organizations/{slug}/documents", response_model=DocumentOut, status_code=201)  # noqa: FAST003 - a dependency takes it
async def create_document(given: DocumentIn, organization: OwnOrganization, store: StoreOf) -> Record:
    """Make a document."""
    return shown(await store.create_document(organization, given.type, given.data))


@app.get("/organizations/{slug}/documents", response_model=list[DocumentOut])  # noqa: FAST003 - a dependency takes it
async def list_documents(organization: OwnOrganization, store: StoreOf, limit: int = 20) -> list[Record]:
    """List documents."""
    return [shown(document) for document in await store.page_of_documents(organization, limit)]


@app.get("/organizations/{slug}/documents/{document_id}", response_model=DocumentOut)  # noqa: FAST003 - a dependency takes it
async def get_document(document_id: str, organization: OwnOrganization, store: StoreOf) -> Record:
    """Read a document."""
    document = await store.document(organization, document_id)
    if document is None:
        raise HTTPException(404, "Not found")
    return shown(document)
