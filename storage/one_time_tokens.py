"""The collection `one_time_tokens`: for each purpose and subject the newest token, until it is spent or over.

The subject is the admin whose address or password it is about, or an invitation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from auth import one_time_tokens
from auth.identifiers import AdminId, InvitationId, OrganizationId
from auth.one_time_tokens import TokenPurpose
from storage.database import Database, Document, Session, new_id, now

COLLECTION = "one_time_tokens"
INDEXES = [
    IndexModel([("purpose", ASCENDING), ("subject_id", ASCENDING)], name="newest", unique=True),
    IndexModel("organization_id", name="by_organization"),
    IndexModel("expires_at", name="end", expireAfterSeconds=0),
]


class TokenInvalidError(Exception):
    """The token is spent, void or over, or what it is about is gone or has changed."""


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """What a token is about, and the email address that it is sent to."""

    id: AdminId | InvitationId
    organization_id: OrganizationId
    email: str


async def issue(
    database: Database, tx: Session, purpose: TokenPurpose, subject: TokenSubject, *, expires_at: datetime
) -> str:
    """Return a new token, which voids the one before: the only moment at which it is known."""
    record_id = new_id()
    token = one_time_tokens.create(purpose, record_id)
    await void(database, tx, purpose, [subject.id])
    document = {
        "_id": record_id,
        "purpose": purpose.value,
        "subject_id": subject.id,
        "organization_id": subject.organization_id,
        "email": subject.email,
        "hash": one_time_tokens.fingerprint(token),
        "created_at": now(),
        "expires_at": expires_at,
    }
    await database[COLLECTION].insert_one(document, session=tx)
    return token


async def find(database: Database, purpose: TokenPurpose, token: str) -> TokenSubject | None:
    """Return what a token that counts is about, without spending it."""
    query = _query(purpose, token)
    return None if query is None else _subject(await database[COLLECTION].find_one(query))


async def spend(database: Database, tx: Session, purpose: TokenPurpose, token: str) -> TokenSubject | None:
    """Use a token up; return what it is about, or None if it does not count, for whatever reason."""
    query = _query(purpose, token)
    if query is None:
        return None
    document: Document | None = await database[COLLECTION].find_one(query, session=tx)
    if document is None or not (await database[COLLECTION].delete_one(query, session=tx)).deleted_count:
        return None
    return _subject(document)


async def void(
    database: Database, tx: Session, purpose: TokenPurpose, subject_ids: Sequence[AdminId | InvitationId]
) -> None:
    """Make the tokens of these subjects for one purpose count no more."""
    query = {"purpose": purpose.value, "subject_id": {"$in": list(subject_ids)}}
    await database[COLLECTION].delete_many(query, session=tx)


async def void_all(database: Database, tx: Session, organization_id: OrganizationId) -> int:
    """Make every token of an organization count no more; return how many there were."""
    result = await database[COLLECTION].delete_many({"organization_id": organization_id}, session=tx)
    return int(result.deleted_count)


def _query(purpose: TokenPurpose, token: str) -> Document | None:
    record_id = one_time_tokens.record_of(token, purpose)
    if record_id is None:
        return None
    fingerprint = one_time_tokens.fingerprint(token)
    return {"_id": record_id, "purpose": purpose.value, "hash": fingerprint, "expires_at": {"$gt": now()}}


def _subject(document: Document | None) -> TokenSubject | None:
    if document is None:
        return None
    return TokenSubject(document["subject_id"], document["organization_id"], document["email"])
