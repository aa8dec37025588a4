"""Organizations made at storage's own level, and a look at everything that there is of them."""

import itertools
from dataclasses import dataclass

from auth.identifiers import AdminId, MigrationId, OrganizationId
from auth.roles import Role
from storage import deletions, migrations, organizations, sign_ups
from storage.admins import AdminRecord, AdminStatus
from storage.database import Database, new_id, now
from storage.migrations import Identity, MigrationKind, MigrationRecord, MigrationState
from storage.organizations import ActorKind, ActorReference, OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy, choose
from storage.tenant_stores import TenantStore

_numbers = itertools.count(1)


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
    organization = await sign_ups.sign_up(database, organization, new_owner(organization), None, hash_nothing)
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
    actor = ActorReference(ActorKind.ADMIN, AdminId("a" * 24))
    worker = await deletions.mark(database, organization_id, actor)
    await deletions.purge(database, organization_id, worker)


def rename_of(database: Database, organization: OrganizationRecord, slug: str) -> MigrationRecord:
    """Return the plan of a rename."""
    source = organization.placement
    assert source is not None
    target = choose(source.strategy, master=database.name, slug=slug, epoch=source.epoch + 1)
    return MigrationRecord(
        id=MigrationId(new_id()),
        organization_id=organization.id,
        kind=MigrationKind.RENAME,
        state=MigrationState.PLANNED,
        source=Identity(organization.name, organization.slug, source),
        target=Identity(slug.title(), slug, target),
        documents_done=0,
        documents_total=0,
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
    return (await TenantStore(database, organization.id, organization.placement).fingerprint()).documents


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything there is, by its name."""

    organizations: list[str]
    owners: int
    slugs: dict[str, str]
    stores: list[str]
    leases: int


async def take_inventory(database: Database) -> Inventory:
    """List what there is in the master database and among the tenant stores; empty shared collections count not."""
    found = await database["organizations"].find().to_list(None)
    slugs = await database["slugs"].find().to_list(None)
    stores = []
    for name in await database.client.list_database_names():
        if name.startswith(f"{database.name}_"):
            collections = await database.client[name].list_collection_names()
            stores += [f"{name.removeprefix(database.name)}.{collection}" for collection in collections]
    leased = {"lease": {"$exists": True}}
    return Inventory(
        organizations=sorted(f"{one['slug']}:{one['status']}" for one in found),
        owners=await database["admins"].count_documents({}),
        slugs={slug["_id"]: slug["kind"] for slug in slugs},
        stores=sorted(store for store in stores if store != "_tenants.documents"),
        leases=await database["organizations"].count_documents(leased)
        + await database["migrations"].count_documents(leased),
    )
