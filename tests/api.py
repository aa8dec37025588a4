"""How tests speak to the server: GraphQL over HTTP, as any client would."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

PASSWORD = "lukewarm granite teapot"

SIGN_UP = """
mutation SignUp($input: CreateOrgInput!) {
  createOrg(input: $input) {
    organization { id name slug description status createdAt updatedAt }
    admin { id email name role status emailVerified displayName }
    session { accessToken tokenType expiresAt refreshToken }
    errors { code message path }
  }
}
"""

LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) {
    session { accessToken tokenType expiresAt refreshToken }
    admin { id email lastLoginAt }
    operator { id email }
    errors { code message path }
  }
}
"""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Member:
    """An organization that has signed up, and its owner, signed in."""

    organization_id: str
    slug: str
    name: str
    admin_id: str
    email: str
    token: str
    refresh_token: str


class API:
    """A client of one server."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Send an operation and return the whole response, errors included, without what it has cost."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        body: dict[str, Any] = response.json()
        body.pop("extensions", None)
        return body

    async def data(
        self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Send an operation that has to succeed and return its data."""
        body = await self.execute(query, variables, token=token)
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    async def error_code(
        self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> str:
        """Send an operation that has to fail with one GraphQL error and return its code."""
        body = await self.execute(query, variables, token=token)
        (error,) = body["errors"]
        code: str = error["extensions"]["code"]
        return code

    async def create_org(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the test gives
        """Send a sign-up with defaults for all that the test does not care about; return the payload."""
        number = next(_numbers)
        defaults = {"name": f"Organization {number}", "email": f"owner{number}@example.com", "password": PASSWORD}
        payload: dict[str, Any] = (await self.data(SIGN_UP, {"input": defaults | changes}))["createOrg"]
        return payload

    async def sign_up(self, **changes: Any) -> Member:  # noqa: ANN401 - whatever the test gives
        """Sign an organization up; it has to succeed."""
        payload = await self.create_org(**changes)
        assert payload["errors"] == []
        organization, admin, session = payload["organization"], payload["admin"], payload["session"]
        return Member(
            organization_id=organization["id"],
            slug=organization["slug"],
            name=organization["name"],
            admin_id=admin["id"],
            email=admin["email"],
            token=session["accessToken"],
            refresh_token=session["refreshToken"],
        )

    async def login(self, email: str, password: str = PASSWORD, *, token: str | None = None) -> dict[str, Any]:
        """Log in and return the payload."""
        variables = {"input": {"email": email, "password": password}}
        payload: dict[str, Any] = (await self.data(LOGIN, variables, token=token))["login"]
        return payload


@contextlib.asynccontextmanager
async def started(app: Starlette) -> AsyncIterator[ASGIApp]:
    """Run an application's lifespan and hand its state to every request, as a server does."""
    async with app.router.lifespan_context(app) as state:

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        yield application
