"""Organizations: the type, the directory, and the description."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry.relay import PageInfo

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import admins, audit_events, charges, document_types, invitations, migrations, organizations
from resolvers.organizations import OrganizationChanges
from schema import actors, ids
from schema.admins import ORDER as ADMIN_ORDER
from schema.admins import AdminConnection
from schema.audit_events import ORDER as AUDIT_ORDER
from schema.audit_events import AuditEventConnection, AuditEventFilter
from schema.connections import After, Before, First, Last, OrderDirection, connect, page_request
from schema.document_types import DocumentType
from schema.documents import DocumentConnection, DocumentFilter, DocumentOrder
from schema.documents import find_page as find_documents
from schema.enums import OrganizationOrderField, OrganizationStatus
from schema.erasure_certificates import ErasureCertificate
from schema.fields import Info, guard, guard_here, requires
from schema.ids import NodeType, encode
from schema.instants import in_utc
from schema.interfaces import Actor, Node
from schema.invitations import ORDER as INVITATION_ORDER
from schema.invitations import InvitationConnection, InvitationFilter
from schema.migrations import ORDER as MIGRATION_ORDER
from schema.migrations import Migration, MigrationConnection
from schema.rate_limits import RateLimit
from schema.suspensions import Suspension
from schema.tenant_stores import TenantStore
from schema.user_errors import Payload, mutation
from storage.organizations import OrganizationFilter as StoredFilter
from storage.organizations import OrganizationRecord
from storage.pages import Key

_MAX_PREFIX_LENGTH = 100


@strawberry.type(description="An organization. Everyone sees its public face; its members and operators see the rest.")
class Organization(Node):
    """An organization."""

    record: strawberry.Private[OrganizationRecord]
    organization_id: strawberry.Private[OrganizationId]
    name: str = strawberry.field(description="The name, as its owner spells it.")
    slug: str = strawberry.field(description="The name in addresses; unique whatever the spelling of the name.")
    description: str | None = strawberry.field(description="What the organization says about itself.")
    status: OrganizationStatus = strawberry.field(description="The state of the organization.")
    created_at: datetime = strawberry.field(description="When the organization signed up.")
    updated_at: datetime = strawberry.field(description="When the organization was last changed.")

    @strawberry.field(
        description=requires("When the organization was deleted.", Permission.ORGANIZATION_READ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def deleted_at(self) -> datetime | None:
        """Return the time of deletion."""
        return self.record.deleted_at

    @strawberry.field(
        description=requires("Who deleted the organization.", Permission.ORGANIZATION_READ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def deleted_by(self, info: Info) -> Actor | None:
        """Load who deleted it."""
        return await actors.shown(info.context, self.record.deleted_by)

    @strawberry.field(
        description=requires(
            "When the data of a deleted organization is going to be destroyed: until then it can be restored. Null "
            "unless it is deleted and its data retained.",
            Permission.ORGANIZATION_READ,
        ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def purge_at(self) -> datetime | None:
        """Return the end of the retention."""
        return self.record.purge_at

    @strawberry.field(
        description=requires("Since when and why it is suspended; null unless it is.", Permission.ORGANIZATION_READ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def suspension(self) -> Suspension | None:
        """Return the suspension."""
        return None if self.record.suspension is None else Suspension.from_stored(self.record.suspension)

    @strawberry.field(
        description=requires(
            "The signed statement that a deleted organization's data was destroyed; null until it was.",
            Permission.ORGANIZATION_READ,
        ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def erasure_certificate(self) -> ErasureCertificate | None:
        """Return the certificate."""
        certificate = self.record.erasure_certificate
        return None if certificate is None else ErasureCertificate.from_stored(certificate)

    @strawberry.field(
        description=requires(
            "Where the organization's documents are; null once they are destroyed.", Permission.ORGANIZATION_READ
        ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def tenant_store(self) -> TenantStore | None:
        """Return the store."""
        return TenantStore.from_record(self.record)

    @strawberry.field(
        description=requires("What its requests may cost now.", Permission.ORGANIZATION_READ),
        extensions=guard_here(Permission.ORGANIZATION_READ),
    )
    async def rate_limit(self, info: Info) -> RateLimit | None:
        """Look at the budget."""
        return RateLimit.from_standing(await charges.find_standing(info.context, self.organization_id))

    @strawberry.field(
        description=requires("The move of the store that is under way, or null.", Permission.MIGRATION_READ),
        extensions=guard_here(Permission.MIGRATION_READ),
    )
    async def migration(self, info: Info) -> Migration | None:
        """Load the move."""
        if self.record.migration_id is None:
            return None
        migration = await info.context.loaders.migrations.load(self.record.migration_id)
        return None if migration is None else Migration.from_record(migration)

    @strawberry.field(
        description=requires("The admins, in the order in which they were added.", Permission.ADMIN_READ),
        extensions=guard_here(Permission.ADMIN_READ),
    )
    async def admins(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AdminConnection | None:
        """Load a page of admins."""
        request = page_request(ADMIN_ORDER, first=first, after=after, last=last, before=before)
        return AdminConnection.from_page(await admins.find_page(info.context, self.organization_id, request))

    @strawberry.field(
        description=requires("Who was invited, newest first.", Permission.INVITATION_READ),
        extensions=guard_here(Permission.INVITATION_READ),
    )
    async def invitations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - the name that clients see
            InvitationFilter | None, strawberry.argument(description="Which invitations to list.")
        ] = None,
    ) -> InvitationConnection | None:
        """Load a page of invitations."""
        request = page_request(INVITATION_ORDER, first=first, after=after, last=last, before=before)
        states = (filter or InvitationFilter()).to_stored()
        return InvitationConnection.from_page(
            await invitations.find_page(info.context, self.organization_id, states, request)
        )

    @strawberry.field(
        description=requires("All moves of the store, newest first.", Permission.MIGRATION_READ),
        extensions=guard_here(Permission.MIGRATION_READ),
    )
    async def migrations(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> MigrationConnection | None:
        """Load a page of moves."""
        request = page_request(MIGRATION_ORDER, first=first, after=after, last=last, before=before)
        return MigrationConnection.from_page(await migrations.find_page(info.context, self.organization_id, request))

    @strawberry.field(
        description=requires("What people did to the organization, newest first.", Permission.AUDIT_READ),
        extensions=guard_here(Permission.AUDIT_READ),
    )
    async def audit_events(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - the name that clients see
            AuditEventFilter | None, strawberry.argument(description="Which events to list.")
        ] = None,
    ) -> AuditEventConnection | None:
        """Load a page of audit events."""
        request = page_request(AUDIT_ORDER, first=first, after=after, last=last, before=before)
        narrow = (filter or AuditEventFilter()).to_stored()
        return AuditEventConnection.from_page(
            await audit_events.find_page(info.context, self.organization_id, narrow, request)
        )

    @strawberry.field(
        description=requires("The documents in the tenant store.", Permission.DOCUMENT_READ),
        extensions=guard_here(Permission.DOCUMENT_READ),
    )
    async def documents(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - the name that clients see
            DocumentFilter | None, strawberry.argument(description="Which documents to list.")
        ] = None,
        order_by: Annotated[
            DocumentOrder | None, strawberry.argument(description="The order; by creation unless given.")
        ] = None,
    ) -> DocumentConnection | None:
        """Load a page of documents."""
        request = partial(page_request, first=first, after=after, last=last, before=before)
        return await find_documents(info, self.record, filter or DocumentFilter(), order_by or DocumentOrder(), request)

    @strawberry.field(
        description=requires(
            "The types of documents that something has been said about: indexes, schemas.", Permission.DOCUMENT_READ
        ),
        extensions=guard_here(Permission.DOCUMENT_READ),
    )
    async def document_types(self, info: Info) -> list[DocumentType] | None:
        """Load the types."""
        found = await document_types.find_all(info.context, self.organization_id)
        return [DocumentType.from_record(record) for record in found]

    @classmethod
    def from_record(cls, record: OrganizationRecord) -> "Organization":
        """Show a stored organization."""
        return cls(
            id=encode(NodeType.ORGANIZATION, record.id),
            record=record,
            organization_id=record.id,
            name=record.name,
            slug=record.slug,
            description=record.description,
            status=record.status,
            created_at=record.created_at,
            updated_at=record.updated_at,
        )


@strawberry.type(description="An organization in a connection.")
class OrganizationEdge:
    """One place in a page of organizations."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Organization = strawberry.field(description="The organization.")


