"""The files in which the workers of a server count, so that each of them can tell what all have counted.

What a worker has counted outlasts it; what it had open or under way does not. A worker lives as long as it holds the
lock on the file that has its process id for a name.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SUFFIX = ".lock"


@contextlib.contextmanager
def shared(environment: MutableMapping[str, str]) -> Iterator[None]:
    """Have the processes that are started meanwhile count in a new folder, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tenantry-metrics-") as folder:
        environment[FOLDER] = folder
        yield


class MetricFiles:
    """The files of all workers; the process that makes this is one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = os.open(folder / f"{os.getpid()}{_SUFFIX}", os.O_WRONLY | os.O_CREAT, 0o600)
        fcntl.flock(own, fcntl.LOCK_EX)  # The kernel closes it, and lets go of the lock, when the process ends.

    def living(self) -> list[int]:
        """Return the process ids of the workers; forget what those that are gone had open."""
        found: list[int] = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            pid = int(path.stem)
            with contextlib.suppress(FileNotFoundError), path.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found.append(pid)
                else:
                    self._forget(pid)
                    path.unlink(missing_ok=True)
        return found

    def _forget(self, pid: int) -> None:
        for path in self.folder.glob(f"gauge_live*_{pid}.db"):
            path.unlink(missing_ok=True)
