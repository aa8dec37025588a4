"""The audit trail of an organization, read."""

from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers.context import RequestContext
from storage import audit_pages
from storage.audit_pages import AuditEventRecord, AuditFilter
from storage.pages import Page, PageRequest


async def find_visible(context: RequestContext, organization_id: OrganizationId, seq: int) -> AuditEventRecord | None:
    """Return one event if it is there and the caller may see it."""
    principal = await context.principal()
    if not principal.can(Permission.AUDIT_READ, organization_id):
        return None
    return await audit_pages.find(context.services.database, organization_id, seq)


async def find_page(
    context: RequestContext, organization_id: OrganizationId, narrow: AuditFilter, page: PageRequest
) -> Page[AuditEventRecord]:
    """Return a page of an organization's events, newest first; the field's guard has verified the organization."""
    return await audit_pages.find_page(context.services.database, organization_id, narrow, page)
