"""The collection `events`: what happens in organizations, written in the transactions in which it happens.

A change stream over it feeds all subscriptions. Nothing queries it, and a stream that is resumed reads the server's own
log, so its documents go after an hour.
"""

from collections.abc import Sequence
from enum import StrEnum

from pymongo import IndexModel

from auth.identifiers import OrganizationId
from storage.database import Database, Document, Session, new_id, now

COLLECTION = "events"
_LIFETIME_SECONDS = 3600
INDEXES = [IndexModel("at", name="end", expireAfterSeconds=_LIFETIME_SECONDS)]


class EventKind(StrEnum):
    """What an event tells of.

    `ACT`: what somebody did, a link of the audit chain. `DOCUMENTS`: documents that one transaction wrote. `MIGRATION`:
    a move that has come further. `MARK`: nothing; a place in the order of events that a follower has set for itself.
    """

    ACT = "ACT"
    DOCUMENTS = "DOCUMENTS"
    MIGRATION = "MIGRATION"
    MARK = "MARK"


async def publish(
    database: Database, tx: Session, organization_id: OrganizationId, kind: EventKind, content: Document
) -> None:
    """Tell of something in the transaction that does it."""
    await publish_all(database, tx, organization_id, kind, [content])


async def publish_all(
    database: Database, tx: Session, organization_id: OrganizationId, kind: EventKind, contents: Sequence[Document]
) -> None:
    """Tell of several things, in this order."""
    about: Document = {"organization_id": organization_id, "kind": kind, "at": now()}
    await database[COLLECTION].insert_many([{"_id": new_id(), **about, **one} for one in contents], session=tx)


async def mark(database: Database, organization_id: OrganizationId, mark: str) -> None:
    """Set a mark, which is a new id, among an organization's events: none that was written before comes after it."""
    event = {"_id": mark, "organization_id": organization_id, "kind": EventKind.MARK, "at": now()}
    await database[COLLECTION].insert_one(event)


async def find(database: Database, organization_id: OrganizationId, event_id: str) -> Document | None:
    """Return one of the organization's events, if it is still there."""
    found: Document | None = await database[COLLECTION].find_one({"_id": event_id, "organization_id": organization_id})
    return found
