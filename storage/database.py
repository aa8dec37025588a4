"""The connection to MongoDB: one client a process, majority reads and writes, a deadline on everything."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pymongo
from bson import ObjectId
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo.monitoring import CommandListener

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
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
        self._master: AsyncIOMotorDatabase[Document] = self.client[name]

    def __getitem__(self, collection: str) -> Collection:
        """Return a collection of the master database."""
        return self._master[collection]

    async def transaction(self, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
        """Run `work` in one transaction, again from its start after a conflict; nothing of it stays on an error."""
        async with await self.client.start_session() as session:
            with pymongo.timeout(_TRANSACTION_SECONDS):
                result: _T = await session.with_transaction(work)
                return result

    async def ping(self) -> None:
        """Raise unless the database answers within a second."""
        with pymongo.timeout(_READINESS_SECONDS):
            await self.client.admin.command("ping")

    async def hello(self) -> Mapping[str, Any]:
        """Return how the server describes itself (the `hello` command)."""
        reply: Mapping[str, Any] = await self.client.admin.command("hello")
        return reply

    def close(self) -> None:
        """End all connections."""
        self.client.close()


def new_id() -> str:
    """Return a new id of 24 hexadecimal digits that rises with time."""
    return str(ObjectId())


def now() -> datetime:
    """Return the present instant in whole milliseconds, which is what BSON can hold."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
