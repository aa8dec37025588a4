"""The collection `outbox`: mails yet to be sent, each written in the transaction that causes it.

A mail is stored as what it is about, not as its text: tokens come into being when it is sent, so none is stored.

An entry is due at `due_at`. Who claims it moves that on by some minutes, in which nobody else finds it: one that was
left behind by a crash becomes due by itself. Each step after that is a compare-and-set on the claim.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from auth.identifiers import AdminId, InvitationId, OrganizationId
from storage.admins import email_key
from storage.database import Database, Document, Session, new_id, now

COLLECTION = "outbox"
INDEXES = [
    IndexModel("due_at", name="due", sparse=True),
    IndexModel("organization_id", name="by_organization", sparse=True),
    IndexModel("expires_at", name="end", expireAfterSeconds=0),
]
_CLAIMED = timedelta(minutes=3)
_PAUSE, _HOUR, _UNSENT = timedelta(minutes=1), timedelta(hours=1), timedelta(days=7)
_AN_HOUR = 5
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class MailKind(StrEnum):
    """What a mail tells.

    `EMAIL_VERIFICATION`, `PASSWORD_RESET` and `INVITATION` carry a token. `EMAIL_CHANGED` goes to the former address.
    `SIGN_UP_LAPSING` comes before a sign-up whose owner has not verified its address lapses.
    """

    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a kind of mail
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a kind of mail
    EMAIL_CHANGED = "EMAIL_CHANGED"
    INVITATION = "INVITATION"
    SIGN_UP_LAPSING = "SIGN_UP_LAPSING"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: to which address, and what it is about. A password reset knows nothing but the address."""

    kind: MailKind
    to: str
    organization_id: OrganizationId | None = None
    admin_id: AdminId | None = None
    invitation_id: InvitationId | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail that is this worker's to send, as long as the claim stands; `attempts` counts this one, too."""

    id: str
    mail: Mail
    created_at: datetime
    attempts: int
    claim: str
    stays: bool


async def put(database: Database, tx: Session, mail: Mail) -> None:
    """Have a mail sent if the transaction is committed."""
    at = now()
    document = {"_id": new_id(), **to_document(mail), "created_at": at, "due_at": at, "attempts": 0}
    await database[COLLECTION].insert_one(document, session=tx)


async def request(database: Database, mail: Mail) -> None:
    """Have a mail sent that somebody asks for: to an address one a minute, and five an hour, else nothing happens.

    It is one command, whatever comes of it. The entry stays for an hour when it is sent, to count by.
    """
    key = hashlib.sha256("\0".join((mail.kind, email_key(mail.to))).encode()).hexdigest()
    with contextlib.suppress(DuplicateKeyError):  # The same was asked for at the same moment.
        await database[COLLECTION].update_one({"_id": key}, _admission(mail, now()), upsert=True)


async def claim_due(database: Database, limit: int) -> list[Entry]:
    """Return mails that are due, and this worker's to send now."""
    due = await database[COLLECTION].find({"due_at": {"$lte": now()}}).limit(limit).to_list(limit)
    claimed = [await _claim(database, found) for found in due]
    return [_entry(document) for document in claimed if document is not None]


async def hold(database: Database, tx: Session, entry: Entry) -> bool:
    """Claim a mail anew; false if it is not this worker's any more."""
    claimed = {"$set": {"due_at": now() + _CLAIMED}}
    return bool((await database[COLLECTION].update_one(_claimed(entry), claimed, session=tx)).matched_count)


async def finish(database: Database, entry: Entry) -> None:
    """Note that there is nothing more to do about a mail."""
    if entry.stays:
        finished = {"$set": {"expires_at": entry.created_at + _HOUR}, "$unset": {"due_at": "", "claim": ""}}
        await database[COLLECTION].update_one(_claimed(entry), finished)
    else:
        await database[COLLECTION].delete_one(_claimed(entry))


async def postpone(database: Database, entry: Entry, until: datetime) -> None:
    """Let a mail be tried again at an instant, by anyone."""
    await database[COLLECTION].update_one(_claimed(entry), {"$set": {"due_at": until}, "$unset": {"claim": ""}})


async def discard_all(database: Database, tx: Session, organization_id: OrganizationId) -> None:
    """Give up the mails that are about an organization."""
    await database[COLLECTION].delete_many({"organization_id": organization_id}, session=tx)


def to_document(mail: Mail) -> Document:
    """Return what is stored of a mail."""
    about = {"organization_id": mail.organization_id, "admin_id": mail.admin_id, "invitation_id": mail.invitation_id}
    return {"kind": mail.kind, "to": mail.to, **{name: value for name, value in about.items() if value is not None}}


def from_document(document: Document) -> Mail:
    """Read a stored mail."""
    return Mail(
        MailKind(document["kind"]),
        document["to"],
        document.get("organization_id"),
        document.get("admin_id"),
        document.get("invitation_id"),
    )


def _admission(mail: Mail, at: datetime) -> list[Document]:
    """Return the update that decides on a request, and makes the mail due if it is admitted.

    Addresses can begin with a dollar sign, which would make an expression of them.
    """
    made = {**to_document(mail), "created_at": at, "due_at": at, "attempts": 0, "claim": new_id()}
    recent = {"$filter": {"input": {"$ifNull": ["$requests", []]}, "cond": {"$gt": ["$$this", at - _HOUR]}}}
    latest = {"$ifNull": [{"$max": "$requests"}, _LONG_AGO]}
    admitted = {"$and": [{"$lt": [{"$size": "$requests"}, _AN_HOUR]}, {"$lte": [latest, at - _PAUSE]}]}
    return [
        {"$set": {"requests": recent}},
        {"$set": {"admitted": admitted}},
        {
            "$set": {
                **{name: {"$cond": ["$admitted", {"$literal": value}, f"${name}"]} for name, value in made.items()},
                "requests": {"$cond": ["$admitted", {"$concatArrays": ["$requests", [at]]}, "$requests"]},
                "expires_at": {"$cond": ["$admitted", at + _UNSENT, "$expires_at"]},
            }
        },
    ]


async def _claim(database: Database, found: Document) -> Document | None:
    claim = new_id()
    claimed = {"$set": {"due_at": now() + _CLAIMED, "claim": claim}, "$inc": {"attempts": 1}}
    await database[COLLECTION].update_one({"_id": found["_id"], "due_at": found["due_at"]}, claimed)
    document: Document | None = await database[COLLECTION].find_one({"_id": found["_id"], "claim": claim})
    return document


def _claimed(entry: Entry) -> Document:
    return {"_id": entry.id, "claim": entry.claim}


def _entry(document: Document) -> Entry:
    return Entry(
        id=document["_id"],
        mail=from_document(document),
        created_at=document["created_at"],
        attempts=document["attempts"],
        claim=document["claim"],
        stays="expires_at" in document,
    )
