"""Signing an organization up."""

from typing import Annotated

import strawberry

from resolvers import sign_ups
from resolvers.sign_ups import OrganizationSignUp
from schema.admins import Admin
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.organizations import Organization
from schema.refresh_cookies import IN_COOKIE, cookie_for
from schema.sessions import SessionTokens
from schema.user_errors import Payload, mutation


@strawberry.input(description="A new organization and its owner.")
class CreateOrgInput:
    """Input of `createOrg`."""

    name: str = strawberry.field(description="The name of the organization: 2 to 100 characters.")
    slug: str | None = strawberry.field(
        default=None,
        description="The name in addresses: 2 to 40 of a to z, digits, single hyphens. From the name unless given.",
    )
    description: str | None = strawberry.field(
        default=None, description="What the organization says about itself: up to 2,000 characters."
    )
    admin_name: str | None = strawberry.field(default=None, description="The name of the owner: 2 to 100 characters.")
    email: str = strawberry.field(description="The email address of the owner; one account an address, without case.")
    password: str = strawberry.field(description="The password of the owner: 8 to 128 characters, not easy to guess.")
    refresh_token_in_cookie: bool = strawberry.field(default=False, description=IN_COOKIE)
    idempotency_key: str | None = strawberry.field(
        default=None, description=f"{KEY} The session is opened the first time only: log in if its answer was lost."
    )


@strawberry.type(description="What `createOrg` returns.")
class CreateOrgPayload(Payload):
    """Payload of `createOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The new organization.")
    admin: Admin | None = strawberry.field(default=None, description="Its owner.")
    session: SessionTokens | None = strawberry.field(
        default=None,
        description="The owner's first session; null when an operator signs the organization up, and when a request is "
        "answered again for its key.",
    )


@strawberry.type
class SignUpMutations:
    """How organizations begin."""

    @mutation(
        CreateOrgPayload,
        "Sign an organization up. Open to everyone, who is then signed in as its owner, unless the installation leaves "
        "sign-up to operators (`organization:create`).",
    )
    async def create_org(
        self,
        info: Info,
        input: Annotated[CreateOrgInput, strawberry.argument(description="Who signs up.")],  # noqa: A002 - the name that clients see
    ) -> CreateOrgPayload | None:
        """Sign an organization up."""
        cookie = cookie_for(info.context, wanted=input.refresh_token_in_cookie)
        request = OrganizationSignUp(
            name=input.name,
            slug=input.slug,
            description=input.description,
            admin_name=input.admin_name,
            email=input.email,
            password=input.password,
        )
        signed_up = await sign_ups.sign_up(info.context, request, attempt_of(info, input))
        return CreateOrgPayload(
            organization=Organization.from_record(signed_up.organization),
            admin=Admin.from_record(signed_up.admin),
            session=None if signed_up.session is None else SessionTokens.from_issued(signed_up.session, cookie),
        )
