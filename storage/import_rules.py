"""Documents of a file are held to what is declared of their types, as all that are written."""

from collections.abc import Sequence

from storage import document_rules, transfer_format
from storage.database import Database
from storage.document_rules import DocumentsRefusedError
from storage.documents import NewDocument
from storage.import_records import Finding
from storage.tenant_access import TenantTransaction
from storage.transfer_format import DocumentLine


async def check(
    database: Database, documents: Sequence[tuple[int, DocumentLine]], transaction: TenantTransaction
) -> list[Finding]:
    """Return how documents, given with the numbers of their lines, break the rules of their types."""
    types = [(number, transfer_format.type_of(found.document), found.document) for number, found in documents]
    ours = [(number, NewDocument(name, document["data"])) for number, name, document in types if name]
    try:
        await document_rules.check(database, transaction, [document for _, document in ours])
    except DocumentsRefusedError as error:
        return [Finding(ours[one.index][0], one.message, ("data", *one.path)) for one in error.problems]
    return []
