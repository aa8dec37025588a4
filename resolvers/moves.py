"""Moving an organization's tenant store: here, because the organization is renamed."""

import asyncio
from dataclasses import dataclass

from auth.errors import UserError, UserErrorCode
from auth.identifiers import MigrationId, OrganizationId
from auth.roles import Permission
from resolvers import names, slugs
from resolvers.authorization import authorize_change, not_changeable, refused
from resolvers.context import RequestContext
from storage import moves, organizations
from storage.conflicts import SlugTakenError
from storage.database import new_id, now
from storage.migrations import Identity, MigrationKind, MigrationRecord, MigrationState
from storage.moves import MoveFailedError, MoveLostError, Mover, NotMovableError
from storage.organizations import OrganizationRecord
from storage.placements import choose

_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Renamed:
    """The organization as it is called now, and the move that carries its store; None if nothing had to move."""

    organization: OrganizationRecord
    migration: MigrationRecord | None


async def rename(context: RequestContext, organization_id: OrganizationId, *, name: str, slug: str | None) -> Renamed:
    """Give an organization another name, and with another slug its store another place.

    Waits five seconds for the move; a longer one goes on, and the answer shows it under way. Raises `UserError`.
    """
    organization = await authorize_change(context, Permission.ORGANIZATION_RENAME, organization_id)
    name = names.check_name(name, "name")
    given, slug = slug is not None, slugs.slug_for(name, slug)
    if slug == organization.slug:
        respelled = await organizations.respell(context.services.database, organization_id, name, slug=slug)
        if respelled is None:
            raise await refused(context, organization_id)
        return Renamed(respelled, None)
    move = _plan_rename(context, organization, name, slug)
    try:
        mover = await moves.plan(context.services.database, move)
    except SlugTakenError:
        raise slugs.taken(given=given) from None
    except NotMovableError:
        raise await refused(context, organization_id) from None
    await _run(context, mover)
    context.forget_loaded()
    renamed = await context.loaders.organizations.load(organization_id)
    return Renamed(organization if renamed is None else renamed, await context.loaders.migrations.load(move.id))


async def _run(context: RequestContext, mover: Mover) -> None:
    """Wait for the move while that is reasonable; it goes on when the caller does not wait any more."""
    moving = context.services.background.start(mover.run())
    try:
        await asyncio.wait_for(asyncio.shield(moving), _WAIT_SECONDS)
    except TimeoutError:
        return
    except MoveFailedError as error:
        raise UserError(UserErrorCode.CONFLICT, f"The rename was undone. {error}") from None
    except MoveLostError:
        return  # Another worker finishes or undoes it: the journal tells.


def _plan_rename(context: RequestContext, organization: OrganizationRecord, name: str, slug: str) -> MigrationRecord:
    source = organization.placement
    if source is None:
        raise not_changeable(organization)
    target = choose(source.strategy, master=context.services.database.name, slug=slug, epoch=source.epoch + 1)
    return MigrationRecord(
        id=MigrationId(new_id()),
        organization_id=organization.id,
        kind=MigrationKind.RENAME,
        state=MigrationState.PLANNED,
        source=Identity(organization.name, organization.slug, source),
        target=Identity(name, slug, target),
        documents_done=0,
        documents_total=0,
        started_at=now(),
    )
