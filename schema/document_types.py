"""Types of documents: the indexes that an organization declares on them, and their JSON Schemas."""

from typing import Annotated

import orjson
import strawberry
from strawberry.scalars import JSON

from auth.roles import Permission
from resolvers import document_types
from schema import ids
from schema.enums import DocumentIndexState
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.user_errors import Payload, mutation
from storage.document_types import DocumentTypeRecord

_TYPE = "What kind of documents they are: 1 to 64 characters, a letter and then letters, digits, `_` and `-`."


@strawberry.type(description="An index on fields of the data of one type of documents.")
class DocumentIndex:
    """A declared index."""

    fields: list[str] = strawberry.field(description="The fields, in the order of the index.")
    state: DocumentIndexState = strawberry.field(description="Whether it can be used yet.")


@strawberry.type(description="What an organization has said about its documents of one type.")
class DocumentType:
    """A type of documents."""

    name: str = strawberry.field(description="The type, as documents name it.")
    indexes: list[DocumentIndex] = strawberry.field(description="The declared indexes.")
    schema: JSON | None = strawberry.field(
        description="The JSON Schema (draft 2020-12) that data has to heed when it is written; null if there is none."
    )
    schema_version: int = strawberry.field(description="How often the schema was set.")

    @classmethod
    def from_record(cls, record: DocumentTypeRecord) -> "DocumentType":
        """Show a stored type."""
        return cls(
            name=record.name,
            indexes=[DocumentIndex(fields=list(index.fields), state=index.state) for index in record.indexes],
            schema=None if record.schema is None else orjson.loads(record.schema),
            schema_version=record.schema_version,
        )


@strawberry.input(description="An index to declare.")
class DeclareIndexInput:
    """Input of `declareIndex`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    type: str = strawberry.field(description=_TYPE)
    fields: list[str] = strawberry.field(
        description="1 to 4 fields of the data, each up to four names with dots between them. From now on they hold "
        "null, numbers, booleans, dates or texts of up to 1,000 characters."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="A schema for the data of one type of documents.")
class SetDocumentSchemaInput:
    """Input of `setDocumentSchema`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    type: str = strawberry.field(description=_TYPE)
    schema: JSON | None = strawberry.field(
        default=None,
        description="A JSON Schema (draft 2020-12) of at most 64 KiB, without references to elsewhere and without "
        "recursion; null removes the one that is set.",
    )


@strawberry.type(description="What `declareIndex` returns.")
class DeclareIndexPayload(Payload):
    """Payload of `declareIndex`."""

    document_type: DocumentType | None = strawberry.field(
        default=None, description="The type with its indexes; the new one may still be being built."
    )


@strawberry.type(description="What `setDocumentSchema` returns.")
class SetDocumentSchemaPayload(Payload):
    """Payload of `setDocumentSchema`."""

    document_type: DocumentType | None = strawberry.field(default=None, description="The type as it is now.")


@strawberry.type
class DocumentTypeMutations:
    """What can be said about types."""

    @mutation(
        DeclareIndexPayload,
        "Declare an index, so that documents of a type can be filtered and ordered by fields of their data. It is "
        "built while documents are written; meanwhile the store is not moved.",
        Permission.DOCUMENT_TYPE_MANAGE,
    )
    async def declare_index(
        self,
        info: Info,
        input: Annotated[DeclareIndexInput, strawberry.argument(description="The index.")],  # noqa: A002 - the name that clients see
    ) -> DeclareIndexPayload | None:
        """Declare an index."""
        organization_id = ids.decode_organization(input.organization_id)
        attempt = attempt_of(info, input)
        record = await document_types.declare_index(info.context, organization_id, input.type, input.fields, attempt)
        return DeclareIndexPayload(document_type=DocumentType.from_record(record))

    @mutation(
        SetDocumentSchemaPayload,
        "Set the JSON Schema that data of a type has to heed. It counts for what is written from now on; documents "
        "that are there stay as they are.",
        Permission.DOCUMENT_TYPE_MANAGE,
    )
    async def set_document_schema(
        self,
        info: Info,
        input: Annotated[SetDocumentSchemaInput, strawberry.argument(description="The schema.")],  # noqa: A002 - the name that clients see
    ) -> SetDocumentSchemaPayload | None:
        """Set or remove a schema."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await document_types.set_schema(info.context, organization_id, input.type, input.schema)
        return SetDocumentSchemaPayload(document_type=DocumentType.from_record(record))
