"""What an organization may still spend."""

from datetime import datetime

import strawberry

from resolvers.charges import Standing


@strawberry.type(description="What the requests of an organization's members may cost, in units, over all servers.")
class RateLimit:
    """The budget of one organization."""

    limit: int = strawberry.field(description="How many units it gets a minute: it never has more.")
    remaining: int = strawberry.field(description="How many it has, but for small parts that other servers hold.")
    restore_rate: float = strawberry.field(description="How many units it gets a second.")
    resets_at: datetime = strawberry.field(description="When it has all of them, if nothing is spent until then.")

    @classmethod
    def from_standing(cls, standing: Standing) -> "RateLimit":
        """Show how a budget stands."""
        return cls(
            limit=standing.limit,
            remaining=standing.remaining,
            restore_rate=standing.restore_rate,
            resets_at=standing.full_at,
        )
