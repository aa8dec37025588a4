"""Incidents: what somebody tried in vain, counted, and recorded in the audit trail some seconds later.

Nobody has to wait for a write that changes nothing for him, and a thousand attempts are one event.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from auth.identifiers import OrganizationId
from storage import audit_events
from storage.acts import UNKNOWN, Act, ActorReference
from storage.audit_actions import AuditAction, Target, TargetKind
from storage.audit_events import NewEvent, NoSuchTrailError
from storage.database import Database, now

_DELAY_SECONDS = 5.0
_MAX_KINDS = 10_000
_MAX_ADDRESSES = 10
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incident:
    """One kind of incident: who tried what, on what."""

    organization_id: OrganizationId
    action: AuditAction
    target: Target
    actor: ActorReference = UNKNOWN
    permission: str | None = None


@dataclass(slots=True)
class _Count:
    """How often something happened, from when to when, and from which addresses: the first ten of them."""

    first: datetime = field(default_factory=now)
    last: datetime = field(default_factory=now)
    count: int = 0
    addresses: dict[str, None] = field(default_factory=dict)

    def add(self, address: str | None) -> None:
        """Count once more."""
        self.last = now()
        self.count += 1
        if address is not None and len(self.addresses) < _MAX_ADDRESSES:
            self.addresses[address] = None


class Incidents:
    """Counts the incidents of a process. What was not recorded when the process is killed is lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[Incident, _Count] = {}
        self._closing = asyncio.Event()
        self._recording: asyncio.Task[None] | None = None

    def note(self, incident: Incident, address: str | None) -> None:
        """Count an incident; beyond ten thousand kinds at once, a new one is not counted."""
        if incident not in self._counts and len(self._counts) >= _MAX_KINDS:
            return
        self._counts.setdefault(incident, _Count()).add(address)
        if self._recording is None or self._recording.done():
            self._recording = asyncio.create_task(self._record_later())

    async def close(self) -> None:
        """Record what was counted."""
        self._closing.set()
        if self._recording is not None:
            await self._recording

    async def _record_later(self) -> None:
        while self._counts:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _DELAY_SECONDS)
            counts, self._counts = self._counts, {}
            await self._record(counts)

    async def _record(self, counts: Mapping[Incident, _Count]) -> None:
        for incident, count in counts.items():
            act = Act(incident.actor, address=", ".join(count.addresses) or None)
            event = NewEvent(incident.action, incident.target, details=_details(incident, count))
            try:
                await self._database.transaction(
                    lambda tx, incident=incident, act=act, event=event: audit_events.record(  # type: ignore[misc] # bound early
                        self._database, tx, incident.organization_id, act, event
                    )
                )
            except NoSuchTrailError:
                continue
            except Exception as error:  # noqa: BLE001 - the others are to be recorded all the same
                _log.warning("incident not recorded", action=incident.action, error=type(error).__name__)


def failed_login(organization_id: OrganizationId, admin_id: str) -> Incident:
    """Return the incident that somebody has failed to sign in as this admin."""
    target = Target(TargetKind.ADMIN, admin_id)
    return Incident(organization_id, AuditAction.SESSION_LOGIN_FAILED, target)


def denied(organization_id: OrganizationId, operator: ActorReference, permission: str) -> Incident:
    """Return the incident that an operator has tried to do to this organization what operators may not do."""
    target = Target(TargetKind.ORGANIZATION, organization_id)
    return Incident(organization_id, AuditAction.OPERATOR_DENIED, target, operator, permission)


def _details(incident: Incident, count: _Count) -> dict[str, object]:
    details: dict[str, object] = {
        "count": count.count,
        "first": audit_events.instant(count.first),
        "last": audit_events.instant(count.last),
    }
    return details if incident.permission is None else details | {"permission": incident.permission}
