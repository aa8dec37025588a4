"""Following what becomes of documents."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

import strawberry

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import document_events
from resolvers.subscriptions import Moment
from schema import ids
from schema.documents import Document
from schema.enums import DocumentChangeKind
from schema.fields import Info, guard, requires
from schema.organization_events import CURSOR, AfterEvent
from storage.tenant_access import DocumentChange


@strawberry.type(description="What became of a document, told when it is committed.")
class DocumentEvent:
    """An event of a document."""

    change: strawberry.Private[DocumentChange]
    organization_id: strawberry.Private[OrganizationId]
    cursor: str = strawberry.field(description=CURSOR)
    kind: DocumentChangeKind = strawberry.field(description="What became of it.")
    document_id: strawberry.ID = strawberry.field(description="The global id of the document.")
    type: str = strawberry.field(description="What kind of document it is.")
    version: int = strawberry.field(description="Its version from then on, or the last one of a deleted document.")
    created_at: datetime = strawberry.field(description="When it happened.")

    @strawberry.field(description="The document as it is now, which may be newer than this event; null if it is gone.")
    async def document(self, info: Info) -> Document | None:
        """Load the document."""
        record = await document_events.find(info.context, self.organization_id, self.change)
        return None if record is None else Document.from_record(record)

    @classmethod
    def from_moment(cls, moment: Moment) -> "DocumentEvent":
        """Show a change."""
        event, change = moment.event, moment.event.changes[moment.change]
        return cls(
            change=change,
            organization_id=event.organization_id,
            cursor=moment.cursor,
            kind=change.kind,
            document_id=ids.encode_document(event.organization_id, change.document_id),
            type=change.type,
            version=change.version,
            created_at=event.at,
        )


@strawberry.type
class DocumentSubscriptions:
    """How documents are followed."""

    @strawberry.subscription(
        description=requires(
            "What becomes of an organization's documents, each change as soon as it is committed, in the order of the "
            "changes; imports are told too.",
            Permission.DOCUMENT_READ,
        ),
        extensions=guard(Permission.DOCUMENT_READ),
    )
    async def document_changes(
        self,
        info: Info,
        organization_id: Annotated[
            strawberry.ID, strawberry.argument(description="The global id of the organization.")
        ],
        type: Annotated[  # noqa: A002 - the name that clients see
            str | None, strawberry.argument(description="Only documents of this type, of 1 to 64 characters.")
        ] = None,
        after: AfterEvent = None,
    ) -> AsyncGenerator[DocumentEvent | None, None]:
        """Follow documents."""
        key = ids.decode_organization(organization_id)
        return _shown(await document_events.follow(info.context, key, type, after))


async def _shown(moments: AsyncGenerator[Moment, None]) -> AsyncGenerator[DocumentEvent | None, None]:
    async with contextlib.aclosing(moments):
        async for moment in moments:
            yield DocumentEvent.from_moment(moment)