@strawberry.type(description="A page of organizations.")
class OrganizationConnection:
    """A page of organizations."""

    edges: list[OrganizationEdge] = strawberry.field(description="The organizations with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")


@strawberry.input(description="Which organizations to list: those that meet every condition given.")
class OrganizationFilter:
    """Filter of `organizations`."""

    name_prefix: str | None = strawberry.field(default=None, description="How the name begins, without case.")
    slug_prefix: str | None = strawberry.field(default=None, description="How the slug begins, without case.")
    status: list[OrganizationStatus] | None = strawberry.field(default=None, description="One of these states.")
    created_from: datetime | None = strawberry.field(default=None, description="Signed up at this instant or later.")
    created_before: datetime | None = strawberry.field(default=None, description="Signed up before this instant.")
    admin_email: str | None = strawberry.field(
        default=None, description="That of the admin who signs in with this address, in any case."
    )

    def to_stored(self) -> StoredFilter:
        """Return the filter as storage takes it, but for the email address."""
        if max(len(self.name_prefix or ""), len(self.slug_prefix or "")) > _MAX_PREFIX_LENGTH:
            raise BadRequestError(f"namePrefix and slugPrefix have at most {_MAX_PREFIX_LENGTH} characters.")
        return StoredFilter(
            name_prefix=self.name_prefix,
            slug_prefix=self.slug_prefix and self.slug_prefix.lower(),
            statuses=None if self.status is None else tuple(dict.fromkeys(self.status)),
            created_from=in_utc(self.created_from),
            created_before=in_utc(self.created_before),
        )


