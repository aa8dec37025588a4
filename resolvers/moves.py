"""Moving an organization's tenant store: because the organization is renamed, or to be kept in another way."""

import asyncio
from dataclasses import dataclass
from functools import partial

from auth.errors import UserError, UserErrorCode
from auth.identifiers import MigrationId, OrganizationId
from auth.roles import Permission
from resolvers import names, slugs
from resolvers.authorization import authorize, authorize_change, not_changeable, refused
from resolvers.context import RequestContext
from resolvers.idempotency import Attempt, once
from storage import move_plans, organizations
from storage import slugs as reserved_slugs
from storage.conflicts import SlugTakenError
from storage.database import new_id, now
from storage.idempotency import References
from storage.migrations import Identity, MigrationKind, MigrationRecord, MigrationState, MigrationWay
from storage.move_plans import MoveEstimate
from storage.moves import MoveFailedError, MoveLostError, Mover, NotMovableError
from storage.organizations import OrganizationRecord
from storage.placements import StoreStrategy, choose

_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What a move would do, and what it would cost."""

    move: MigrationRecord
    estimate: MoveEstimate


@dataclass(frozen=True, slots=True)
class Moved:
    """The organization as it is now, and the move of its store; a plan instead if only that was asked for.

    Both are None if nothing had to move.
    """

    organization: OrganizationRecord
    migration: MigrationRecord | None = None
    plan: MovePlan | None = None


async def rename(
    context: RequestContext,
    organization_id: OrganizationId,
    attempt: Attempt,
    *,
    name: str,
    slug: str | None,
    dry_run: bool = False,
) -> Moved:
    """Give an organization another name, and with another slug its store another place.

    Waits five seconds for the move; a longer one goes on, and the answer shows it under way. A dry run changes nothing
    and returns the plan. Raises `UserError`.
    """
    work = partial(_rename, organization_id=organization_id, name=name, slug=slug, dry_run=dry_run)
    replay = partial(_find_again, context, organization_id)
    return await once(context, attempt, Permission.ORGANIZATION_RENAME, organization_id, work, replay)


async def move_store(
    context: RequestContext,
    organization_id: OrganizationId,
    attempt: Attempt,
    strategy: StoreStrategy,
    *,
    dry_run: bool = False,
) -> Moved:
    """Keep an organization's documents in another way. Waits, and plans, as `rename`. Raises `UserError`."""
    work = partial(_move_store, organization_id=organization_id, strategy=strategy, dry_run=dry_run)
    replay = partial(_find_again, context, organization_id)
    return await once(context, attempt, Permission.ORGANIZATION_MOVE, organization_id, work, replay)


async def _rename(
    context: RequestContext, organization_id: OrganizationId, *, name: str, slug: str | None, dry_run: bool
) -> Moved:
    organization = await authorize_change(context, Permission.ORGANIZATION_RENAME, organization_id)
    name = names.check_name(name, "name")
    given, slug = slug is not None, slugs.slug_for(name, slug)
    if slug == organization.slug:
        return Moved(organization) if dry_run else await _respell(context, organization, name)
    move = await _plan(context, organization, MigrationKind.RENAME, name=name, slug=slug)
    try:
        if dry_run:
            await _refuse_taken(context, organization, slug)
            return await _estimate(context, organization, move)
        return await _carry_out(context, organization, move)
    except SlugTakenError:
        raise slugs.taken(given=given) from None


async def _move_store(
    context: RequestContext, organization_id: OrganizationId, *, strategy: StoreStrategy, dry_run: bool
) -> Moved:
    organization = await authorize_change(context, Permission.ORGANIZATION_MOVE, organization_id)
    if organization.placement is not None and organization.placement.strategy is strategy:
        return Moved(organization)
    move = await _plan(context, organization, MigrationKind.MOVE, strategy=strategy)
    return await (_estimate if dry_run else _carry_out)(context, organization, move)


async def _find_again(context: RequestContext, organization_id: OrganizationId, references: References) -> Moved:
    """Return what has become of a move that was begun before, or of a name that was respelled."""
    organization = await authorize(context, Permission.ORGANIZATION_READ, organization_id)
    if "migration" not in references:
        return Moved(organization)
    migration = await context.loaders.migrations.load(references["migration"])
    if migration is not None and migration.state is MigrationState.ROLLED_BACK:
        raise _undone(migration.error)
    return Moved(organization, migration)


async def _respell(context: RequestContext, organization: OrganizationRecord, name: str) -> Moved:
    database = context.services.database
    act = await context.act()
    respelled = await organizations.respell(database, organization.id, name, act, slug=organization.slug)
    if respelled is None:
        raise await refused(context, organization.id)
    return Moved(respelled)


async def _carry_out(context: RequestContext, organization: OrganizationRecord, move: MigrationRecord) -> Moved:
    try:
        mover = await move_plans.plan(context.services.database, move)
    except NotMovableError:
        raise await refused(context, organization.id) from None
    await _run(context, mover)
    context.forget_loaded()
    moved = await context.loaders.organizations.load(organization.id)
    return Moved(organization if moved is None else moved, await context.loaders.migrations.load(move.id))


async def _run(context: RequestContext, mover: Mover) -> None:
    """Wait for the move while that is reasonable; it goes on when the caller does not wait any more."""
    moving = context.services.background.start(mover.run())
    try:
        await asyncio.wait_for(asyncio.shield(moving), _WAIT_SECONDS)
    except TimeoutError:
        return
    except MoveFailedError as error:
        raise _undone(error) from None
    except MoveLostError:
        return  # Another worker finishes or undoes it: the journal tells.


def _undone(reason: object) -> UserError:
    return UserError(UserErrorCode.CONFLICT, f"The move was undone. {reason}")


async def _estimate(context: RequestContext, organization: OrganizationRecord, move: MigrationRecord) -> Moved:
    if organization.migration_id is not None:
        raise not_changeable(organization)
    return Moved(organization, plan=MovePlan(move, await move_plans.estimate(context.services.database, move)))


async def _refuse_taken(context: RequestContext, organization: OrganizationRecord, slug: str) -> None:
    """Answer as the reservation would; the organization's own alias is free for it."""
    database = context.services.database
    if await reserved_slugs.is_taken(database, slug):
        owners = await reserved_slugs.find_organizations(database, [slug])
        if owners.get(slug) != organization.id:
            raise SlugTakenError


async def _plan(
    context: RequestContext,
    organization: OrganizationRecord,
    kind: MigrationKind,
    *,
    name: str | None = None,
    slug: str | None = None,
    strategy: StoreStrategy | None = None,
) -> MigrationRecord:
    """Return the journal's entry for a move; what is not given stays as it is."""
    source, database = organization.placement, context.services.database
    if source is None:
        raise not_changeable(organization)
    slug = slug or organization.slug
    target = choose(strategy or source.strategy, master=database.name, slug=slug, epoch=source.epoch + 1)
    move = MigrationRecord(
        id=MigrationId(new_id()),
        organization_id=organization.id,
        kind=kind,
        way=MigrationWay.COPY,
        state=MigrationState.PLANNED,
        source=Identity(organization.name, organization.slug, source),
        target=Identity(name or organization.name, slug, target),
        started_at=now(),
        act=await context.act(),
    )
    return await move_plans.with_way(database, move)
