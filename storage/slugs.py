"""The collection `slugs`: which organization a slug leads to. Its `_id` decides every race for a name.

A slug is `CURRENT`, the `TARGET` of a rename under way, or an `ALIAS` that still resolves for a while after a rename.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from pymongo import IndexModel

from auth.identifiers import OrganizationId
from storage.database import Database, Session, now

COLLECTION = "slugs"
INDEXES = [
    IndexModel("expires_at", name="alias_end", expireAfterSeconds=0),
    IndexModel("organization_id", name="organization"),
]
ALIAS_LIFETIME = timedelta(days=30)


class SlugKind(StrEnum):
    """What a slug is to its organization."""

    CURRENT = "CURRENT"
    TARGET = "TARGET"
    ALIAS = "ALIAS"


async def is_taken(database: Database, slug: str) -> bool:
    """Tell whether the slug is reserved now: a quick answer before work is done, never the decision."""
    found = await database[COLLECTION].find_one({"_id": slug})
    return found is not None and ("expires_at" not in found or found["expires_at"] > now())


async def find_organizations(database: Database, slugs: Sequence[str]) -> dict[str, OrganizationId]:
    """Return the organization that each current slug and live alias leads to."""
    found = await database[COLLECTION].find({"_id": {"$in": list(slugs)}}).to_list(len(slugs))
    resolving = (slug for slug in found if slug["kind"] != SlugKind.TARGET or "alias_until" in slug)
    live = (slug for slug in resolving if "expires_at" not in slug or slug["expires_at"] > now())
    return {slug["_id"]: OrganizationId(slug["organization_id"]) for slug in live}


async def reserve(database: Database, session: Session, slug: str, organization_id: OrganizationId) -> None:
    """Reserve a slug for a new organization; raise `DuplicateKeyError` unless it is free or an alias past its end."""
    await _drop_ended_alias(database, session, slug)
    current = {"_id": slug, "organization_id": organization_id, "kind": SlugKind.CURRENT}
    await database[COLLECTION].insert_one(current, session=session)


async def reserve_target(database: Database, session: Session, slug: str, organization_id: OrganizationId) -> None:
    """Reserve a slug for a rename; one's own alias will do, and goes on resolving. Raises `DuplicateKeyError`."""
    await _drop_ended_alias(database, session, slug)
    own_alias = {"_id": slug, "organization_id": organization_id, "kind": SlugKind.ALIAS}
    target = {"$set": {"kind": SlugKind.TARGET}, "$rename": {"expires_at": "alias_until"}}
    result = await database[COLLECTION].update_one(own_alias, target, session=session)
    if not result.matched_count:
        reserved = {"_id": slug, "organization_id": organization_id, "kind": SlugKind.TARGET}
        await database[COLLECTION].insert_one(reserved, session=session)


async def give_target_up(database: Database, session: Session, slug: str, organization_id: OrganizationId) -> None:
    """Undo `reserve_target`."""
    target = {"_id": slug, "organization_id": organization_id, "kind": SlugKind.TARGET}
    alias = {"$set": {"kind": SlugKind.ALIAS}, "$rename": {"alias_until": "expires_at"}}
    was_alias = {**target, "alias_until": {"$exists": True}}
    await database[COLLECTION].update_one(was_alias, alias, session=session)
    await database[COLLECTION].delete_one(target, session=session)


async def make_current(
    database: Database, session: Session, organization_id: OrganizationId, *, old: str, new: str
) -> None:
    """Let the target slug of a rename become the current one, and the old one an alias for 30 days."""
    slugs = database[COLLECTION]
    owner = {"organization_id": organization_id}
    alias = {"kind": SlugKind.ALIAS, "expires_at": now() + ALIAS_LIFETIME}
    current = {"$set": {"kind": SlugKind.CURRENT}, "$unset": {"alias_until": ""}}
    await slugs.update_one({"_id": new, **owner}, current, session=session)
    await slugs.update_one({"_id": old, **owner}, {"$set": alias}, session=session)


async def release(database: Database, session: Session, slug: str, organization_id: OrganizationId) -> None:
    """Give one reserved slug up."""
    await database[COLLECTION].delete_one({"_id": slug, "organization_id": organization_id}, session=session)


async def release_all(database: Database, session: Session, organization_id: OrganizationId) -> int:
    """Give up every slug of an organization, aliases included; return how many."""
    result = await database[COLLECTION].delete_many({"organization_id": organization_id}, session=session)
    return int(result.deleted_count)


async def _drop_ended_alias(database: Database, session: Session, slug: str) -> None:
    await database[COLLECTION].delete_one({"_id": slug, "expires_at": {"$lte": now()}}, session=session)
