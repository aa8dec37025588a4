"""Migrations: moves of a tenant store."""

from datetime import datetime

import strawberry
from strawberry.relay import PageInfo

from auth.identifiers import OrganizationId
from schema.connections import connect
from schema.enums import MigrationKind, MigrationState, MigrationWay, StoreStrategy
from schema.ids import NodeType, encode
from schema.interfaces import Node
from schema.scalars import BigInt
from storage.migrations import Identity, MigrationRecord
from storage.pages import Key, Page

ORDER = "migrations:started"


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
    way: MigrationWay = strawberry.field(description="How the documents are moved.")
    state: MigrationState = strawberry.field(description="How far the move has come.")
    from_: MigrationPlace = strawberry.field(name="from", description="Where the store was.")
    to: MigrationPlace = strawberry.field(description="Where the store goes.")
    documents_done: int = strawberry.field(description="The number of documents copied so far.")
    documents_total: int = strawberry.field(description="The number of documents to copy, as estimated at the start.")
    bytes_done: BigInt = strawberry.field(description="The number of bytes copied so far.")
    bytes_total: BigInt = strawberry.field(description="The number of bytes to copy, as estimated at the start.")
    documents_per_second: float | None = strawberry.field(
        description="How fast documents are being copied; null before the first are."
    )
    seconds_left: float | None = strawberry.field(
        description="How long the rest of the copy takes at this rate; null before there is one."
    )
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
            way=record.way,
            state=record.state,
            from_=MigrationPlace.from_identity(record.source),
            to=MigrationPlace.from_identity(record.target),
            documents_done=record.progress.copied.documents,
            documents_total=record.progress.documents_total,
            bytes_done=BigInt(record.progress.copied.size),
            bytes_total=BigInt(record.progress.bytes_total),
            documents_per_second=record.progress.documents_per_second,
            seconds_left=record.progress.seconds_left,
            started_at=record.started_at,
            finished_at=record.finished_at,
            error=record.error,
        )


@strawberry.type(description="A move in a connection.")
class MigrationEdge:
    """One place in a page of moves."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Migration = strawberry.field(description="The move.")


@strawberry.type(description="A page of moves, newest first.")
class MigrationConnection:
    """A page of moves."""

    edges: list[MigrationEdge] = strawberry.field(description="The moves with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")

    @classmethod
    def from_page(cls, page: Page[MigrationRecord]) -> "MigrationConnection":
        """Show a page of stored moves."""
        return connect(cls, MigrationEdge, page, ORDER, _key, Migration.from_record)


def _key(record: MigrationRecord) -> Key:
    return record.started_at, record.id
