"""Audit trails and erasure certificates as files: how their lines read, and their check without a database.

A trail is lines of JSON: a header, each event, each checkpoint behind the event that it signs, and an end that was
signed for this file over its last event, so that no lines can be cut off unseen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from auth.audit_signatures import AuditKeys, InvalidSignatureError, Signed
from auth.audit_trail import BreakReason, Entry, TrailBreakError, TrailVerifier

FORMAT = 1
MAX_LINE_BYTES = 16 * 1024 * 1024
_LINK = (
    *("organization", "seq", "at", "action", "actor", "session", "request"),
    *("target", "changes", "details", "personal", "previous"),
)
_EVENT = {"kind", *_LINK, "personalValues", "hash"}


@dataclass(frozen=True, slots=True)
class TrailReport:
    """What was checked of a trail that is intact, and the instant at which its end was signed."""

    organization: str
    events: int
    checkpoints: int
    hash: str
    first_at: str | None
    last_at: str | None
    signed_at: str


def header(organization: str) -> bytes:
    """Return the first line."""
    return _line({"kind": "header", "format": FORMAT, "organization": organization})


def event(entry: Entry) -> bytes:
    """Return the line of an event."""
    return _line({"kind": "event", **entry.link, "personalValues": entry.personal, "hash": entry.hash})


def checkpoint(signed: str) -> bytes:
    """Return the line of a checkpoint."""
    return _line({"kind": "checkpoint", "jws": signed})


def end(signed: str) -> bytes:
    """Return the last line of a trail that is intact."""
    return _line({"kind": "end", "jws": signed})


def broken(error: TrailBreakError) -> bytes:
    """Return the last line of a trail that is not, and is not signed therefore."""
    return _line({"kind": "broken", "seq": error.seq, "reason": error.reason, "message": error.message})


def verify_trail(file: BinaryIO, keys: AuditKeys) -> TrailReport:
    """Check a trail from its first line to its last; raise `TrailBreakError` at the first break."""
    lines = _lines(file)
    first = next(lines, {})
    if first.get("kind") != "header" or first.get("format") != FORMAT:
        raise TrailBreakError(0, BreakReason.MALFORMED, "The first line is not the header of a trail of this format.")
    verifier = TrailVerifier(str(first.get("organization")), keys)
    for line in lines:
        match line.get("kind"):
            case "event":
                verifier.add(_entry(line, verifier.seq + 1))
            case "checkpoint":
                verifier.checkpoint(line.get("jws"))
            case "end":
                return _finish(verifier, line, lines)
            case _:
                raise _stopped(line, verifier)
    raise TrailBreakError(verifier.seq, BreakReason.CUT_OFF, "The file is cut off: its last line is no signed end.")


def verify_certificate(signed: str, keys: AuditKeys) -> Mapping[str, Any] | None:
    """Return what an erasure certificate says, or None if it is not signed with any of the keys."""
    try:
        return keys.verify(signed, Signed.CERTIFICATE)
    except InvalidSignatureError:
        return None


def _line(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def _lines(file: BinaryIO) -> Iterator[dict[str, Any]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            cut_off = not line.endswith(b"\n")
            reason = BreakReason.CUT_OFF if cut_off else BreakReason.MALFORMED
            raise TrailBreakError(0, reason, f"Line {number} is {'cut off' if cut_off else 'no JSON object'}.")
        yield found


def _entry(line: dict[str, Any], seq: int) -> Entry:
    if line.keys() != _EVENT:
        raise TrailBreakError(seq, BreakReason.MALFORMED, f"The line of event {seq} has not the fields of an event.")
    return Entry({name: line[name] for name in _LINK}, line["hash"], line["personalValues"])


def _finish(verifier: TrailVerifier, line: dict[str, Any], rest: Iterator[dict[str, Any]]) -> TrailReport:
    signed_at = verifier.checkpoint(line.get("jws"), Signed.END)
    if next(rest, None) is not None:
        raise TrailBreakError(verifier.seq + 1, BreakReason.MALFORMED, "Something stands behind the end of the trail.")
    return TrailReport(
        organization=verifier.organization,
        events=verifier.events,
        checkpoints=verifier.checkpoints,
        hash=verifier.hash,
        first_at=verifier.first_at,
        last_at=verifier.last_at,
        signed_at=signed_at,
    )


def _stopped(line: dict[str, Any], verifier: TrailVerifier) -> TrailBreakError:
    """Return the break of a line that is neither event nor checkpoint nor end: what the server found, for example."""
    seq, reason = line.get("seq"), line.get("reason")
    if line.get("kind") == "broken" and isinstance(seq, int) and isinstance(reason, str) and reason in set(BreakReason):
        return TrailBreakError(seq, BreakReason(reason), str(line.get("message")))
    if "error" in line:
        return TrailBreakError(verifier.seq, BreakReason.CUT_OFF, f"The download ended early: {line['error']}")
    return TrailBreakError(verifier.seq, BreakReason.MALFORMED, "There is a line of an unknown kind.")
