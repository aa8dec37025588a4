"""The collection `admins`: everyone who can sign in. Operators are here too, so that one email is one account."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo import ASCENDING, IndexModel

from auth.identifiers import AdminId, OperatorId, OrganizationId
from auth.roles import Role
from storage import pages
from storage.database import Database, Document, Session, change_one
from storage.pages import Page, PageRequest

COLLECTION = "admins"
INDEXES = [
    IndexModel("email_key", name="by_email", unique=True, partialFilterExpression={"email_key": {"$gt": ""}}),
    IndexModel(
        [("organization_id", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)],
        name="by_organization",
    ),
]
_OPERATOR = "OPERATOR"


class AdminStatus(StrEnum):
    """Whether an admin can sign in."""

    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"


_ACTIVE_OWNER: Document = {"role": Role.OWNER, "status": AdminStatus.ACTIVE}


@dataclass(frozen=True, slots=True)
class AdminRecord:
    """One admin as stored; the record of one who was removed, or has left, stays: it says who did something."""

    id: AdminId
    organization_id: OrganizationId
    email: str
    name: str | None
    role: Role
    status: AdminStatus
    email_verified: bool
    password_hash: str
    created_at: datetime
    last_login_at: datetime | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """One operator as stored."""

    id: OperatorId
    email: str
    password_hash: str
    created_at: datetime
    last_login_at: datetime | None = None


AccountRecord = AdminRecord | OperatorRecord


def email_key(email: str) -> str:
    """Return the form under which an email address is unique: without case."""
    return unicodedata.normalize("NFKC", email).casefold()


def to_document(record: AccountRecord) -> Document:
    """Return what is stored of a new account."""
    document: Document = {
        "_id": record.id,
        "email": record.email,
        "email_key": email_key(record.email),
        "password_hash": record.password_hash,
        "created_at": record.created_at,
        "last_login_at": record.last_login_at,
    }
    if isinstance(record, OperatorRecord):
        return document | {"role": _OPERATOR}
    return document | {
        "organization_id": record.organization_id,
        "name": record.name,
        "role": record.role,
        "status": record.status,
        "email_verified": record.email_verified,
    }


def from_document(document: Document) -> AccountRecord:
    """Read a stored account."""
    if document["role"] == _OPERATOR:
        return OperatorRecord(
            document["_id"],
            document["email"],
            document["password_hash"],
            document["created_at"],
            document["last_login_at"],
        )
    return AdminRecord(
        id=document["_id"],
        organization_id=document["organization_id"],
        email=document["email"],
        name=document["name"],
        role=Role(document["role"]),
        status=AdminStatus(document["status"]),
        email_verified=document["email_verified"],
        password_hash=document["password_hash"],
        created_at=document["created_at"],
        last_login_at=document["last_login_at"],
        removed_at=document.get("removed_at"),
    )


async def insert_operator(database: Database, record: OperatorRecord) -> None:
    """Store a new operator; raise `DuplicateKeyError` if the email has an account."""
    await database[COLLECTION].insert_one(to_document(record))


async def find_by_ids(
    database: Database, ids: Sequence[AdminId | OperatorId]
) -> dict[AdminId | OperatorId, AccountRecord]:
    """Return the accounts that exist among these."""
    found = await database[COLLECTION].find({"_id": {"$in": list(ids)}}).to_list(len(ids))
    return {document["_id"]: from_document(document) for document in found}


async def find_by_email(database: Database, email: str, tx: Session | None = None) -> AccountRecord | None:
    """Return the account that signs in with this address, however it is spelled; in a transaction, as it sees it."""
    document = await database[COLLECTION].find_one({"email_key": email_key(email)}, session=tx)
    return None if document is None else from_document(document)


async def find_pages(
    database: Database, organization_ids: Sequence[OrganizationId], page: PageRequest
) -> dict[OrganizationId, Page[AdminRecord]]:
    """Return the same page of the admins of each organization, oldest first; without removed ones.

    One command, unless some of the organizations have very many admins: then it is another one.
    """
    found = None if page.after or page.before else await _find_few(database, organization_ids, page)
    if found is None:
        found = await _look_up(database, organization_ids, page)
    return {
        organization_id: pages.cut([one for one in map(from_document, some) if isinstance(one, AdminRecord)], page)
        for organization_id, some in found.items()
    }


async def _find_few(
    database: Database, organization_ids: Sequence[OrganizationId], page: PageRequest
) -> dict[OrganizationId, list[Document]] | None:
    """Return the beginning of each organization's admins, in the page's order; None if there are too many in all."""
    most = len(organization_ids) * (page.limit + 1)
    present = {"organization_id": {"$in": list(organization_ids)}, "removed_at": None}
    order = pages.sort("created_at", page, descending=False)
    order = [("organization_id", order[0][1]), *order]  # All in one direction, as the index has it.
    found = await database[COLLECTION].find(present).sort(order).limit(most).batch_size(most).to_list(most)
    if len(found) == most:
        return None
    admins: dict[OrganizationId, list[Document]] = {organization_id: [] for organization_id in organization_ids}
    for admin in found:
        admins[admin["organization_id"]].append(admin)
    return {organization_id: some[: page.limit + 1] for organization_id, some in admins.items()}


async def _look_up(
    database: Database, organization_ids: Sequence[OrganizationId], page: PageRequest
) -> dict[OrganizationId, list[Document]]:
    """Return the same page of each organization's admins, and one more, however many there are."""
    lookup = {
        "from": COLLECTION,
        "localField": "_id",
        "foreignField": "organization_id",
        "pipeline": pages.stages([{"removed_at": None}], "created_at", page, descending=False),
        "as": "admins",
    }
    pipeline: list[Document] = [
        {"$match": {"_id": {"$in": list(organization_ids)}}},
        {"$project": {"_id": 1}},
        {"$lookup": lookup},
    ]
    found = await database["organizations"].aggregate(pipeline).to_list(len(organization_ids))
    return {organization["_id"]: organization["admins"] for organization in found}


