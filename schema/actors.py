"""Who can be named as having done something."""

import strawberry

from resolvers import admins
from resolvers.context import RequestContext
from schema.admins import Admin, Operator
from schema.interfaces import Actor
from storage.acts import ActorKind, ActorReference
from storage.admins import AdminRecord


@strawberry.type(description="This software, which does some things by itself: it is always the same one.")
class System(Actor):
    """The system."""


async def shown(context: RequestContext, reference: ActorReference | None) -> Actor | None:
    """Load who did something; None for somebody who has not signed in, and where nobody is recorded."""
    if reference is None:
        return None
    if reference.kind is ActorKind.SYSTEM:
        return System(id=strawberry.ID("system"), display_name="System")
    account = await admins.find_actor(context, reference)
    if account is None:
        return None
    return Admin.from_record(account) if isinstance(account, AdminRecord) else Operator.from_record(account)
