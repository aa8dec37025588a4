"""Checking an organization's audit trail."""

from typing import Annotated

import strawberry

from auth.audit_trail import TrailBreakError
from auth.errors import BadRequestError
from auth.roles import Permission
from resolvers import audit_trails
from schema import ids
from schema.enums import AuditBreakReason
from schema.fields import Info, guard, requires
from storage.audit_trails import Verification


@strawberry.type(description="Where an audit trail is not what was recorded.")
class AuditTrailBreak:
    """The first break of a trail."""

    seq: int = strawberry.field(description="The place in the chain; what follows it was not checked.")
    reason: AuditBreakReason = strawberry.field(description="What is wrong there.")
    message: str = strawberry.field(description="The same in words.")

    @classmethod
    def from_error(cls, error: TrailBreakError) -> "AuditTrailBreak":
        """Show a break."""
        return cls(seq=error.seq, reason=error.reason, message=error.message)


@strawberry.type(description="What a check of an audit trail has found.")
class AuditTrailVerification:
    """The result of `verifyAuditTrail`."""

    intact: bool = strawberry.field(description="Whether there is no break in what was checked.")
    checked_events: int = strawberry.field(description="How many events are as they were recorded.")
    first_break: AuditTrailBreak | None = strawberry.field(description="The first break; null when there is none.")
    next_seq: int | None = strawberry.field(
        description="Where to go on, as `fromSeq`; null when the end was reached or a break was found."
    )

    @classmethod
    def from_verification(cls, found: Verification) -> "AuditTrailVerification":
        """Show what was found."""
        return cls(
            intact=found.first_break is None,
            checked_events=found.checked_events,
            first_break=None if found.first_break is None else AuditTrailBreak.from_error(found.first_break),
            next_seq=found.next_seq,
        )


@strawberry.type
class AuditTrailQueries:
    """How trails are checked."""

    @strawberry.field(
        description=requires(
            "Check an organization's audit trail as it is stored: each event's hash and its link to the one before, "
            "the checkpoints, and that it ends at its head. A request checks up to 100,000 events.",
            Permission.AUDIT_READ,
        ),
        extensions=guard(Permission.AUDIT_READ),
    )
    async def verify_audit_trail(
        self,
        info: Info,
        organization_id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],
        from_seq: Annotated[
            int | None,
            strawberry.argument(
                description="The event to begin with, the first one unless given; the one before is taken as stored."
            ),
        ] = None,
    ) -> AuditTrailVerification | None:
        """Check a trail."""
        first = 1 if from_seq is None else from_seq
        if first < 1:
            raise BadRequestError("The first event is number 1.")
        found = await audit_trails.verify(info.context, ids.decode_organization(organization_id), first)
        return AuditTrailVerification.from_verification(found)
