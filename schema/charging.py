"""What an operation is charged, told to the client: what it costs at most is reserved, what was not used given back."""

from collections.abc import Mapping
from typing import Any

from resolvers import charges
from resolvers.context import RequestContext
from schema.prepared_operations import PreparedOperation

_CHEAP = 5


def settle(context: RequestContext, operation: PreparedOperation, data: Mapping[str, Any] | None) -> None:
    """Give back what a query or a mutation was charged and has not cost, if that is worth the while."""
    if context.charge is not None and context.charge.requested > _CHEAP:
        charges.settle(context, operation.actual_cost(data or {}))


def told(context: RequestContext) -> dict[str, Any] | None:
    """Return what clients are told in `extensions`."""
    charge = context.charge
    if charge is None:
        return None
    cost = {
        "requested": charge.requested,
        "actual": charge.actual,
        "limit": charge.limit,
        "remaining": charge.remaining,
        "restoreRate": charge.limit / charges.PERIOD_SECONDS,
    }
    return {"cost": cost}
