"""Deleting an organization, and restoring it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension

from auth.roles import Permission
from resolvers import deletions
from schema import ids
from schema.erasure_certificates import ErasureCertificate
from schema.fields import Info
from schema.idempotency import KEY, attempt_of
from schema.organizations import Organization
from schema.user_errors import Payload, mutation
from storage.organizations import OrganizationRecord


@strawberry.input(description="The organization to delete.")
class DeleteOrgInput:
    """Input of `deleteOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    confirm_slug: str = strawberry.field(
        description="The slug of the organization, so that nothing is deleted by mistake."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.type(description="What `deleteOrg` returns.")
class DeleteOrgPayload(Payload):
    """Payload of `deleteOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="What remains: the record.")
    erasure_certificate: ErasureCertificate | None = strawberry.field(
        default=None,
        description="The signed statement that the data was destroyed; null while it is retained, or takes longer.",
    )


@strawberry.input(description="The organization to restore.")
class RestoreOrgInput:
    """Input of `restoreOrg`."""

    organization_id: strawberry.ID = strawberry.field(description="The global id of the organization.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.type(description="What `restoreOrg` returns.")
class RestoreOrgPayload(Payload):
    """Payload of `restoreOrg`."""

    organization: Organization | None = strawberry.field(default=None, description="The organization as it is again.")


class _SameAnswerAfterTheEnd(FieldExtension):
    """Answers a deletion that is sent again with its key, when the session that may do it was ended by it."""

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[DeleteOrgPayload | None]],
        source: Any,  # noqa: ANN401 - Strawberry's signature
        info: Info,
        **kwargs: Any,  # noqa: ANN401 - Strawberry's signature
    ) -> DeleteOrgPayload | None:
        """Resolve the mutation."""
        given: DeleteOrgInput = kwargs["input"]
        if given.idempotency_key is not None:
            organization_id = ids.decode_organization(given.organization_id)
            attempt = attempt_of(info, given)
            record = await deletions.find_deleted(info.context, organization_id, attempt)
            if record is not None:
                return _deleted(record)
        return await next_(source, info, **kwargs)


@strawberry.type
class DeletionMutations:
    """How organizations end, and how they come back."""

    @mutation(
        DeleteOrgPayload,
        "Delete an organization: all its sessions end, and its documents are destroyed, at once or at `purgeAt`. Its "
        "record remains. Until `purgeAt` an owner who logs in can restore it.",
        Permission.ORGANIZATION_DELETE,
        before_guard=[_SameAnswerAfterTheEnd()],
    )
    async def delete_org(
        self,
        info: Info,
        input: Annotated[DeleteOrgInput, strawberry.argument(description="What to delete.")],  # noqa: A002 - the name that clients see
    ) -> DeleteOrgPayload | None:
        """Delete an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        attempt = attempt_of(info, input)
        return _deleted(await deletions.delete(info.context, organization_id, input.confirm_slug, attempt))

    @mutation(
        RestoreOrgPayload,
        "Undo the deletion of an organization, until the destruction of its data begins: it is again what it was, and "
        "the session that restores it is an ordinary one from the next request on.",
        Permission.ORGANIZATION_RESTORE,
    )
    async def restore_org(
        self,
        info: Info,
        input: Annotated[RestoreOrgInput, strawberry.argument(description="What to restore.")],  # noqa: A002 - the name that clients see
    ) -> RestoreOrgPayload | None:
        """Restore an organization."""
        organization_id = ids.decode_organization(input.organization_id)
        record = await deletions.restore(info.context, organization_id, attempt_of(info, input))
        return RestoreOrgPayload(organization=Organization.from_record(record))


def _deleted(record: OrganizationRecord) -> DeleteOrgPayload:
    certificate = record.erasure_certificate
    return DeleteOrgPayload(
        organization=Organization.from_record(record),
        erasure_certificate=None if certificate is None else ErasureCertificate.from_stored(certificate),
    )
