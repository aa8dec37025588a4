"""The rules of a type, checked in the transaction that writes: declared fields hold scalars, data heeds its schema."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage import document_json, document_schemas, document_types
from storage.database import Database
from storage.document_schemas import MAX_VIOLATIONS, CompiledSchema, SchemaCache
from storage.document_types import DocumentTypeRecord
from storage.document_values import MAX_TEXT_LENGTH, NotIndexableError, field_value
from storage.documents import NewDocument
from storage.tenant_access import TenantTransaction

_schemas = SchemaCache()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the document at an index among those given, and where in its data."""

    index: int
    path: tuple[str, ...]
    message: str


class DocumentsRefusedError(Exception):
    """Documents break the rules of their types."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


async def check(database: Database, transaction: TenantTransaction, documents: Sequence[NewDocument]) -> None:
    """Raise `DocumentsRefusedError`, with up to twenty problems, unless all documents heed the rules of their types."""
    organization_id, tx = transaction.store.organization_id, transaction.session
    rules = await document_types.find_rules(database, organization_id, tx)
    problems: list[Problem] = []
    for index, document in enumerate(documents):
        rule = rules.get(document.type)
        if rule is not None and len(problems) < MAX_VIOLATIONS:
            problems += _fields(index, document, rule)
            problems += _schema(index, document, await _compiled(database, transaction, rule))
    if problems:
        raise DocumentsRefusedError(problems[:MAX_VIOLATIONS])


def _fields(index: int, document: NewDocument, rule: DocumentTypeRecord) -> Iterator[Problem]:
    for field in dict.fromkeys(field for declared in rule.indexes for field in declared.fields):
        try:
            field_value(document.values, field)
        except NotIndexableError as error:
            yield Problem(
                index,
                error.path,
                f"The field {field} is declared for an index: it holds null, a number, a boolean, a date or a text of "
                f"at most {MAX_TEXT_LENGTH} characters.",
            )


def _schema(index: int, document: NewDocument, schema: CompiledSchema | None) -> Iterator[Problem]:
    if schema is not None:
        for violation in document_schemas.violations(schema, document_json.encode(document.values)):
            yield Problem(index, violation.path, violation.message)


async def _compiled(
    database: Database, transaction: TenantTransaction, rule: DocumentTypeRecord
) -> CompiledSchema | None:
    key = (rule.organization_id, rule.name, rule.schema_version)
    if not rule.schema_version:
        return None
    if key not in _schemas:
        found = await document_types.find(database, rule.organization_id, rule.name, transaction.session)
        _schemas.put(key, None if found is None else found.schema)
    return _schemas.get(key)
