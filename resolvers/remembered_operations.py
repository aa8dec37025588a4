"""Documents that clients had remembered (automatic persisted queries): in this process, and for all in the database.

Everything is bounded: what a process holds in characters, what it stores a minute, what it knows to be unknown. What
strangers send is held apart and never stored, so that it displaces nothing that members need.
"""

import re
import time
from collections import OrderedDict

from storage import persisted_operations
from storage.database import Database

_MAX_CHARACTERS = 4_000_000
_MAX_LENGTH = 20_000
_MAX_UNKNOWN = 1_000
_UNKNOWN_SECONDS = 2.0
_STORED_A_MINUTE = 120
_MINUTE = 60.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


class RecentTexts:
    """The documents used last, by their SHA-256."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def get(self, sha256: str) -> str | None:
        """Return a document, and keep it longer."""
        if sha256 in self._texts:
            self._texts.move_to_end(sha256)
        return self._texts.get(sha256)

    def add(self, sha256: str, text: str) -> None:
        """Keep a document, and let go of those that were not used for longest."""
        if sha256 in self._texts:
            return
        self._texts[sha256] = text
        self._characters += len(text)
        while self._characters > _MAX_CHARACTERS:
            self._characters -= len(self._texts.popitem(last=False)[1])


class RememberedOperations:
    """What one process remembers; a document that is known costs no command."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of_members, self._of_strangers = RecentTexts(), RecentTexts()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._stored = 0
        self._window_ends = 0.0

    def held(self, document_id: str) -> str | None:
        """Return a document that this process holds."""
        return self._of_members.get(document_id) or self._of_strangers.get(document_id)

    async def look_up(self, document_id: str) -> str | None:
        """Return a document that another process has stored; what is not there is not asked for again at once."""
        if not _SHA256.fullmatch(document_id) or time.monotonic() < self._unknown.get(document_id, 0.0):
            return None
        text = await persisted_operations.find(self._database, document_id)
        if text is not None:
            self._of_members.add(document_id, text)
            return text
        self._unknown[document_id] = time.monotonic() + _UNKNOWN_SECONDS
        self._unknown.move_to_end(document_id)
        if len(self._unknown) > _MAX_UNKNOWN:
            self._unknown.popitem(last=False)
        return None

    def add(self, sha256: str, text: str, *, of_member: bool) -> bool:
        """Remember a document that was executed; return whether it is worth storing and there may be more of that."""
        if len(text) > _MAX_LENGTH or self._of_members.get(sha256) is not None:
            return False
        (self._of_members if of_member else self._of_strangers).add(sha256, text)
        return of_member and self._may_store()

    async def store(self, sha256: str, text: str) -> None:
        """Have other processes find a document, too."""
        await persisted_operations.remember(self._database, sha256, text)

    def _may_store(self) -> bool:
        at = time.monotonic()
        if at >= self._window_ends:
            self._window_ends, self._stored = at + _MINUTE, 0
        self._stored += 1
        return self._stored <= _STORED_A_MINUTE
