"""Following what people do to an organization."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

import strawberry

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import organization_events
from resolvers.subscriptions import Moment
from schema import actors, ids
from schema.audit_events import AuditTarget
from schema.enums import AuditAction
from schema.fields import Info, guard, requires
from schema.interfaces import Actor
from schema.organizations import Organization
from storage.acts import ActorReference
from storage.event_stream import ActContent

AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="Begin behind the event with this cursor, of the same subscription: 2,000 characters at most. "
        "Unless given, with what happens from now on."
    ),
]
CURSOR = "Where to go on after this event: the argument `after` of another subscription."


@strawberry.type(description="Something that somebody has done to an organization, told when it is done.")
class OrganizationEvent:
    """An event of an organization."""

    actor_reference: strawberry.Private[ActorReference]
    organization_id: strawberry.Private[OrganizationId]
    cursor: str = strawberry.field(description=CURSOR)
    seq: int = strawberry.field(description="The place in the organization's audit chain.")
    action: AuditAction = strawberry.field(description="What was done.")
    target: AuditTarget = strawberry.field(description="What it was done to.")
    created_at: datetime = strawberry.field(description="When it was done.")

    @strawberry.field(description="Who did it; null for somebody who had not signed in.")
    async def actor(self, info: Info) -> Actor | None:
        """Load who did it."""
        return await actors.shown(info.context, self.actor_reference)

    @strawberry.field(description="The organization as it is now.")
    async def organization(self, info: Info) -> Organization | None:
        """Load the organization."""
        record = await info.context.loaders.organizations.load(self.organization_id)
        return None if record is None else Organization.from_record(record)

    @classmethod
    def from_moment(cls, moment: Moment, act: ActContent) -> "OrganizationEvent":
        """Show an act."""
        return cls(
            actor_reference=act.actor,
            organization_id=moment.event.organization_id,
            cursor=moment.cursor,
            seq=act.seq,
            action=act.action,
            target=AuditTarget.from_target(act.target),
            created_at=moment.event.at,
        )


@strawberry.type
class OrganizationSubscriptions:
    """How organizations are followed."""

    @strawberry.subscription(
        description=requires(
            "What people do to an organization, each as soon as it is done, in the order of `seq`. What concerns "
            "sessions and invitations, and what operators tried in vain, is for those who hold "
            f"`{Permission.AUDIT_READ}`.",
            Permission.EVENT_READ,
        ),
        extensions=guard(Permission.EVENT_READ),
    )
    async def organization_events(
        self,
        info: Info,
        organization_id: Annotated[
            strawberry.ID, strawberry.argument(description="The global id of the organization.")
        ],
        after: AfterEvent = None,
    ) -> AsyncGenerator[OrganizationEvent | None, None]:
        """Follow an organization."""
        key = ids.decode_organization(organization_id)
        return _shown(await organization_events.follow(info.context, key, after))


async def _shown(moments: AsyncGenerator[Moment, None]) -> AsyncGenerator[OrganizationEvent | None, None]:
    async with contextlib.aclosing(moments):
        async for moment in moments:
            if moment.event.act is not None:
                yield OrganizationEvent.from_moment(moment, moment.event.act)
