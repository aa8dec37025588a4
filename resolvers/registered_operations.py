"""The registered documents, as a process holds them: all of them, and those of the database within seconds."""

import asyncio
import hashlib
from collections.abc import Mapping

import structlog

from storage import persisted_operations
from storage.database import Database

_POLL_SECONDS = 2.0
_log = structlog.get_logger()


class RegisteredOperations:
    """Looks for changes every two seconds; what cannot be read then stays as it was."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision: int | None = None
        self._texts: Mapping[str, str] = {}
        self._hashes: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()

    async def find(self, document_id: str) -> str | None:
        """Return the document with this id, or with this SHA-256."""
        await self._loaded()
        return self._texts.get(document_id)

    async def contains(self, sha256: str) -> bool:
        """Tell whether a document with this SHA-256 is registered, by whatever id."""
        await self._loaded()
        return sha256 in self._hashes

    async def follow(self) -> None:
        """Read the documents anew if they have changed."""
        async with self._lock:
            revision = await persisted_operations.revision(self._database)
            if revision == self._revision:
                return
            texts = await persisted_operations.registered(self._database)
            hashes = {sha256_of(text): text for text in texts.values()}
            self._texts, self._hashes, self._revision = {**texts, **hashes}, frozenset(hashes), revision

    async def keep_following(self) -> None:
        """Follow changes until cancelled."""
        while True:
            try:
                await self.follow()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
                _log.warning("registered documents not read", error=type(error).__name__)
            await asyncio.sleep(_POLL_SECONDS)

    async def _loaded(self) -> None:
        """Wait for the first reading: until then nobody knows what is registered."""
        if self._revision is None:
            await self.follow()


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a document, by which it can be named."""
    return hashlib.sha256(text.encode()).hexdigest()
