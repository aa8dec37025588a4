"""The connection to MongoDB: one client a process, majority reads and writes, a deadline on everything."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import pymongo
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorCursor,
    AsyncIOMotorDatabase,
)
from pymongo.errors import AutoReconnect, ConnectionFailure, PyMongoError
from pymongo.monitoring import CommandListener

from storage import capabilities
from storage.capabilities import Capabilities
from storage.driver_metrics import CommandTimer

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
RawCollection = AsyncIOMotorCollection[RawBSONDocument]
RawCursor = AsyncIOMotorCursor[RawBSONDocument]
Session = AsyncIOMotorClientSession

_OPERATION_SECONDS = 5.0
_TRANSACTION_SECONDS = 8.0
_READINESS_SECONDS = 1.0
_KILL_ATTEMPTS, _KILLS = 60, 2
_NO_SUCH_TRANSACTION = 251
_FIRST_PAUSE, _MAX_PAUSE = 0.005, 0.5  # Seconds between attempts, as in the drivers' specification of transactions.

_T = TypeVar("_T")


class CommitUnknownError(AutoReconnect):
    """A transaction may have been committed or not: it must not be run again.

    The embedded database answers so when it was restarted between a commit and the driver's second attempt at it.
    """


class Database:
    """The master database and the client that also reaches the tenant stores.

    Every operation ends within 5 seconds, one way or the other; a transaction, retries included, within 8.
    """

    def __init__(self, uri: str, name: str, *, listeners: Sequence[CommandListener] = ()) -> None:
        self.name = name
        self.client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri,
            appname="tenantry",
            tz_aware=True,
            tzinfo=UTC,
            w="majority",
            readConcernLevel="majority",
            readPreference="primary",
            retryReads=True,
            timeoutMS=int(_OPERATION_SECONDS * 1000),
            serverSelectionTimeoutMS=int(_OPERATION_SECONDS * 1000),
            event_listeners=[*listeners, CommandTimer()],
        )
        self._capabilities: Capabilities | None = None
        self._transactions: set[asyncio.Task[Any]] = set()
        self._kills: set[asyncio.Task[Any]] = set()
        self._master: AsyncIOMotorDatabase[Document] = self.client[name]

    def __getitem__(self, collection: str) -> Collection:
        """Return a collection of the master database."""
        return self._master[collection]

    async def transaction(self, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
        """Run `work` in one transaction, again from its start after a conflict; nothing of it stays on an error.

        A caller that is cancelled leaves the transaction to come to its own end: the driver works in threads, and a
        cancelled session can send the statement under way outside of the transaction that it was meant for.
        """
        return await asyncio.shield(self._keep(self._run(work), self._transactions))

    async def _run(self, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
        async with await self.client.start_session() as session:
            try:
                with pymongo.timeout(_TRANSACTION_SECONDS):
                    return await _repeat(session, work, time.monotonic() + _TRANSACTION_SECONDS)
            except ConnectionFailure:  # The driver uses the session no more.
                self._keep(self._kill(cast("Mapping[str, Any]", session.session_id)), self._kills)
                raise

    async def _kill(self, session_id: Mapping[str, Any]) -> None:
        """Have the server give up what a transaction still holds whose end it may not have heard of.

        It would do so by itself after a minute. It is told twice, since statements sent before may come to it after.
        """
        told = 0
        for _ in range(_KILL_ATTEMPTS):
            with contextlib.suppress(PyMongoError), pymongo.timeout(_READINESS_SECONDS):
                await self.client.admin.command("killSessions", [session_id])
                told += 1
            if told == _KILLS:
                return
            await asyncio.sleep(_READINESS_SECONDS)

    @staticmethod
    def _keep(work: Coroutine[Any, Any, _T], tasks: set[asyncio.Task[Any]]) -> asyncio.Task[_T]:
        def finished(task: asyncio.Task[Any]) -> None:
            tasks.discard(task)
            if not task.cancelled():
                task.exception()  # Looked at, in case that the caller is gone.

        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(finished)
        return task

    async def ping(self) -> None:
        """Raise unless the database answers within a second."""
        with pymongo.timeout(_READINESS_SECONDS):
            await self.client.admin.command("ping")

    async def capabilities(self) -> Capabilities:
        """Return what the server can do, asked of it once."""
        if self._capabilities is None:
            self._capabilities = capabilities.read(await self.client.admin.command("hello"))
        return self._capabilities

    async def settle(self) -> None:
        """Wait until all transactions are over, those whose callers were cancelled included."""
        if self._transactions:
            await asyncio.wait(self._transactions)

    async def close(self) -> None:
        """End all connections, when the transactions are over."""
        await self.settle()
        for task in self._kills:
            task.cancel()
        self.client.close()


async def _repeat(session: Session, work: Callable[[Session], Coroutine[Any, Any, _T]], deadline: float) -> _T:
    """Attempt a transaction until it is committed or time is up; Motor's own `with_transaction` takes two minutes."""
    for attempt in itertools.count():
        try:
            return await _attempt(session, work, deadline)
        except PyMongoError as error:
            pause = random.random() * min(_MAX_PAUSE, _FIRST_PAUSE * 1.5**attempt)  # noqa: S311 - jitter
            transient = error.has_error_label("TransientTransactionError")
            if not transient or time.monotonic() + pause >= deadline:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


async def _attempt(session: Session, work: Callable[[Session], Coroutine[Any, Any, _T]], deadline: float) -> _T:
    """Run `work` in a transaction once; the commit is repeated while its outcome is unknown and there is time.

    Raises `CommitUnknownError` if the server does not know the transaction.
    """
    async with session.start_transaction():
        result = await work(session)
        while True:
            try:
                await session.commit_transaction()
            except PyMongoError as error:
                if getattr(error, "code", None) == _NO_SUCH_TRANSACTION:
                    raise CommitUnknownError("The server does not know whether it has committed.") from error
                if not error.has_error_label("UnknownTransactionCommitResult") or time.monotonic() >= deadline:
                    raise
            else:
                return result


async def change_one(collection: Collection, query: Document, update: Document, tx: Session) -> Document | None:
    """Change the record with the `_id` of a query, if it still is as that says; return it as it is then, or None.

    Not by `findAndModify`, for which the embedded database reads the whole collection.
    """
    if not (await collection.update_one(query, update, session=tx)).matched_count:
        return None
    document: Document | None = await collection.find_one({"_id": query["_id"]}, session=tx)
    return document


def new_id() -> str:
    """Return a new id of 24 hexadecimal digits that rises with time."""
    return str(ObjectId())


def now() -> datetime:
    """Return the present instant in whole milliseconds, which is what BSON can hold."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
