"""How each operation is asked for, and what its answer says: GraphQL as Tenantry speaks it, and REST.

Facts are what all answers have to agree about: values that the seeds fix, and the names of the fields.
"""

import re
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.http_calls import Call

PASSWORD = "lukewarm granite teapot"  # noqa: S105 - of accounts that live for a benchmark
PAGE, DOCUMENTS = 50, 20
DATA = {"status": "open", "total": 12.5, "note": "x" * 120}

Facts = Any


@dataclass(frozen=True, slots=True)
class Member:
    """An organization that has signed up, and its owner's token."""

    organization_id: str
    slug: str
    email: str
    token: str


class Dialect(Protocol):
    """What the cases ask of every server."""

    def point_read(self, token: str, slug: str) -> Call:
        """Read one organization."""

    def page(self, token: str, after: str | None) -> Call:
        """Read a page of 50 organizations with their admins."""

    def viewer(self, token: str) -> Call:
        """Ask who asks."""

    def create_document(self, member: Member) -> Call:
        """Make a document."""

    def read_document(self, member: Member, document_id: str) -> Call:
        """Read a document."""

    def page_of_documents(self, member: Member) -> Call:
        """Read a page of 20 documents."""

    def login(self, email: str) -> Call:
        """Log in."""

    def sign_up(self, name: str, email: str) -> Call:
        """Sign up."""

    def rename(self, member: Member, name: str) -> Call:
        """Rename an organization."""

    def member(self, answer: Any, email: str) -> Member:  # noqa: ANN401 - JSON
        """Return who has signed up."""

    def token(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the token of a login."""

    def document_id(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the id of a document made."""

    def facts(self, answer: Any) -> Facts:  # noqa: ANN401 - as above
        """Return what the answer says."""


_ORGANIZATION = "id name slug description status createdAt updatedAt"
_DOCUMENT = "id type data version createdAt updatedAt"
_ADMIN = "id email name role createdAt"
_POINT_READ = f"query Point($slug: String!) {{ organization(slug: $slug) {{ {_ORGANIZATION} }} }}"
_PAGE = f"""query Page($first: Int, $after: String) {{
  organizations(first: $first, after: $after) {{
    edges {{ cursor node {{ {_ORGANIZATION} admins(first: 10) {{ edges {{ node {{ {_ADMIN} }} }} }} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_VIEWER = f"{{ viewer {{ admin {{ {_ADMIN} }} }} }}"
_CREATE = f"""mutation Create($input: CreateDocumentInput!) {{
  createDocument(input: $input) {{ document {{ {_DOCUMENT} }} errors {{ code message path }} }}
}}"""
_READ = f"query Read($id: ID!) {{ node(id: $id) {{ ... on Document {{ {_DOCUMENT} }} }} }}"
_DOCUMENTS = f"""query Documents($slug: String!, $first: Int) {{
  organization(slug: $slug) {{ documents(first: $first) {{
    edges {{ cursor node {{ {_DOCUMENT} }} }} pageInfo {{ hasNextPage endCursor }}
  }} }}
}}"""
_LOGIN = """mutation Login($input: LoginInput!) {
  login(input: $input) { session { accessToken } errors { code message path } }
}"""
_SIGN_UP = f"""mutation SignUp($input: CreateOrgInput!) {{
  createOrg(input: $input) {{
    organization {{ {_ORGANIZATION} }} session {{ accessToken }} errors {{ code message path }}
  }}
}}"""
_RENAME = f"""mutation Rename($input: RenameOrgInput!) {{
  renameOrg(input: $input) {{ organization {{ {_ORGANIZATION} }} errors {{ code message path }} }}
}}"""


class GraphQL:
    """The operations as one text each with variables, as client code has them."""

    def point_read(self, token: str, slug: str) -> Call:
        """Read one organization."""
        return _graphql(_POINT_READ, token, slug=slug)

    def page(self, token: str, after: str | None) -> Call:
        """Read a page of organizations."""
        return _graphql(_PAGE, token, first=PAGE, after=after)

    def viewer(self, token: str) -> Call:
        """Ask who asks."""
        return _graphql(_VIEWER, token)

    def create_document(self, member: Member) -> Call:
        """Make a document."""
        given = {"organizationId": member.organization_id, "type": "order", "data": DATA}
        return _graphql(_CREATE, member.token, input=given)

    def read_document(self, member: Member, document_id: str) -> Call:
        """Read a document."""
        return _graphql(_READ, member.token, id=document_id)

    def page_of_documents(self, member: Member) -> Call:
        """Read a page of documents."""
        return _graphql(_DOCUMENTS, member.token, slug=member.slug, first=DOCUMENTS)

    def login(self, email: str) -> Call:
        """Log in."""
        return _graphql(_LOGIN, None, input={"email": email, "password": PASSWORD})

    def sign_up(self, name: str, email: str) -> Call:
        """Sign up."""
        return _graphql(_SIGN_UP, None, input={"name": name, "email": email, "password": PASSWORD})

    def rename(self, member: Member, name: str) -> Call:
        """Rename an organization."""
        return _graphql(_RENAME, member.token, input={"organizationId": member.organization_id, "name": name})

    def member(self, answer: Any, email: str) -> Member:  # noqa: ANN401 - JSON
        """Return who has signed up."""
        payload = answer["data"]["createOrg"]
        organization = payload["organization"]
        return Member(organization["id"], organization["slug"], email, payload["session"]["accessToken"])

    def token(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the token of a login."""
        return str(answer["data"]["login"]["session"]["accessToken"])

    def document_id(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the id of a document made."""
        return str(answer["data"]["createDocument"]["document"]["id"])

    def facts(self, answer: Any) -> Facts:  # noqa: ANN401 - as above
        """Return the one thing that an answer holds, its connections as lists."""
        (found,) = answer["data"].values()
        while isinstance(found, dict) and len(found) == 1:  # A viewer's admin, an organization's documents.
            (found,) = found.values()
        for name in ("document", "organization"):
            if isinstance(found, dict) and found.get("errors") == []:
                found = found.get(name, found)
        return _facts(found)


class REST:
    """The operations as resources."""

    def point_read(self, token: str, slug: str) -> Call:  # noqa: ARG002 - it is public there
        """Read one organization."""
        return Call("GET", f"/organizations/{slug}")

    def page(self, token: str, after: str | None) -> Call:
        """Read a page of organizations."""
        return Call("GET", f"/organizations?limit={PAGE}" + (f"&after={after}" if after else ""), token)

    def viewer(self, token: str) -> Call:
        """Ask who asks."""
        return Call("GET", "/me", token)

    def create_document(self, member: Member) -> Call:
        """Make a document."""
        return Call("POST", f"/organizations/{member.slug}/documents", member.token, {"type": "order", "data": DATA})

    def read_document(self, member: Member, document_id: str) -> Call:
        """Read a document."""
        return Call("GET", f"/organizations/{member.slug}/documents/{document_id}", member.token)

    def page_of_documents(self, member: Member) -> Call:
        """Read a page of documents."""
        return Call("GET", f"/organizations/{member.slug}/documents?limit={DOCUMENTS}", member.token)

    def login(self, email: str) -> Call:
        """Log in."""
        return Call("POST", "/login", None, {"email": email, "password": PASSWORD})

    def sign_up(self, name: str, email: str) -> Call:
        """Sign up."""
        return Call("POST", "/organizations", None, {"name": name, "email": email, "password": PASSWORD})

    def rename(self, member: Member, name: str) -> Call:
        """Rename an organization."""
        return Call("POST", f"/organizations/{member.organization_id}/name", member.token, {"name": name})

    def member(self, answer: Any, email: str) -> Member:  # noqa: ANN401 - JSON
        """Return who has signed up."""
        organization = answer["organization"]
        return Member(organization["id"], organization["slug"], email, answer["access_token"])

    def token(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the token of a login."""
        return str(answer["access_token"])

    def document_id(self, answer: Any) -> str:  # noqa: ANN401 - as above
        """Return the id of a document made."""
        return str(answer["id"])

    def facts(self, answer: Any) -> Facts:  # noqa: ANN401 - as above
        """Return what an answer holds."""
        return _facts(answer)


_FIXED = {"name", "slug", "description", "status", "type", "data", "version", "role", "email"}


def _facts(found: Any) -> Facts:  # noqa: ANN401 - JSON
    """Return values where the seeds fix them, types where each server has its own, lists in order of their facts."""
    if isinstance(found, dict) and "edges" in found:
        found = [edge["node"] for edge in found["edges"]]
    if isinstance(found, list):
        return sorted((_facts(one) for one in found), key=repr)
    if not isinstance(found, dict):
        return found
    named = {_snake(name): value for name, value in found.items() if name != "cursor"}
    return {name: _fact(name, value) for name, value in sorted(named.items())}


def _fact(name: str, value: Any) -> Facts:  # noqa: ANN401 - JSON
    return value if name in _FIXED else _facts(value) if isinstance(value, dict | list) else type(value).__name__


def _graphql(query: str, token: str | None, **variables: object) -> Call:
    return Call("POST", "/graphql", token, {"query": query, "variables": variables})


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
