"""Organizations: found, listed, described. They begin in `sign_ups`, move in `moves` and end in `deletions`."""

from dataclasses import replace
from typing import TypedDict

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import emails, names, slugs
from resolvers.authorization import authorize_change, refused
from resolvers.context import RequestContext
from storage import admins, organizations
from storage.admins import AdminRecord
from storage.organizations import (
    DirectoryPage,
    OrganizationFilter,
    OrganizationOrderField,
    OrganizationRecord,
    OrganizationStatus,
)
from storage.pages import Page, PageRequest
from storage.tenant_stores import TenantStore


class OrganizationChanges(TypedDict, total=False):
    """What can be changed about an organization; None removes a description."""

    description: str | None


async def find(
    context: RequestContext, *, organization_id: OrganizationId | None, slug: str | None
) -> OrganizationRecord | None:
    """Return the organization with this id or slug (an alias will do), or None if it is not there or not to be seen.

    Raises `BadRequestError` unless exactly one of the two is given.
    """
    if (organization_id is None) == (slug is None):
        raise BadRequestError("Give exactly one of id and slug.")
    if slug is not None:
        slug = slug[: slugs.MAX_LENGTH + 1]
        active = await context.loaders.active_organizations.load(slug)
        if active is not None:
            context.loaders.organizations.prime(active.id, active)
            return active
        organization_id = await context.loaders.organization_ids.load(slug)
    return None if organization_id is None else await find_visible(context, organization_id)


async def find_visible(context: RequestContext, organization_id: OrganizationId) -> OrganizationRecord | None:
    """Return an organization that the caller may see, or None: operators see deleted ones, too, and so do restorers."""
    organization = await context.loaders.organizations.load(organization_id)
    if organization is None or organization.status is not OrganizationStatus.DELETED:
        return organization
    principal = await context.principal()
    return organization if principal.can(Permission.ORGANIZATION_READ, organization_id) else None


async def find_page(
    context: RequestContext,
    narrow: OrganizationFilter,
    page: PageRequest,
    *,
    order: OrganizationOrderField,
    descending: bool,
    admin_email: str | None = None,
) -> Page[OrganizationRecord]:
    """Return a page of the directory; the field's guard has let operators through only."""
    if admin_email is not None:
        address = emails.normalize(admin_email)
        account = None if address is None else await admins.find_by_email(context.services.database, address)
        if not isinstance(account, AdminRecord):
            return Page([], has_next=False, has_previous=False)
        narrow = replace(narrow, organization_id=account.organization_id)
    found = await context.loaders.directory_pages.load(DirectoryPage(narrow, page, order, descending=descending))
    assert found is not None  # noqa: S101 - there is always a page
    for organization in found.items:
        context.loaders.organizations.prime(organization.id, organization)
    return found


async def count_documents(context: RequestContext, organization: OrganizationRecord) -> int:
    """Return the number of documents in the organization's store."""
    if organization.placement is None:
        return 0
    return await TenantStore(context.services.database, organization.id, organization.placement).count()


async def update(
    context: RequestContext, organization_id: OrganizationId, changes: OrganizationChanges
) -> OrganizationRecord:
    """Change what is given and leave the rest. Raises `UserError` for what the caller can mend."""
    organization = await authorize_change(context, Permission.ORGANIZATION_UPDATE, organization_id)
    if "description" not in changes:
        return organization
    text = names.check_description(changes["description"] or "") or None
    updated = await organizations.update_description(
        context.services.database, organization_id, text, await context.act()
    )
    if updated is None:
        raise await refused(context, organization_id)
    return updated
