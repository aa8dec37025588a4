"""Key sets in files: made whole or not at all, and read again by whoever uses them when they have changed."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from auth import keys
from auth.algorithms import Algorithm
from auth.keys import InvalidKeySetError, KeyList, KeyRing, SigningKey, VerifyingKey

LOOK_SECONDS = 2.0
_Stamp = tuple[int, int, int]
_log = structlog.get_logger()


class FollowingKeyRing(KeyRing):
    """The keys in a file, which is looked at every two seconds, and at once for a key that is not known.

    So a server accepts the tokens that another one signs with a newer set. A file that cannot be read, or holds no key
    set, changes nothing.
    """

    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self._path = path
        self._stamp = _stamp_of(path)
        self._looked_at = time.monotonic()
        super().__init__(algorithm, KeyList.from_json(path.read_text(), algorithm))

    @property
    def version(self) -> int:
        """A number that rises when the set changes."""
        self._look_now_and_then()
        return super().version

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        self._look_now_and_then()
        return super().current

    def find(self, kid: object) -> VerifyingKey | None:
        """Return the key with this id, or None."""
        found = super().find(kid)
        if found is None:
            self._look()
            found = super().find(kid)
        return found

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public halves as a JSON Web Key Set: empty for HS256."""
        self._look_now_and_then()
        return super().jwks()

    def _look_now_and_then(self) -> None:
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._look()

    def _look(self) -> None:
        """Read the file if it is another one than before: else this costs no more than asking for its time."""
        self._looked_at = time.monotonic()
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = KeyList.from_json(self._path.read_text(), self.algorithm)
        except (OSError, UnicodeDecodeError, InvalidKeySetError) as error:
            _log.warning("keys not read", path=str(self._path), error=type(error).__name__)
        else:
            self._version += 1


def load_or_create(path: Path, algorithm: Algorithm) -> KeyRing:
    """Read the key set at `path`, first making it, for its owner's eyes only, if it is not there.

    Two processes that start at once end up with the same keys: a hard link appears whole or fails.
    """
    if not path.exists():
        with _draft(path, keys.generate(algorithm)) as draft, contextlib.suppress(FileExistsError):
            os.link(draft, path)
    return FollowingKeyRing(path, algorithm)


def replace(path: Path, text: str) -> None:
    """Put another key set into the place of one, for the eyes of its owner only: readers find the old or the new."""
    target = path.resolve()
    owner = target.stat()
    with _draft(target, text) as draft:
        with contextlib.suppress(PermissionError):
            os.chown(draft, owner.st_uid, owner.st_gid)
        draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for others who change key sets in the folder of this one, and keep them out."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _draft(path: Path, text: str) -> Iterator[Path]:
    """Write a file beside another one, with mode 0600, and remove it if it is still there in the end."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    try:
        yield Path(draft.name)
    finally:
        Path(draft.name).unlink(missing_ok=True)


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
