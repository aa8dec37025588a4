"""The connection to MongoDB: one client a process, majority reads and writes, a deadline on everything."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pymongo
from bson import ObjectId
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorCursor,
    AsyncIOMotorDatabase,
)
from pymongo.monitoring import CommandListener

from storage import capabilities
from storage.capabilities import Capabilities

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
Cursor = AsyncIOMotorCursor[Document]
Session = AsyncIOMotorClientSession

_OPERATION_SECONDS = 5.0
_TRANSACTION_SECONDS = 8.0
_READINESS_SECONDS = 1.0

_T = TypeVar("_T")


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
            retryReads=True,
            retryWrites=True,
            timeoutMS=int(_OPERATION_SECONDS * 1000),
            serverSelectionTimeoutMS=int(_OPERATION_SECONDS * 1000),
            event_listeners=list(listeners),
        )
        self._capabilities: Capabilities | None = None
        self._transactions: set[asyncio.Task[Any]] = set()
        self._master: AsyncIOMotorDatabase[Document] = self.client[name]

    def __getitem__(self, collection: str) -> Collection:
        """Return a collection of the master database."""
        return self._master[collection]

    async def transaction(self, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
        """Run `work` in one transaction, again from its start after a conflict; nothing of it stays on an error.

        A caller that is cancelled leaves the transaction to come to its own end: the driver works in threads, and a
        cancelled session can send the statement under way outside of the transaction that it was meant for.
        """
        transaction = asyncio.create_task(self._run(work))
        self._transactions.add(transaction)
        transaction.add_done_callback(self._finished)
        return await asyncio.shield(transaction)

    async def _run(self, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
        async with await self.client.start_session() as session:
            with pymongo.timeout(_TRANSACTION_SECONDS):
                result: _T = await session.with_transaction(work)
                return result

    def _finished(self, transaction: asyncio.Task[Any]) -> None:
        self._transactions.discard(transaction)
        if not transaction.cancelled():
            transaction.exception()  # Looked at, in case that the caller is gone.

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
        self.client.close()


def new_id() -> str:
    """Return a new id of 24 hexadecimal digits that rises with time."""
    return str(ObjectId())


def now() -> datetime:
    """Return the present instant in whole milliseconds, which is what BSON can hold."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
