"""Suspensions, as members see them."""

from datetime import datetime

import strawberry

from storage.organizations import Suspension as StoredSuspension


@strawberry.type(description="That an organization is suspended.")
class Suspension:
    """A suspension."""

    suspended_at: datetime = strawberry.field(description="Since when.")
    reason: str = strawberry.field(description="Why, in the words of the operator who did it.")

    @classmethod
    def from_stored(cls, suspension: StoredSuspension) -> "Suspension":
        """Show a stored suspension."""
        return cls(suspended_at=suspension.at, reason=suspension.reason)
