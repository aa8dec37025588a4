"""Where a key set is, and how it changes: a new key goes in front, an old one is taken out when nothing needs it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auth import key_files, keys
from auth.algorithms import Algorithm
from auth.keys import InvalidKeySetError, KeyRing

_MARGIN = timedelta(seconds=10)  # For servers that look at the file a little later, and for clocks.
_Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What can be shown of a key."""

    kid: str
    algorithm: Algorithm
    created_at: datetime | None
    signs: bool
    private: bool


@dataclass(frozen=True, slots=True)
class KeySet:
    """A set that is given as text or as the path of a file, else that at `path`, made when it is first loaded.

    `token_lifetime` is for how long what a key has signed counts; None means for good. Every method raises
    `InvalidKeySetError`, whose message shows nothing of what was given, which may be a key.
    """

    algorithm: Algorithm
    given: str | None
    path: Path
    token_lifetime: timedelta | None = None

    @property
    def file(self) -> Path | None:
        """The file that the set is in, if it is in one."""
        if self.given is None:
            return self.path
        return None if self.given.lstrip().startswith("{") else Path(self.given)

    def load(self) -> KeyRing:
        """Return the keys, which follow their file if they are in one."""
        try:
            if self.given is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                return key_files.load_or_create(self.path, self.algorithm)
            file = self.file
            if file is None:
                return KeyRing.from_json(self.given, self.algorithm)
            return key_files.FollowingKeyRing(file, self.algorithm)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from None

    def summaries(self) -> list[KeySummary]:
        """Return what can be shown of the keys, in their order."""
        return [
            KeySummary(keys.kid_of(jwk), self.algorithm, _created_at(jwk), place == 0, keys.public_half(jwk) != jwk)
            for place, jwk in enumerate(keys.parse_key_set(self._read()))
        ]

    def rotate(self) -> str:
        """Put a new key in front, if the set is in a file; return the set as it is then, or would be."""
        return self._change(lambda jwks: [keys.generate_key(self.algorithm), *jwks])

    def retire(self, kid: str, *, now: bool) -> str:
        """Take a key out, or only its private half if what it has signed counts for good; else as `rotate`.

        Without `now`, a key is refused as long as tokens that it has signed may count.
        """
        return self._change(lambda jwks: self._without(jwks, kid, now=now))

    def _without(self, jwks: list[dict[str, Any]], kid: str, *, now: bool) -> list[dict[str, Any]]:
        place = next((place for place, jwk in enumerate(jwks) if keys.kid_of(jwk) == kid), None)
        if place is None:
            raise InvalidKeySetError("No key of the set has this kid: see `keys list`.")
        if place == 0:
            raise InvalidKeySetError("This key signs: put another one in front first, with `keys rotate`.")
        if self.token_lifetime is None:
            return [*jwks[:place], keys.public_half(jwks[place]), *jwks[place + 1 :]]
        if not now:
            self._refuse_needed(_created_at(jwks[place - 1]), self.token_lifetime)
        return [*jwks[:place], *jwks[place + 1 :]]

    def _refuse_needed(self, replaced_at: datetime | None, lifetime: timedelta) -> None:
        if replaced_at is None:
            raise InvalidKeySetError("It is not known since when this key signs no more: use --now if it is long ago.")
        until = replaced_at + lifetime + _MARGIN
        if until.timestamp() > time.time():
            raise InvalidKeySetError(
                f"Tokens of this key may count until {until:%Y-%m-%d %H:%M:%S} UTC (or use --now)."
            )

    def _change(self, change: _Change) -> str:
        file = self.file
        if file is None:
            return self._changed(change)
        try:
            with key_files.locked(file):
                text = self._changed(change)
                key_files.replace(file, text)
        except (OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from None
        return text

    def _changed(self, change: _Change) -> str:
        text = json.dumps({"keys": change(keys.parse_key_set(self._read()))}, indent=2)
        KeyRing.from_json(text, self.algorithm)
        return text

    def _unreadable(self, error: Exception) -> InvalidKeySetError:
        if isinstance(error, InvalidKeySetError):
            return error
        reason = error.strerror if isinstance(error, OSError) else "It is not text"
        where = self.path.name if self.given is None else "The file that the setting names"
        return InvalidKeySetError(f"{where} cannot be read or changed: {reason}.")

    def _read(self) -> str:
        file = self.file
        try:
            text = (self.given or "") if file is None else file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from None
        KeyRing.from_json(text, self.algorithm)
        return text


def _created_at(jwk: dict[str, Any]) -> datetime | None:
    at = jwk.get("iat")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None
