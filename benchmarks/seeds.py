"""The same organizations for every server, written by each one's data model. Their names rise with their numbers."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import MongoClient

from auth.identifiers import AdminId, OperatorId, OrganizationId
from auth.passwords import PasswordHasher
from auth.roles import Role
from benchmarks.dialects import PASSWORD
from benchmarks.peers import names
from storage import admins, organizations, slugs, startup, store_indexes
from storage.admins import AdminRecord, AdminStatus, OperatorRecord
from storage.database import new_id
from storage.organizations import OrganizationRecord, OrganizationStatus
from storage.placements import StoreStrategy, choose

OPERATOR = "operator@example.com"
Client = MongoClient[dict[str, Any]]

_BATCH = 1000
_BCRYPT = "$2b$12$ddqJoKfER.VR3DEtbmKZK.xVNa2oLsVLSGZQ2/.6TbtZQdqhC4eRC"  # Of the password.
_NONE = "none"  # The hash of nobody's password.
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_ROLES = (Role.OWNER, Role.ADMIN)


def name(number: int) -> str:
    """Return the name of an organization."""
    return f"Organization {number:07d}"


def slug(number: int) -> str:
    """Return the slug of an organization."""
    return f"organization-{number:07d}"


def _email(number: int, role: Role) -> str:
    return f"{role.lower()}{number}@example.com"


def seed_tenantry(client: Client, database: str, count: int, *, stores: bool) -> None:
    """Write organizations, their admins, and an operator, as Tenantry stores them."""
    master = client[database]
    for collection, indexes in startup.INDEXES.items():
        master[collection].create_indexes(indexes)
    operator = OperatorRecord(OperatorId(new_id()), OPERATOR, asyncio.run(_hash()), _BEGINNING)
    master[admins.COLLECTION].insert_one(admins.to_document(operator))
    records = (_record(number, database) for number in range(count))
    while batch := list(islice(records, _BATCH)):
        master[organizations.COLLECTION].insert_many([organizations.to_document(record) for record in batch])
        reserved = [{"_id": one.slug, "organization_id": one.id, "kind": slugs.SlugKind.CURRENT} for one in batch]
        master[slugs.COLLECTION].insert_many(reserved)
        master[admins.COLLECTION].insert_many([admin for record in batch for admin in _admins(record)])
        if stores:
            for placement in (record.placement for record in batch if record.placement is not None):
                store = client[placement.database][placement.collection]
                store.create_indexes(store_indexes.standing(shared=False))


def _record(number: int, master: str) -> OrganizationRecord:
    at = _BEGINNING + timedelta(seconds=number)
    return OrganizationRecord(
        id=OrganizationId(new_id()),
        name=name(number),
        slug=slug(number),
        description=None,
        status=OrganizationStatus.ACTIVE,
        created_at=at,
        updated_at=at,
        placement=choose(StoreStrategy.COLLECTION, master=master, slug=slug(number), epoch=1),
    )


def _admins(organization: OrganizationRecord) -> Sequence[dict[str, Any]]:
    number = int(organization.name.rpartition(" ")[2])
    return [
        admins.to_document(
            AdminRecord(
                id=AdminId(new_id()),
                organization_id=organization.id,
                email=_email(number, role),
                name=None,
                role=role,
                status=AdminStatus.ACTIVE,
                email_verified=True,
                password_hash=_NONE,
                created_at=organization.created_at,
            )
        )
        for role in _ROLES
    ]


async def _hash() -> str:
    hasher = PasswordHasher()
    try:
        return await hasher.hash(PASSWORD)
    finally:
        hasher.close()


def seed_peer(client: Client, database: str, count: int, *, stores: bool) -> None:
    """Write the same as the peers store it; an operator is one more admin there."""
    own = client[database]
    own["organizations"].create_index("slug", unique=True)
    own["admins"].create_index("email", unique=True)
    own["admins"].create_index([("organization_id", 1), ("_id", 1)])
    own["admins"].insert_one(_peer_admin(_NONE, OPERATOR, "OPERATOR", _BCRYPT))
    for start in range(0, count, _BATCH):
        made = [_peer_organization(number) for number in range(start, min(start + _BATCH, count))]
        own["organizations"].insert_many(made)
        owners = [(one["_id"], number, role) for number, one in enumerate(made, start) for role in _ROLES]
        own["admins"].insert_many([_peer_admin(one, _email(number, role), role) for one, number, role in owners])
        for one in made if stores else ():
            own[names.collection_name(one["slug"])].create_index("type")


def _peer_organization(number: int) -> dict[str, Any]:
    at = _BEGINNING + timedelta(seconds=number)
    named = {"_id": names.new_id(), "name": name(number), "slug": slug(number), "description": None}
    return {**named, "status": "ACTIVE", "created_at": at, "updated_at": at}


def _peer_admin(organization_id: str, email: str, role: str, password_hash: str = _NONE) -> dict[str, Any]:
    who = {"_id": names.new_id(), "organization_id": organization_id, "email": email, "name": None, "role": str(role)}
    return {**who, "password_hash": password_hash, "created_at": _BEGINNING}
