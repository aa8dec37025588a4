"""The registered documents follow the database, and stay while it is away."""

import asyncio

import pytest
import structlog

from resolvers import registered_operations
from resolvers.registered_operations import RegisteredOperations, sha256_of
from storage import persisted_operations
from storage.database import Database
from storage.persisted_operations import Manifest
from tests.commands import Commands
from tests.storage import directory

TEXT = "query Viewer { viewer { permissions } }"
MANIFEST = Manifest("web.json", {"Viewer": TEXT})


async def until_known(registered: RegisteredOperations, document_id: str) -> None:
    """Wait until a document is registered."""

    async def known() -> bool:
        return await registered.find(document_id) is not None

    await directory.until_it_is(known)


async def test_first_question_waits_for_the_documents(watched: tuple[Database, Commands]) -> None:
    """Later ones cost no command, whatever they are about."""
    client, commands = watched
    await persisted_operations.register(client, MANIFEST)
    registered = RegisteredOperations(client)
    assert await registered.find("Viewer") == TEXT
    commands.seen.clear()
    assert await registered.find(sha256_of(TEXT)) == TEXT
    assert await registered.contains(sha256_of(TEXT))
    assert await registered.find("Other") is None
    assert not await registered.contains("Viewer")
    assert commands.names == []


async def test_changes_are_followed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is told, changes nothing, and is read later."""
    monkeypatch.setattr(registered_operations, "_POLL_SECONDS", 0.01)
    registered = RegisteredOperations(database)
    assert await registered.find("Viewer") is None
    following = asyncio.create_task(registered.keep_following())
    try:
        await persisted_operations.register(database, MANIFEST)
        await until_known(registered, "Viewer")
        with structlog.testing.capture_logs() as logs, monkeypatch.context() as patch:
            patch.setattr(persisted_operations, "COLLECTION", "$")
            await directory.until(lambda: bool(logs))
            assert await registered.find("Viewer") == TEXT
        assert {line["event"] for line in logs} == {"registered documents not read"}
        second = Manifest("second.json", {"Second": "query Second { __typename }"})
        await persisted_operations.register(database, second)
        await until_known(registered, "Second")
    finally:
        following.cancel()
        await asyncio.wait({following})
