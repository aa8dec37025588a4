"""Organizations made at storage's own level, and a look at everything that there is of them."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auth.identifiers import AdminId, MigrationId, OrganizationId
from auth.roles import Role
from storage import deletions, migrations, organizations, purges, sign_ups
from storage.acts import Act, ActorKind, ActorReference
from storage.admins import AdminRecord, AdminStatus
from storage.database import Database, new_id, now
from storage.migrations import Identity, MigrationKind, MigrationRecord, MigrationState, MigrationWay
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy, choose
from storage.tenant_stores import TenantStore

_STANDING = {"_tenants.documents", "_tenants.guards", "_tenants.changes"}
_numbers = itertools.count(1)

ACT = Act(ActorReference(ActorKind.ADMIN, AdminId("a" * 24)))
"""What is done here, by whom it does not matter."""


def new_organization(database: Database, slug: str, strategy: StoreStrategy) -> OrganizationRecord:
    """Return a record to sign up with."""
    at = now()
    return OrganizationRecord(
        id=OrganizationId(new_id()),
        name=slug.title(),
        slug=slug,
        description=None,
        status=OrganizationStatus.PROVISIONING,
        created_at=at,
        updated_at=at,
        placement=choose(strategy, master=database.name, slug=slug, epoch=1),
    )


def new_owner(organization: OrganizationRecord, email: str | None = None) -> AdminRecord:
    """Return an owner to sign up with."""
    return AdminRecord(
        id=AdminId(new_id()),
        organization_id=organization.id,
        email=email or f"owner{next(_numbers)}@example.com",
        name=None,
        role=Role.OWNER,
        status=AdminStatus.ACTIVE,
        email_verified=False,
        password_hash="none",
        created_at=organization.created_at,
    )


async def hash_nothing() -> str:
    """Return what stands for the hash of a password here."""
    return "none"


async def sign_up(
    database: Database, slug: str, strategy: StoreStrategy = StoreStrategy.COLLECTION, documents: int = 0
) -> OrganizationRecord:
    """Sign an organization up, with documents in its store."""
    organization = new_organization(database, slug, strategy)
    organization = await sign_ups.sign_up(database, organization, new_owner(organization), None, hash_nothing, ACT)
    if documents:
        ids: list[object] = list(range(documents))
        if strategy is StoreStrategy.SHARED:
            ids = [{"org": organization.id, "id": n} for n in ids]
        placement = organization.placement
        assert placement is not None
        collection = database.client[placement.database][placement.collection]
        await collection.insert_many({"_id": document_id, "n": n} for n, document_id in enumerate(ids))
    return organization


async def delete(database: Database, organization_id: OrganizationId) -> None:
    """Delete an organization and destroy its store."""
    worker = await deletions.mark(database, organization_id, ACT)
    await purges.purge(database, organization_id, worker)


async def forget(database: Database, organization: OrganizationRecord) -> None:
    """Delete an organization and remove its record and its owner's, so that nothing of it is left."""
    await delete(database, organization.id)
    await database["organizations"].delete_one({"_id": organization.id})
    await database["admins"].delete_one({"organization_id": organization.id})


def rename_of(
    database: Database, organization: OrganizationRecord, slug: str, way: MigrationWay = MigrationWay.COPY
) -> MigrationRecord:
    """Return the plan of a rename."""
    return move_of(database, organization, slug=slug, way=way)


async def begin_rename(database: Database, organization_id: OrganizationId, slug: str) -> None:
    """Note in the journal that a rename has begun, which nobody carries out."""
    organization = await read(database, organization_id)
    assert organization is not None
    move = migrations.to_document(rename_of(database, organization, slug))
    await database[migrations.COLLECTION].insert_one(move)


def move_of(
    database: Database,
    organization: OrganizationRecord,
    *,
    slug: str | None = None,
    strategy: StoreStrategy | None = None,
    way: MigrationWay = MigrationWay.COPY,
) -> MigrationRecord:
    """Return the plan of a move to another slug, or another strategy."""
    source, slug = organization.placement, slug or organization.slug
    assert source is not None
    target = choose(strategy or source.strategy, master=database.name, slug=slug, epoch=source.epoch + 1)
    return MigrationRecord(
        id=MigrationId(new_id()),
        organization_id=organization.id,
        kind=MigrationKind.RENAME if strategy is None else MigrationKind.MOVE,
        way=way,
        state=MigrationState.PLANNED,
        source=Identity(organization.name, organization.slug, source),
        target=Identity(slug.title(), slug, target),
        started_at=now(),
    )


async def read(database: Database, organization_id: OrganizationId) -> OrganizationRecord | None:
    """Return an organization as it is stored now."""
    return (await organizations.find_by_ids(database, [organization_id])).get(organization_id)


async def read_migration(database: Database, migration_id: MigrationId) -> MigrationRecord | None:
    """Return a move as it is stored now."""
    return (await migrations.find_by_ids(database, [migration_id])).get(migration_id)


async def count(database: Database, organization: OrganizationRecord) -> int:
    """Return the number of documents in an organization's store."""
    assert organization.placement is not None
    return (await TenantStore(database, organization.id, organization.placement).content()).documents


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything there is, by its name."""

    organizations: list[str]
    owners: int
    slugs: dict[str, str]
    stores: list[str]
    leases: int


async def stores(database: Database) -> list[str]:
    """Return the names of the collections that tenants' stores are in, each without the master database's name."""
    found = []
    for name in await database.client.list_database_names():
        if name.startswith(f"{database.name}_"):
            collections = await database.client[name].list_collection_names()
            found += [f"{name.removeprefix(database.name)}.{collection}" for collection in collections]
    return sorted(store for store in found if store not in _STANDING)


async def take_inventory(database: Database) -> Inventory:
    """List what there is in the master database and among the tenant stores.

    What stands beside the stores, and the shared collection, count only if the database is one organization's own.
    """
    found = await database["organizations"].find().to_list(None)
    slugs = await database["slugs"].find().to_list(None)
    leased = {"lease": {"$exists": True}}
    return Inventory(
        organizations=sorted(f"{one['slug']}:{one['status']}" for one in found),
        owners=await database["admins"].count_documents({}),
        slugs={slug["_id"]: slug["kind"] for slug in slugs},
        stores=await stores(database),
        leases=await database["organizations"].count_documents(leased)
        + await database["migrations"].count_documents(leased),
    )


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds."""

    async def holds() -> bool:
        return condition()

    await until_it_is(holds, seconds)


async def until_it_is(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait until a condition holds that has to be asked for."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it is the database that is asked
            await asyncio.sleep(0.005)
