"""Documents: the type, and how they are found."""

from collections.abc import Callable, Iterator
from datetime import datetime

import strawberry
from strawberry.relay import PageInfo
from strawberry.scalars import JSON

from auth.errors import BadRequestError
from resolvers import document_queries, documents
from resolvers.document_queries import Comparison, Condition
from schema import ids
from schema.connections import OrderDirection, connect
from schema.fields import Info
from schema.interfaces import Node
from storage.document_queries import DocumentQuery
from storage.documents import DocumentRecord
from storage.organizations import OrganizationRecord
from storage.pages import Page, PageRequest

_MAX_CONDITIONS = 4


@strawberry.type(description="A document in an organization's tenant store.")
class Document(Node):
    """A document."""

    record: strawberry.Private[DocumentRecord]
    type: str = strawberry.field(description="What kind of document it is, as the organization names it.")

    @strawberry.field(
        description="What it holds: JSON, other types of BSON in the relaxed form of MongoDB's extended JSON (v2)."
    )
    def data(self) -> JSON:
        """Make JSON of it, which nobody may have asked for."""
        return JSON(self.record.data)

    version: int = strawberry.field(description="1 when it is made, and one more with each change.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @classmethod
    def from_record(cls, record: DocumentRecord) -> "Document":
        """Show a stored document."""
        return cls(
            id=ids.encode_document(record.organization_id, record.id),
            record=record,
            type=record.type,
            version=record.version,
            created_at=record.created_at,
            updated_at=record.updated_at,
        )


@strawberry.type(description="A document in a connection.")
class DocumentEdge:
    """One place in a page of documents."""

    cursor: str = strawberry.field(description="The cursor of this place.")
    node: Document = strawberry.field(description="The document.")


@strawberry.type(description="A page of documents.")
class DocumentConnection:
    """A page of documents."""

    edges: list[DocumentEdge] = strawberry.field(description="The documents with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there are more.")


@strawberry.input(
    description="What a field of the data is compared with: `equals`, or a lower bound, an upper bound, or both. "
    'Values are null, numbers, booleans, texts and dates (`{"$date": …}`); bounds compare within one of these types.'
)
class DocumentCondition:
    """One condition of a filter."""

    field: str = strawberry.field(description="The field: up to four names with dots between them.")
    equals: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The field has this value; null is also what is missing."
    )
    greater_than: JSON | None = strawberry.field(default=None, description="The field is greater than this.")
    at_least: JSON | None = strawberry.field(default=None, description="The field is this or greater.")
    less_than: JSON | None = strawberry.field(default=None, description="The field is less than this.")
    at_most: JSON | None = strawberry.field(default=None, description="The field is this or less.")

    def to_condition(self) -> Condition:
        """Return the condition as resolvers take it."""
        return Condition(self.field, dict(self._comparisons()))

    def _comparisons(self) -> Iterator[tuple[Comparison, object]]:
        if self.equals is not strawberry.UNSET:
            yield Comparison.EQUALS, self.equals
        bounds = {
            Comparison.GREATER_THAN: self.greater_than,
            Comparison.AT_LEAST: self.at_least,
            Comparison.LESS_THAN: self.less_than,
            Comparison.AT_MOST: self.at_most,
        }
        yield from ((comparison, value) for comparison, value in bounds.items() if value is not None)


@strawberry.input(description="Which documents to list: those that meet every condition given.")
class DocumentFilter:
    """Filter of `documents`."""

    type: str | None = strawberry.field(default=None, description="Of this type.")
    where: list[DocumentCondition] | None = strawberry.field(
        default=None,
        description="Up to four conditions on fields of the data. They need a type, and an index of it that is "
        "ready: on the fields that equal something, in any order, and then on the one that has bounds or that the "
        "order is by.",
    )


@strawberry.input(description="How to order documents.")
class DocumentOrder:
    """Order of `documents`."""

    field: str | None = strawberry.field(
        default=None,
        description="The field of the data to order by: null (or missing), numbers, texts, booleans, dates, in that "
        "order. Unless given: the field that has bounds, or else the time of creation.",
    )
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which end comes first.")


async def find_page(
    info: Info,
    organization: OrganizationRecord,
    narrow: DocumentFilter,
    order: DocumentOrder,
    request: Callable[[str], PageRequest],
) -> DocumentConnection:
    """Return a page of an organization's documents; `request` is given the name of their order."""
    conditions = narrow.where or []
    if len(conditions) > _MAX_CONDITIONS:
        raise BadRequestError(f"There are at most {_MAX_CONDITIONS} conditions.")
    query = await document_queries.build(
        info.context,
        organization.id,
        kind=narrow.type,
        conditions=[condition.to_condition() for condition in conditions],
        order=order.field,
        descending=order.direction is OrderDirection.DESC,
    )
    name = f"documents:{query.type or ''}:{query.order or ''}:{order.direction.name}"
    return _connection(await documents.find_page(info.context, organization, query, request(name)), query, name)


def _connection(page: Page[DocumentRecord], query: DocumentQuery, order: str) -> DocumentConnection:
    return connect(
        DocumentConnection, DocumentEdge, page, order, lambda record: record.key(query.order), Document.from_record
    )
