"""The change stream over the collection `events`: what happens in organizations, as it is committed."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from auth.identifiers import OrganizationId
from storage import events
from storage.acts import ActorReference
from storage.audit_actions import AuditAction, Target
from storage.database import Database, Document
from storage.events import EventKind
from storage.failures import is_temporary
from storage.tenant_access import DocumentChange

_AWAIT_MILLISECONDS = 500
_PAUSE_SECONDS = 0.25
_LOST = {260, 280, 286}  # InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost.


class HistoryLostError(Exception):
    """The history of the server does not reach back to the token, or it is none of its tokens."""


@dataclass(frozen=True, slots=True)
class ActContent:
    """What somebody did, in short: the audit event of this `seq` has the rest."""

    seq: int
    action: AuditAction
    actor: ActorReference
    target: Target


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `token` is its place in the history, `act` and `changes` are what those kinds tell of."""

    token: str
    id: str
    kind: EventKind
    organization_id: OrganizationId
    at: datetime
    act: ActContent | None = None
    changes: Sequence[DocumentChange] = ()


def from_document(document: Document, token: str) -> Event:
    """Read a stored event."""
    kind = EventKind(document["kind"])
    return Event(
        token=token,
        id=document["_id"],
        kind=kind,
        organization_id=OrganizationId(document["organization_id"]),
        at=document["at"],
        act=_read_act(document) if kind is EventKind.ACT else None,
        changes=[DocumentChange.from_document(change) for change in document.get("changes", ())],
    )


def _read_act(document: Document) -> ActContent:
    return ActContent(
        seq=document["seq"],
        action=AuditAction(document["action"]),
        actor=ActorReference.from_document(document["actor"]),
        target=Target.from_document(document["target"]),
    )


class EventStream:
    """All events, or those of one organization, from now on or after a token; one reader at a time.

    `token` is how far it has come. Not to be cancelled in the middle, since the driver works in threads; `next` comes
    back within half a second.
    """

    def __init__(
        self, database: Database, *, organization_id: OrganizationId | None = None, after: str | None = None
    ) -> None:
        self._database = database
        self._match: dict[str, Any] = {"operationType": "insert"}
        if organization_id is not None:
            self._match["fullDocument.organization_id"] = organization_id
        self.token = after
        self._stream: AsyncIOMotorChangeStream[Document] | None = None

    async def open(self) -> None:
        """Have the server begin: what is committed from now on is not missed. Raises `HistoryLostError`."""
        token = None if self.token is None else {"_data": self.token}
        stream = self._database[events.COLLECTION].watch(
            [{"$match": self._match}], resume_after=token, max_await_time_ms=_AWAIT_MILLISECONDS
        )
        try:
            await stream.__aenter__()
        except OperationFailure as error:
            if not is_temporary(error) and (token is not None or error.code in _LOST):
                raise HistoryLostError from error
            raise
        self._stream = stream
        self._note_token(stream)

    async def next(self) -> Event | None:
        """Return the next event, or None if there is none yet; after a temporary error, go on where it was.

        Raises `HistoryLostError` when that is not possible any more.
        """
        try:
            if self._stream is None:
                await self.open()
            assert self._stream is not None  # noqa: S101 - open() has raised otherwise
            change = await self._stream.try_next()
        except PyMongoError as error:
            await self._recover(error)
            return None
        self._note_token(self._stream)
        if change is not None:
            return from_document(change["fullDocument"], change["_id"]["_data"])
        if not self._stream.alive:  # type: ignore[truthy-function] # it is a property
            await self.close()
        return None

    async def close(self) -> None:
        """Have the server end it."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(PyMongoError):
                await stream.close()

    def _note_token(self, stream: AsyncIOMotorChangeStream[Document]) -> None:
        if stream.resume_token is not None:
            self.token = stream.resume_token["_data"]

    async def _recover(self, error: PyMongoError) -> None:
        if isinstance(error, OperationFailure) and error.code in _LOST:
            raise HistoryLostError from error
        if not is_temporary(error):
            raise error
        await self.close()
        await asyncio.sleep(_PAUSE_SECONDS)
