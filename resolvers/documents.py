"""Documents, read: one by its id, or pages of what a query finds."""

from auth.errors import BadRequestError, UnavailableError
from auth.identifiers import DocumentId, OrganizationId
from auth.roles import Permission
from resolvers.context import RequestContext
from storage import documents, tenant_access
from storage.document_json import UnstorableError
from storage.document_queries import DocumentQuery
from storage.documents import DocumentRecord
from storage.organizations import OrganizationRecord
from storage.pages import Page, PageRequest
from storage.tenant_access import NotReadableError


async def find_visible(
    context: RequestContext, organization_id: OrganizationId, document_id: DocumentId
) -> DocumentRecord | None:
    """Return a document that the caller may see, or None."""
    principal = await context.principal()
    if not principal.can(Permission.DOCUMENT_READ, organization_id):
        return None
    return await context.loaders.documents.load((organization_id, document_id))


async def find_page(
    context: RequestContext, organization: OrganizationRecord, query: DocumentQuery, page: PageRequest
) -> Page[DocumentRecord]:
    """Return a page of an organization's documents; the field's guard has verified the organization."""
    try:
        return await tenant_access.read(
            context.services.database, organization, lambda store: documents.find_page(store, query, page)
        )
    except UnstorableError:
        raise BadRequestError("This is not a cursor of this connection in this order.") from None
    except NotReadableError:
        raise UnavailableError from None
