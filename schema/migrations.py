"""Migrations: moves of a tenant store."""

from datetime import datetime

import strawberry

from auth.identifiers import OrganizationId
from schema.enums import MigrationKind, MigrationState, StoreStrategy
from schema.ids import NodeType, encode
from schema.interfaces import Node
from storage.migrations import Identity, MigrationRecord


@strawberry.type(description="What an organization is called and where its documents are, before or after a move.")
class MigrationPlace:
    """One end of a move."""

    name: str = strawberry.field(description="The name of the organization.")
    slug: str = strawberry.field(description="The slug of the organization.")
    strategy: StoreStrategy = strawberry.field(description="How the store is kept apart from others.")
    database: str = strawberry.field(description="The name of the database.")
    collection: str = strawberry.field(description="The name of the collection.")

    @classmethod
    def from_identity(cls, identity: Identity) -> "MigrationPlace":
        """Show one end of a stored move."""
        place = identity.placement
        return cls(
            name=identity.name,
            slug=identity.slug,
            strategy=place.strategy,
            database=place.database,
            collection=place.collection,
        )


@strawberry.type(description="A move of a tenant store, as its journal has it.")
class Migration(Node):
    """A move."""

    organization_id: strawberry.Private[OrganizationId]
    kind: MigrationKind = strawberry.field(description="Why the store is moved.")
    state: MigrationState = strawberry.field(description="How far the move has come.")
    from_: MigrationPlace = strawberry.field(name="from", description="Where the store was.")
    to: MigrationPlace = strawberry.field(description="Where the store goes.")
    documents_done: int = strawberry.field(description="The number of documents copied so far.")
    documents_total: int = strawberry.field(description="The number of documents to copy, as estimated at the start.")
    started_at: datetime = strawberry.field(description="When the move was planned.")
    finished_at: datetime | None = strawberry.field(description="When the move ended, done or undone.")
    error: str | None = strawberry.field(description="Why the move was undone.")

    @classmethod
    def from_record(cls, record: MigrationRecord) -> "Migration":
        """Show a stored move."""
        return cls(
            id=encode(NodeType.MIGRATION, record.id),
            organization_id=record.organization_id,
            kind=record.kind,
            state=record.state,
            from_=MigrationPlace.from_identity(record.source),
            to=MigrationPlace.from_identity(record.target),
            documents_done=record.documents_done,
            documents_total=record.documents_total,
            started_at=record.started_at,
            finished_at=record.finished_at,
            error=record.error,
        )
