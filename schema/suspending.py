"""Suspending organizations: what operators do about those that misbehave, or do not pay."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import suspensions
from schema import ids
from schema.fields import Info
from schema.organizations import Organization
from schema.user_errors import Payload, mutation

_REASON = "Why: 1 to 500 characters, recorded in the organization's audit trail."


@strawberry.input(description="What to suspend.")
class SuspendOrgInput:
    """Input of `suspendOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    reason: str = strawberry.field(description=f"{_REASON} Its members can read it.")


@strawberry.type(description="What `suspendOrg` returns.")
class SuspendOrgPayload(Payload):
    """Payload of `suspendOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")


@strawberry.input(description="What to reactivate.")
class ReactivateOrgInput:
    """Input of `reactivateOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What `reactivateOrg` returns.")
class ReactivateOrgPayload(Payload):
    """Payload of `reactivateOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")


@strawberry.type
class SuspensionMutations:
    """How suspensions begin and end."""

    @mutation(
        SuspendOrgPayload,
        "Suspend an organization: its members can sign in and read, and every change answers `ORG_SUSPENDED`. What was "
        "being written has ended when this answers; a move that is under way goes on.",
        Permission.ORGANIZATION_SUSPEND,
    )
    async def suspend_org(
        self,
        info: Info,
        input: Annotated[SuspendOrgInput, strawberry.argument(description="What to suspend.")],  # noqa: A002 - the name that clients see
    ) -> SuspendOrgPayload | None:
        """Suspend an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await suspensions.suspend(info.context, organization_id, input.reason)
        return SuspendOrgPayload(organization=Organization.from_record(record))

    @mutation(ReactivateOrgPayload, "End the suspension of an organization.", Permission.ORGANIZATION_SUSPEND)
    async def reactivate_org(
        self,
        info: Info,
        input: Annotated[ReactivateOrgInput, strawberry.argument(description="What to reactivate.")],  # noqa: A002 - the name that clients see
    ) -> ReactivateOrgPayload | None:
        """Reactivate an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await suspensions.reactivate(info.context, organization_id, input.reason)
        return ReactivateOrgPayload(organization=Organization.from_record(record))
