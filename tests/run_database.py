"""The database that tests run on: one that the environment names, or an embedded one for each worker.

The embedded one is exchanged for a new one every minute: each session that it has ever seen makes it slower.
"""

import tempfile
import time
from pathlib import Path

from storage.embedded import EmbeddedDatabase

_WORN_SECONDS = 60.0


class RunDatabase:
    """Where the tests' database is, started when it is first asked for."""

    def __init__(self, given_uri: str | None) -> None:
        self._uri = given_uri
        self._worn_at = 0.0
        self._embedded: tuple[EmbeddedDatabase, tempfile.TemporaryDirectory[str]] | None = None
        self.is_embedded = given_uri is None

    def uri(self) -> str:
        """Return its connection string. Nothing of the tests may use it just now: it may be another one from now on."""
        if self._uri is None or (self.is_embedded and time.monotonic() > self._worn_at):
            self.stop()
            self._uri = self._start()
        return self._uri

    def stop(self) -> None:
        """Stop it, if it was started here."""
        if self._embedded is not None:
            database, folder = self._embedded
            self._embedded = self._uri = None
            database.stop()
            folder.cleanup()

    def _start(self) -> str:
        memory = Path("/dev/shm")  # noqa: S108 - writes to a disk would be most of the time of the run
        folder = tempfile.TemporaryDirectory(prefix="tenantry-test-", dir=memory if memory.is_dir() else None)
        database = EmbeddedDatabase(Path(folder.name))
        self._embedded = database, folder
        database.launch()
        uri = database.wait_until_ready()
        self._worn_at = time.monotonic() + _WORN_SECONDS
        return uri
