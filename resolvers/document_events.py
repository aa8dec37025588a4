"""What becomes of an organization's documents, as it happens."""

import contextlib
from collections.abc import AsyncGenerator

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import subscriptions
from resolvers.authorization import authorize
from resolvers.context import RequestContext
from resolvers.document_names import require_type
from resolvers.subscriptions import Moment
from storage.documents import DocumentRecord
from storage.events import EventKind
from storage.tenant_access import DocumentChange, DocumentChangeKind


async def follow(
    context: RequestContext, organization_id: OrganizationId, kind: str | None, after: str | None
) -> AsyncGenerator[Moment, None]:
    """Return the changes of documents, of one type if it is given, from now on or after a cursor.

    Raises as `subscriptions.follow`, now or later.
    """
    await authorize(context, Permission.DOCUMENT_READ, organization_id)
    return _of_type(context, organization_id, kind and require_type(kind), after)


async def find(
    context: RequestContext, organization_id: OrganizationId, change: DocumentChange
) -> DocumentRecord | None:
    """Return the document that was changed, as it is now; None if it is deleted, now or by this change."""
    if change.kind is DocumentChangeKind.DELETED:
        return None
    return await context.loaders.documents.load((organization_id, change.document_id))


async def _of_type(
    context: RequestContext, organization_id: OrganizationId, kind: str | None, after: str | None
) -> AsyncGenerator[Moment, None]:
    moments = subscriptions.follow(context, Permission.DOCUMENT_READ, organization_id, EventKind.DOCUMENTS, after)
    async with contextlib.aclosing(moments):
        async for moment in moments:
            if moment is not None and kind in {None, moment.event.changes[moment.change].type}:
                yield moment
