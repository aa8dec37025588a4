"""What people do to an organization, as it happens."""

import contextlib
from collections.abc import AsyncGenerator

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import subscriptions
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.subscriptions import Moment
from storage.audit_actions import AuditAction
from storage.events import EventKind

_FOR_AUDITORS = ("session:", "invitation:", "operator:")


async def follow(
    context: RequestContext, organization_id: OrganizationId, after: str | None
) -> AsyncGenerator[Moment, None]:
    """Return the organization's acts from now on, or after a cursor; who may not read its trail misses some.

    Raises as `subscriptions.follow`, now or later.
    """
    await authorize(context, Permission.EVENT_READ, organization_id)
    return _visible(context, organization_id, after)


async def _visible(
    context: RequestContext, organization_id: OrganizationId, after: str | None
) -> AsyncGenerator[Moment, None]:
    moments = subscriptions.follow(context, Permission.EVENT_READ, organization_id, EventKind.ACT, after)
    async with contextlib.aclosing(moments):
        async for moment in moments:
            act = None if moment is None else moment.event.act
            if moment is not None and act is not None and await _may_see(context, organization_id, act.action):
                yield moment


async def _may_see(context: RequestContext, organization_id: OrganizationId, action: AuditAction) -> bool:
    principal = await context.principal()
    return not action.startswith(_FOR_AUDITORS) or principal.can(Permission.AUDIT_READ, organization_id)
