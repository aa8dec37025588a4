"""Audit trails made without a database, and their files."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from auth import audit_chain, audit_files, keys
from auth.algorithms import Algorithm
from auth.audit_chain import GENESIS
from auth.audit_files import TrailReport
from auth.audit_signatures import AuditKeys, AuditSigner, Signed
from auth.audit_trail import Entry
from auth.keys import KeyRing

ORGANIZATION = "5" * 24
_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def new_signer() -> AuditSigner:
    """Return a signer with a key of its own."""
    return AuditSigner(KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA))


def instant(seq: int) -> str:
    """Return when an event was done."""
    return f"{(_BEGIN + timedelta(seconds=seq)).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def entries(count: int) -> Iterator[Entry]:
    """Yield a chain as the server makes them, every event with a personal value."""
    previous = GENESIS
    for seq in range(1, count + 1):
        personal: dict[str, Any] = {"salt": f"{seq:032x}", "values": {"address": f"192.0.2.{seq % 256}"}}
        entry = linked(
            {
                "organization": ORGANIZATION,
                "seq": seq,
                "at": instant(seq),
                "action": "organization:updated",
                "actor": {"kind": "ADMIN", "id": "a" * 24},
                "session": "b" * 24,
                "request": f"{seq:032x}",
                "target": {"kind": "ORGANIZATION", "id": ORGANIZATION},
                "changes": {"description": {"before": f"Version {seq - 1}", "after": f"Version {seq}"}},
                "details": {},
                "personal": audit_chain.personal_hash(personal["salt"], personal["values"]),
                "previous": previous,
            },
            personal,
        )
        previous = entry.hash
        yield entry


def linked(link: dict[str, Any], personal: Any = None) -> Entry:  # noqa: ANN401 - as files hold it
    """Return an entry with the right hash."""
    return Entry(link, audit_chain.link_hash(link), personal)


def lines(count: int, signer: AuditSigner, *, checkpoint_every: int = 100) -> Iterator[bytes]:
    """Yield the lines of a trail's file."""
    yield audit_files.header(ORGANIZATION)
    last = GENESIS
    for entry in entries(count):
        seq, last = entry.link["seq"], entry.hash
        yield audit_files.event(entry)
        if seq % checkpoint_every == 0:
            yield audit_files.checkpoint(signer.head(ORGANIZATION, seq, last, instant(seq)))
    yield audit_files.end(signer.head(ORGANIZATION, count, last, instant(count + 1), Signed.END))


def verify(content: bytes, public: AuditKeys) -> TrailReport:
    """Check the content of a file."""
    return audit_files.verify_trail(io.BytesIO(content), public)
