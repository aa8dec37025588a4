"""Checks an audit trail link by link, in constant memory, with public keys and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auth import audit_chain
from auth.audit_chain import GENESIS, Link
from auth.audit_signatures import AuditKeys, InvalidSignatureError, Signed

_PERSONAL = {"salt", "values"}


class BreakReason(StrEnum):
    """Why a trail is not intact: `CUT_OFF` and `MALFORMED` are said of files only."""

    MISSING = "MISSING"
    CHANGED = "CHANGED"
    UNLINKED = "UNLINKED"
    ORDER = "ORDER"
    FOREIGN = "FOREIGN"
    PERSONAL = "PERSONAL"
    CHECKPOINT = "CHECKPOINT"
    HEAD = "HEAD"
    CUT_OFF = "CUT_OFF"
    MALFORMED = "MALFORMED"


class TrailBreakError(Exception):
    """A trail is not intact at `seq`."""

    def __init__(self, seq: int, reason: BreakReason, message: str) -> None:
        super().__init__(message)
        self.seq = seq
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Entry:
    """A link with the hash that stands beside it, and its personal values `{salt, values}` unless they are erased."""

    link: Link
    hash: str
    personal: Any = None


class TrailVerifier:
    """Takes a trail in order and raises `TrailBreakError` where it breaks; it can begin behind any known link."""

    def __init__(self, organization: str, keys: AuditKeys, *, seq: int = 0, link_hash: str = GENESIS) -> None:
        self.organization = organization
        self.seq = seq
        self.hash = link_hash
        self.events = 0
        self.checkpoints = 0
        self.first_at: str | None = None
        self.last_at: str | None = None
        self._keys = keys

    def add(self, entry: Entry) -> None:
        """Take the next event."""
        link, seq = entry.link, self.seq + 1
        self._check_place(link, seq)
        try:
            changed = entry.hash != audit_chain.link_hash(link)
        except TypeError:  # Of a kind that no event has.
            changed = True
        if changed:
            raise TrailBreakError(seq, BreakReason.CHANGED, f"Event {seq} is not what was recorded: its hash differs.")
        if link["previous"] != self.hash:
            message = f"Event {seq} does not follow event {self.seq}, which is another one than was recorded."
            raise TrailBreakError(seq, BreakReason.UNLINKED, message)
        if self.last_at is not None and link["at"] < self.last_at:
            raise TrailBreakError(seq, BreakReason.ORDER, f"Event {seq} is older than the one before it.")
        _check_personal(entry, seq)
        self.seq, self.hash, self.last_at = seq, entry.hash, link["at"]
        self.first_at = self.first_at or self.last_at
        self.events += 1

    def checkpoint(self, signed: object, kind: Signed = Signed.CHECKPOINT) -> str:
        """Take a checkpoint, or the end of a file, over the event that was taken last; return its instant."""
        try:
            payload = self._keys.verify(signed, kind)
        except InvalidSignatureError:
            message = f"The checkpoint at event {self.seq} is not signed with any of the keys."
            raise TrailBreakError(self.seq, BreakReason.CHECKPOINT, message) from None
        expected = {"organization": self.organization, "seq": self.seq, "hash": self.hash, "at": payload.get("at")}
        if payload != expected:
            message = f"The checkpoint at event {self.seq} was signed over another trail."
            raise TrailBreakError(self.seq, BreakReason.CHECKPOINT, message)
        self.checkpoints += 1
        return str(payload["at"])

    def _check_place(self, link: Link, seq: int) -> None:
        found = link["seq"]
        if not isinstance(found, int) or not isinstance(link["at"], str):
            raise TrailBreakError(seq, BreakReason.CHANGED, f"Event {seq} is not what was recorded.")
        if link["organization"] != self.organization:
            raise TrailBreakError(seq, BreakReason.FOREIGN, f"Event {seq} belongs to another organization.")
        if found > seq:
            message = f"Event {seq} is missing: event {found} follows event {self.seq}."
            raise TrailBreakError(seq, BreakReason.MISSING, message)
        if found < seq:
            message = f"Event {found} stands where event {seq} belongs."
            raise TrailBreakError(seq, BreakReason.ORDER, message)


def _check_personal(entry: Entry, seq: int) -> None:
    """Raise `TrailBreakError` if personal values are there and are not those that were recorded."""
    personal = entry.personal
    if personal is None:
        return
    try:
        known = isinstance(personal, Mapping) and personal.keys() == _PERSONAL
        intact = known and audit_chain.personal_hash(personal["salt"], personal["values"]) == entry.link["personal"]
    except TypeError:
        intact = False
    if not intact:
        message = f"The personal values of event {seq} are not those that were recorded."
        raise TrailBreakError(seq, BreakReason.PERSONAL, message)
