"""Tenant stores: where an organization's documents are."""

import strawberry

from resolvers import organizations
from schema.enums import StoreStrategy
from schema.fields import Info
from storage.organizations import OrganizationRecord


@strawberry.type(description="Where the documents of an organization are kept.")
class TenantStore:
    """The store of one organization."""

    record: strawberry.Private[OrganizationRecord]
    strategy: StoreStrategy = strawberry.field(description="How it is kept apart from others.")
    database: str = strawberry.field(description="The name of the database.")
    collection: str = strawberry.field(description="The name of the collection.")

    @strawberry.field(description="The number of documents in it.")
    async def document_count(self, info: Info) -> int:
        """Count the documents."""
        return await organizations.count_documents(info.context, self.record)

    @classmethod
    def from_record(cls, record: OrganizationRecord) -> "TenantStore | None":
        """Show the store of an organization; None once it is destroyed."""
        if record.placement is None:
            return None
        return cls(
            record=record,
            strategy=record.placement.strategy,
            database=record.placement.database,
            collection=record.placement.collection,
        )
