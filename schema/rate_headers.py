"""Header fields that tell how a budget stands (draft-ietf-httpapi-ratelimit-headers)."""

import math
from collections.abc import Collection
from typing import Any

from resolvers import charges
from resolvers.rate_budgets import Charge

_POLICY = "cost"


def of(charge: Charge | None) -> dict[str, str]:
    """Return the policy, how many units are left, and in how many seconds there will be all of them."""
    if charge is None:
        return {}
    seconds = math.ceil((charge.limit - charge.remaining) * charges.PERIOD_SECONDS / charge.limit)
    return {
        "RateLimit-Policy": f'"{_POLICY}";q={charge.limit};w={charges.PERIOD_SECONDS:.0f}',
        "RateLimit": f'"{_POLICY}";r={charge.remaining};t={seconds}',
    }


def retry_after(found: Collection[dict[str, Any]]) -> dict[str, str]:
    """Return when to come again, as the errors say it."""
    waits = [error["extensions"]["retryAfter"] for error in found if "retryAfter" in error["extensions"]]
    return {"Retry-After": str(max(waits))} if waits else {}
