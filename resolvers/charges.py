"""Who pays for a request: the organization of a valid token, an operator, or the address of a stranger."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.identifiers import AdminId, OperatorId, OrganizationId
from resolvers import networks
from resolvers.context import RequestContext
from resolvers.rate_budgets import Charge
from storage.budgets import PERIOD
from storage.database import now

PERIOD_SECONDS = PERIOD.total_seconds()
_REFUSAL = 20
_FREE_EVENT = 10
_BYTES_A_UNIT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands: units left of its limit, units that it gets a second, and when it is full by that."""

    limit: int
    remaining: int
    restore_rate: float
    full_at: datetime


async def begin(context: RequestContext) -> None:
    """Charge what a document costs that is refused, before it is read. Raises `RateLimitedError`.

    Who pays is what the token says: whether it still counts is seen later, and costs a look at the database.
    """
    payer = _payer(context)
    if payer is None or context.charge is not None:
        return
    key, limit = payer
    budgets = context.services.rate_budgets
    context.charge = charge = Charge(key, limit, _REFUSAL, actual=0, remaining=budgets.remaining(key, limit))
    charge.remaining = await budgets.reserve(key, limit, _REFUSAL)
    charge.actual = _REFUSAL


async def pay_body(context: RequestContext, size: int) -> None:
    """Charge a large body, before it is decoded, a unit for each 16 KiB. Raises `RateLimitedError`."""
    payer = _payer(context)
    if payer is not None:
        await context.services.rate_budgets.reserve(*payer, size // _BYTES_A_UNIT)


async def reserve(context: RequestContext) -> None:
    """Charge what the operation costs at most, if that is more. Raises `RateLimitedError`."""
    charge = context.charge
    if charge is None or context.cost <= charge.requested:
        return
    more, charge.requested = context.cost - charge.requested, context.cost
    charge.remaining = await context.services.rate_budgets.reserve(charge.key, charge.limit, more)
    charge.actual = charge.requested


def accept(context: RequestContext) -> None:
    """Charge what the operation costs, now that its document is not refused."""
    if context.charge is not None:
        context.charge.requested = max(1, context.cost)
        settle(context, context.charge.requested)


def turn(context: RequestContext) -> AbstractAsyncContextManager[None]:
    """Return what an operation that is paid for is executed and settled in: its turn, for who was just over budget."""
    charge = context.charge
    return nullcontext() if charge is None else context.services.rate_budgets.turn(charge)


def place(context: RequestContext) -> AbstractAsyncContextManager[None]:
    """Return what an operation is executed in: while others ask, too, the share of the process that its payer has.

    Strangers have no share: of those behind one address, none is to wait for the delayed logins of another.
    """
    charge, shares = context.charge, context.services.shares
    if charge is None:
        return nullcontext()
    if context.claims() is None:
        shares.note(charge.key)
        return nullcontext()
    return shares.place(charge.key, charge.requested)


def settle(context: RequestContext, actual: int) -> None:
    """Give back what a request was charged and has not cost."""
    charge = context.charge
    if charge is None:
        return
    too_much, charge.actual = charge.actual - max(1, actual), max(1, actual)
    if too_much > 0:
        charge.remaining = context.services.rate_budgets.give_back(charge.key, charge.limit, too_much)


async def pay_event(context: RequestContext) -> None:
    """Charge an event of a subscription what its document costs at most, if that is much. Raises `RateLimitedError`.

    A small one is free: what it tells of was paid for by whoever did it.
    """
    charge = context.charge
    if charge is not None and context.cost > _FREE_EVENT:
        await context.services.rate_budgets.reserve(charge.key, charge.limit, context.cost)


async def find_standing(context: RequestContext, organization_id: OrganizationId) -> Standing:
    """Return how the budget of an organization stands, all servers considered, and spend nothing of it."""
    limit = context.services.policy.rate_limit
    remaining = await context.services.rate_budgets.look(_key(organization_id), limit)
    rate = limit / PERIOD_SECONDS
    return Standing(limit, remaining, rate, now() + timedelta(seconds=(limit - remaining) / rate))


def _payer(context: RequestContext) -> tuple[str, int] | None:
    """Return the key of a budget and what it gets a minute; None for a stranger whose address is not known."""
    policy, claims = context.services.policy, context.claims()
    if claims is not None:
        return _key(claims.organization_id or claims.subject_id), policy.rate_limit
    address = context.origin.address
    return None if address is None else (f"network:{networks.of(address)}", policy.anonymous_rate_limit)


def _key(payer: OrganizationId | AdminId | OperatorId) -> str:
    return f"payer:{payer}"