async def update(
    database: Database, session: Session, admin_id: AdminId, changes: Mapping[str, object], *, password_hash: str
) -> AdminRecord | None:
    """Change an admin whose password is still the one that was checked; None if it is not.

    `changes` are stored fields; a new `email` is unverified at first. Raises `DuplicateKeyError` if it is taken.
    """
    fields = dict(changes)
    if "email" in changes:
        fields |= {"email_key": email_key(str(changes["email"])), "email_verified": False}
    unchanged = {"_id": admin_id, "password_hash": password_hash, "email_key": {"$exists": True}}
    document = await change_one(database[COLLECTION], unchanged, {"$set": fields}, session)
    record = None if document is None else from_document(document)
    return record if isinstance(record, AdminRecord) else None


async def record_login(
    database: Database, session: Session, account: AccountRecord, *, at: datetime, password_hash: str
) -> bool:
    """Note a login, and a new hash of the same password.

    False if the password has changed since it was checked, or the admin's organization is purged.
    """
    result = await database[COLLECTION].update_one(
        {"_id": account.id, "password_hash": account.password_hash, "email_key": {"$exists": True}},
        {"$set": {"last_login_at": at, "password_hash": password_hash}},
        session=session,
    )
    return bool(result.matched_count)


async def insert(database: Database, tx: Session, record: AdminRecord) -> None:
    """Store a new admin; raise `DuplicateKeyError` if the email has an account."""
    await database[COLLECTION].insert_one(to_document(record), session=tx)


async def find_member(
    database: Database, tx: Session, organization_id: OrganizationId, query: Document
) -> AdminRecord | None:
    """Return the admin of an organization for whom this holds, as the transaction sees it; not a removed one."""
    present = {"organization_id": organization_id, "removed_at": None}
    document: Document | None = await database[COLLECTION].find_one({**query, **present}, session=tx)
    record = None if document is None else from_document(document)
    return record if isinstance(record, AdminRecord) else None


async def has_active_owner(database: Database, tx: Session, organization_id: OrganizationId) -> bool:
    """Tell whether somebody owns an organization, and can sign in."""
    return await find_member(database, tx, organization_id, _ACTIVE_OWNER) is not None


async def find_active(
    database: Database, tx: Session, organization_id: OrganizationId, role: Role
) -> list[AdminRecord]:
    """Return the admins of an organization who have this role and can sign in, as the transaction sees them."""
    query = {"organization_id": organization_id, "role": role, "status": AdminStatus.ACTIVE, "removed_at": None}
    found = await database[COLLECTION].find(query, session=tx).to_list(None)
    return [record for record in map(from_document, found) if isinstance(record, AdminRecord)]


async def set_role(database: Database, tx: Session, admin_id: AdminId, role: Role) -> None:
    """Give an admin another role."""
    await database[COLLECTION].update_one({"_id": admin_id}, {"$set": {"role": role}}, session=tx)


async def set_status(database: Database, tx: Session, admin_id: AdminId, status: AdminStatus) -> None:
    """Say whether an admin can sign in."""
    await database[COLLECTION].update_one({"_id": admin_id}, {"$set": {"status": status}}, session=tx)


async def set_password(database: Database, tx: Session, admin_id: AdminId, password_hash: str) -> None:
    """Give an admin another password."""
    await database[COLLECTION].update_one({"_id": admin_id}, {"$set": {"password_hash": password_hash}}, session=tx)


async def confirm_email(database: Database, tx: Session, admin_id: AdminId) -> None:
    """Note that an admin has shown that its address is its own."""
    await database[COLLECTION].update_one({"_id": admin_id}, {"$set": {"email_verified": True}}, session=tx)


async def remove(database: Database, tx: Session, admin_id: AdminId, at: datetime) -> None:
    """Make an admin one that was removed: its email is free, its record stays, to say who did something."""
    removed = {"$set": {"removed_at": at}, "$unset": {"email_key": ""}}
    await database[COLLECTION].update_one({"_id": admin_id}, removed, session=tx)


async def release_emails(database: Database, session: Session, organization_id: OrganizationId) -> int:
    """Free the emails of a purged organization's admins, and return how many; their records stay, to say who did it."""
    result = await database[COLLECTION].update_many(
        {"organization_id": organization_id}, {"$unset": {"email_key": ""}}, session=session
    )
    return int(result.modified_count)
