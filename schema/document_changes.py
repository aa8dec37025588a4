"""Writing documents: one at a time, or up to a hundred of which all are written or none."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from auth.roles import Permission
from resolvers import document_changes
from resolvers.document_changes import DocumentTarget
from schema import ids
from schema.documents import Document
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.user_errors import Payload, mutation
from storage.documents import DocumentRecord

_TYPE = "What kind of document it is: 1 to 64 characters, a letter and then letters, digits, `_` and `-`."
_DATA = (
    "What it holds: a JSON object of at most 1 MiB, nested at most 64 deep, its whole numbers of at most 64 bits. Keys "
    "do not begin with a dollar sign, but for the types of MongoDB's extended JSON (v2), as in "
    '`{"$date": "2026-01-31T12:00:00Z"}`.'
)
_ID = "The global id of the document."
_VERSION = "The version that is to be changed: another one is refused as `CONFLICT`. Unless given, whichever there is."
_BATCH = "1 to 100 of them, all of one organization, with at most 4 MiB of data; all are written or none."


@strawberry.input(description="A document to make in a batch.")
class NewDocumentInput:
    """One document of `createDocuments`."""

    type: str = strawberry.field(description=_TYPE)
    data: JSON = strawberry.field(description=_DATA)


@strawberry.input(description="A document to make.")
class CreateDocumentInput(NewDocumentInput):
    """Input of `createDocument`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="Documents to make.")
class CreateDocumentsInput:
    """Input of `createDocuments`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    documents: list[NewDocumentInput] = strawberry.field(description=_BATCH)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="What a document is to hold from now on.")
class UpdateDocumentInput:
    """Input of `updateDocument`, and one document of `updateDocuments`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    data: JSON = strawberry.field(description=_DATA)
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="What documents are to hold from now on.")
class UpdateDocumentsInput:
    """Input of `updateDocuments`."""

    documents: list[UpdateDocumentInput] = strawberry.field(description=_BATCH)


@strawberry.input(description="A document to delete in a batch.")
class DeletedDocumentInput:
    """One document of `deleteDocuments`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A document to delete.")
class DeleteDocumentInput(DeletedDocumentInput):
    """Input of `deleteDocument`."""

    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="Documents to delete.")
class DeleteDocumentsInput:
    """Input of `deleteDocuments`."""

    documents: list[DeletedDocumentInput] = strawberry.field(description=_BATCH)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.type(description="What `createDocument` returns.")
class CreateDocumentPayload(Payload):
    """Payload of `createDocument`."""

    document: Document | None = strawberry.field(default=None, description="The new document.")


@strawberry.type(description="What `createDocuments` returns.")
class CreateDocumentsPayload(Payload):
    """Payload of `createDocuments`."""

    documents: list[Document] | None = strawberry.field(default=None, description="The new documents, as given.")


@strawberry.type(description="What `updateDocument` returns.")
class UpdateDocumentPayload(Payload):
    """Payload of `updateDocument`."""

    document: Document | None = strawberry.field(default=None, description="The document as it is now.")


@strawberry.type(description="What `updateDocuments` returns.")
class UpdateDocumentsPayload(Payload):
    """Payload of `updateDocuments`."""

    documents: list[Document] | None = strawberry.field(
        default=None, description="The documents as they are now, in the order given."
    )


@strawberry.type(description="What `deleteDocument` returns.")
class DeleteDocumentPayload(Payload):
    """Payload of `deleteDocument`."""

    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The global id that was given.")


@strawberry.type(description="What `deleteDocuments` returns.")
class DeleteDocumentsPayload(Payload):
    """Payload of `deleteDocuments`."""

    deleted_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The global ids that were given."
    )


@strawberry.type
class DocumentMutations:
    """How documents are written."""

    @mutation(CreateDocumentPayload, "Make a document.", Permission.DOCUMENT_WRITE)
    async def create_document(
        self,
        info: Info,
        input: Annotated[CreateDocumentInput, strawberry.argument(description="The document.")],  # noqa: A002 - the name that clients see
    ) -> CreateDocumentPayload | None:
        """Make one document."""
        organization_id = ids.decode_organization(input.organization_id)
        given = [(input.type, input.data)]
        attempt = attempt_of(info, input)
        (record,) = await document_changes.create(info.context, organization_id, given, attempt, batch=False)
        return CreateDocumentPayload(document=Document.from_record(record))

    @mutation(CreateDocumentsPayload, "Make many documents, all or none.", Permission.DOCUMENT_WRITE)
    async def create_documents(
        self,
        info: Info,
        input: Annotated[CreateDocumentsInput, strawberry.argument(description="The documents.")],  # noqa: A002 - the name that clients see
    ) -> CreateDocumentsPayload | None:
        """Make many documents."""
        organization_id = ids.decode_organization(input.organization_id)
        given = [(one.type, one.data) for one in input.documents]
        attempt = attempt_of(info, input)
        records = await document_changes.create(info.context, organization_id, given, attempt, batch=True)
        return CreateDocumentsPayload(documents=_shown(records))

    @mutation(UpdateDocumentPayload, "Give a document other data in place of its own.", Permission.DOCUMENT_WRITE)
    async def update_document(
        self,
        info: Info,
        input: Annotated[UpdateDocumentInput, strawberry.argument(description="The document.")],  # noqa: A002 - the name that clients see
    ) -> UpdateDocumentPayload | None:
        """Change one document."""
        (record,) = await document_changes.update(info.context, [(_target(input), input.data)], batch=False)
        return UpdateDocumentPayload(document=Document.from_record(record))

    @mutation(
        UpdateDocumentsPayload,
        "Give many documents other data in place of their own, all or none.",
        Permission.DOCUMENT_WRITE,
    )
    async def update_documents(
        self,
        info: Info,
        input: Annotated[UpdateDocumentsInput, strawberry.argument(description="The documents.")],  # noqa: A002 - the name that clients see
    ) -> UpdateDocumentsPayload | None:
        """Change many documents."""
        given = [(_target(one), one.data) for one in input.documents]
        return UpdateDocumentsPayload(documents=_shown(await document_changes.update(info.context, given, batch=True)))

    @mutation(DeleteDocumentPayload, "Delete a document.", Permission.DOCUMENT_WRITE)
    async def delete_document(
        self,
        info: Info,
        input: Annotated[DeleteDocumentInput, strawberry.argument(description="The document.")],  # noqa: A002 - the name that clients see
    ) -> DeleteDocumentPayload | None:
        """Delete one document."""
        await document_changes.delete(info.context, [_target(input)], attempt_of(info, input), batch=False)
        return DeleteDocumentPayload(deleted_id=input.id)

    @mutation(DeleteDocumentsPayload, "Delete many documents, all or none.", Permission.DOCUMENT_WRITE)
    async def delete_documents(
        self,
        info: Info,
        input: Annotated[DeleteDocumentsInput, strawberry.argument(description="The documents.")],  # noqa: A002 - the name that clients see
    ) -> DeleteDocumentsPayload | None:
        """Delete many documents."""
        targets = [_target(one) for one in input.documents]
        await document_changes.delete(info.context, targets, attempt_of(info, input), batch=True)
        return DeleteDocumentsPayload(deleted_ids=[one.id for one in input.documents])


def _target(given: UpdateDocumentInput | DeletedDocumentInput) -> DocumentTarget:
    organization_id, document_id = ids.decode_document(given.id)
    return DocumentTarget(organization_id, document_id, given.expected_version)


def _shown(records: list[DocumentRecord]) -> list[Document]:
    return [Document.from_record(record) for record in records]