@strawberry.input(description="How to order organizations.")
class OrganizationOrder:
    """Order of `organizations`."""

    field: OrganizationOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which end comes first.")


@strawberry.type
class OrganizationQueries:
    """How organizations are found."""

    @strawberry.field(
        description="The organization with this id or slug, of which exactly one is given. A slug that it gave "
        "up less than 30 days ago will do. Null when it does not exist or may not be seen."
    )
    async def organization(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The global id.")] = None,  # noqa: A002 - the name that clients see
        slug: Annotated[str | None, strawberry.argument(description="The slug, now or of late.")] = None,
    ) -> Organization | None:
        """Find one organization."""
        organization_id = None if id is None else ids.decode_organization(id)
        record = await organizations.find(info.context, organization_id=organization_id, slug=slug)
        return None if record is None else Organization.from_record(record)

    @strawberry.field(
        description=requires("The directory of all organizations.", Permission.ORGANIZATION_LIST),
        extensions=guard(Permission.ORGANIZATION_LIST),
    )
    async def organizations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - the name that clients see
            OrganizationFilter | None, strawberry.argument(description="Which organizations to list.")
        ] = None,
        order_by: Annotated[
            OrganizationOrder | None, strawberry.argument(description="The order; by name unless given.")
        ] = None,
    ) -> OrganizationConnection | None:
        """List organizations."""
        order = order_by or OrganizationOrder(field=OrganizationOrderField.NAME)
        descending = order.direction is OrderDirection.DESC
        order_name = f"organizations:{order.field.name}:{order.direction.name}"
        narrow = filter or OrganizationFilter()
        page = await organizations.find_page(
            info.context,
            narrow.to_stored(),
            page_request(order_name, first=first, after=after, last=last, before=before),
            order=order.field,
            descending=descending,
            admin_email=narrow.admin_email,
        )
        key = _KEYS[order.field]
        return connect(OrganizationConnection, OrganizationEdge, page, order_name, key, Organization.from_record)


@strawberry.input(description="What to change about an organization.")
class UpdateOrgInput:
    """Input of `updateOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    description: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the organization says about itself: up to 2,000 characters, null for nothing.",
    )


@strawberry.type(description="What `updateOrg` returns.")
class UpdateOrgPayload(Payload):
    """Payload of `updateOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")


@strawberry.type
class OrganizationMutations:
    """How organizations are changed."""

    @mutation(UpdateOrgPayload, "Change the description of an organization.", Permission.ORGANIZATION_UPDATE)
    async def update_org(
        self,
        info: Info,
        input: Annotated[UpdateOrgInput, strawberry.argument(description="What to change.")],  # noqa: A002 - the name that clients see
    ) -> UpdateOrgPayload | None:
        """Change the description."""
        organization_id = ids.decode_organization(input.organization_id)
        changes = OrganizationChanges()
        if input.description is not strawberry.UNSET:
            changes["description"] = input.description
        record = await organizations.update(info.context, organization_id, changes)
        return UpdateOrgPayload(organization=Organization.from_record(record))


_KEYS: dict[OrganizationOrderField, Callable[[OrganizationRecord], Key]] = {
    OrganizationOrderField.NAME: lambda record: (record.name_key, record.id),
    OrganizationOrderField.SLUG: lambda record: (record.slug, record.id),
    OrganizationOrderField.CREATED_AT: lambda record: (record.created_at, record.id),
}
