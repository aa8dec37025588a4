"""The collection `persisted_operations`: documents that requests name by an id instead of sending them.

Manifests hold the registered ones, whole, until they are removed; their ids mean the same in all of them. What clients
have had remembered stands in a fixed number of places, the hash decides in which, and ends after a week.
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from storage.database import Database, Document, Session, now

COLLECTION = "persisted_operations"
INDEXES = [
    IndexModel([("kind", DESCENDING), ("loaded_at", DESCENDING)], name="by_kind"),
    IndexModel("expires_at", name="end", expireAfterSeconds=0),
]
MAX_MANIFESTS = 50
MAX_BYTES = 8 * 1024 * 1024
MAX_BYTES_IN_ALL = 32 * 1024 * 1024
PLACES = 4096
_KEPT = timedelta(days=7)
_SET, _MANIFEST = {"_id": "set"}, "manifest"


class ManifestRefusedError(Exception):
    """The manifest cannot be registered beside the others; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents that one client sends, by the ids that it names them by.

    The id follows from them, so that the same manifest is there once.
    """

    name: str
    documents: Mapping[str, str]

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits."""
        digest = hashlib.sha256()
        for document_id, text in sorted(self.documents.items()):
            digest.update(f"{document_id}\0{text}\0".encode())
        return digest.hexdigest()[:16]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(len(document_id) + len(text.encode()) for document_id, text in self.documents.items())


@dataclass(frozen=True, slots=True)
class ManifestSummary:
    """What can be shown of a manifest."""

    id: str
    name: str
    documents: int
    loaded_at: datetime


async def register(database: Database, manifest: Manifest) -> bool:
    """Add a manifest; return whether it was not there before. Raises `ManifestRefusedError`."""
    with contextlib.suppress(DuplicateKeyError):
        await database[COLLECTION].insert_one({**_SET, "revision": 0})

    async def work(tx: Session) -> bool:
        others = await database[COLLECTION].find({"kind": _MANIFEST}, session=tx).to_list(None)
        if any(other["_id"] == _key(manifest.id) for other in others):
            return False
        _check(manifest, others)
        await _count(database, tx)
        await database[COLLECTION].insert_one(_document(manifest), session=tx)
        return True

    return await database.transaction(work)


async def unregister(database: Database, manifest_id: str) -> bool:
    """Remove a manifest; return whether there was one of this id."""

    async def work(tx: Session) -> bool:
        result = await database[COLLECTION].delete_one({"_id": _key(manifest_id)}, session=tx)
        if result.deleted_count:
            await _count(database, tx)
        return bool(result.deleted_count)

    return await database.transaction(work)


async def revision(database: Database) -> int:
    """Return a number that rises with every change of the registered documents."""
    found: Document | None = await database[COLLECTION].find_one(_SET)
    return 0 if found is None else int(found["revision"])


async def summaries(database: Database) -> list[ManifestSummary]:
    """Return what can be shown of all manifests, the newest first."""
    cursor = database[COLLECTION].find({"kind": _MANIFEST}, {"documents.text": 0}).sort("loaded_at", DESCENDING)
    return [
        ManifestSummary(found["_id"].partition(":")[2], found["name"], len(found["documents"]), found["loaded_at"])
        async for found in cursor
    ]


async def registered(database: Database) -> dict[str, str]:
    """Return the documents of all manifests by their ids."""
    documents: dict[str, str] = {}
    async for found in database[COLLECTION].find({"kind": _MANIFEST}):
        documents |= _documents(found)
    return documents


async def remember(database: Database, sha256: str, text: str) -> None:
    """Keep a document for a week, instead of another one that had the same place."""
    kept = {"sha256": sha256, "text": text, "expires_at": now() + _KEPT}
    with contextlib.suppress(DuplicateKeyError):  # Somebody else has just taken the place: one of both is enough.
        await database[COLLECTION].update_one({"_id": _place(sha256)}, {"$set": kept}, upsert=True)


async def find(database: Database, sha256: str) -> str | None:
    """Return a document that was kept."""
    found: Document | None = await database[COLLECTION].find_one({"_id": _place(sha256), "sha256": sha256})
    return None if found is None else found["text"]


async def _count(database: Database, tx: Session) -> None:
    """Raise the revision: changes of the registered documents conflict with each other here."""
    await database[COLLECTION].update_one(_SET, {"$inc": {"revision": 1}}, session=tx)


def _check(manifest: Manifest, others: Sequence[Document]) -> None:
    size = sum(other["size"] for other in others) + manifest.size
    if len(others) >= MAX_MANIFESTS or manifest.size > MAX_BYTES or size > MAX_BYTES_IN_ALL:
        raise ManifestRefusedError(
            f"There is room for {MAX_MANIFESTS} manifests of {MAX_BYTES} bytes each, {MAX_BYTES_IN_ALL} in all: "
            "remove those that no client needs any more."
        )
    for other in others:
        held = _documents(other)
        for document_id, text in manifest.documents.items():
            if held.get(document_id, text) != text:
                raise ManifestRefusedError(f"{document_id} is another document in the manifest {other['name']}.")


def _document(manifest: Manifest) -> Document:
    return {
        "_id": _key(manifest.id),
        "kind": _MANIFEST,
        "name": manifest.name,
        "loaded_at": now(),
        "size": manifest.size,
        "documents": [{"id": document_id, "text": text} for document_id, text in manifest.documents.items()],
    }


def _documents(found: Document) -> dict[str, str]:
    return {one["id"]: one["text"] for one in found["documents"]}


def _key(manifest_id: str) -> str:
    return f"{_MANIFEST}:{manifest_id}"


def _place(sha256: str) -> str:
    return f"place:{int(sha256, 16) % PLACES}"
