"""Documents that requests name: manifests that agree with each other, and places for what clients had remembered."""

import asyncio

import pytest

from storage import persisted_operations
from storage.database import Database
from storage.persisted_operations import COLLECTION, PLACES, Manifest, ManifestRefusedError
from tests.commands import Commands

FIRST = Manifest(
    "first.json", {"Viewer": "query Viewer { viewer { permissions } }", "Name": "query Name { __typename }"}
)
SECOND = Manifest("second.json", {"Name": "query Name { __typename }", "Other": "query Other { __typename }"})
TAKEN = Manifest("third.json", {"New": "query New { __typename }", "Name": "query Name { viewer { permissions } }"})
HASH = "5" * 64


async def test_manifest_is_there_once(database: Database) -> None:
    """Registered again, at the same moment or under another name, it changes nothing."""
    again = Manifest("again.json", dict(reversed([*FIRST.documents.items()])))
    outcomes = await asyncio.gather(*(persisted_operations.register(database, FIRST) for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]
    before = await persisted_operations.revision(database)
    assert not await persisted_operations.register(database, again)
    (found,) = await persisted_operations.summaries(database)
    assert (found.id, found.name, found.documents) == (FIRST.id, "first.json", 2)
    assert await persisted_operations.revision(database) == before


async def test_manifests_stand_beside_each_other(database: Database) -> None:
    """What one of them holds stays as long as it does; each change raises the revision."""
    revisions = [await persisted_operations.revision(database)]
    for manifest in (FIRST, SECOND):
        assert await persisted_operations.register(database, manifest)
        revisions.append(await persisted_operations.revision(database))
    assert await persisted_operations.registered(database) == {**FIRST.documents, **SECOND.documents}
    assert await persisted_operations.unregister(database, FIRST.id)
    revisions.append(await persisted_operations.revision(database))
    assert await persisted_operations.registered(database) == SECOND.documents
    assert not await persisted_operations.unregister(database, FIRST.id)
    assert revisions == sorted(set(revisions))


async def test_id_stands_for_one_document(database: Database) -> None:
    """A manifest that means another one by it is refused whole; of two at the same moment, one is."""
    await persisted_operations.register(database, SECOND)
    with pytest.raises(ManifestRefusedError, match=r"Name is another document in the manifest second\.json"):
        await persisted_operations.register(database, TAKEN)
    assert await persisted_operations.registered(database) == SECOND.documents
    await persisted_operations.unregister(database, SECOND.id)
    outcomes = await asyncio.gather(
        *(persisted_operations.register(database, one) for one in (FIRST, TAKEN)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {bool, ManifestRefusedError}
    assert len(await persisted_operations.summaries(database)) == 1


async def test_room_for_manifests_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number, and how large they are, each and all together."""
    await persisted_operations.register(database, FIRST)
    bounds = {"MAX_MANIFESTS": 1, "MAX_BYTES": SECOND.size - 1, "MAX_BYTES_IN_ALL": FIRST.size + SECOND.size - 1}
    for name, bound in bounds.items():
        with monkeypatch.context() as patch:
            patch.setattr(persisted_operations, name, bound)
            with pytest.raises(ManifestRefusedError, match="remove those"):
                await persisted_operations.register(database, SECOND)
    assert await persisted_operations.registered(database) == FIRST.documents
    assert await persisted_operations.register(database, SECOND)


async def test_what_is_remembered_takes_a_place(database: Database) -> None:
    """Another document of the same place displaces it, so that there are never more than there are places."""
    neighbour = f"{int(HASH, 16) + PLACES:064x}"
    assert await persisted_operations.find(database, HASH) is None
    await asyncio.gather(*(persisted_operations.remember(database, HASH, "{ __typename }") for _ in range(4)))
    assert await persisted_operations.find(database, HASH) == "{ __typename }"
    assert await persisted_operations.find(database, neighbour) is None
    await persisted_operations.remember(database, neighbour, "{ viewer { permissions } }")
    assert await persisted_operations.find(database, neighbour) == "{ viewer { permissions } }"
    assert await persisted_operations.find(database, HASH) is None
    assert await database[COLLECTION].count_documents({}) == 1
    assert await persisted_operations.registered(database) == {}


async def test_it_ends_by_itself(database: Database) -> None:
    """An index removes what is remembered, and nothing that is registered."""
    await persisted_operations.register(database, FIRST)
    await persisted_operations.remember(database, HASH, "{ __typename }")
    indexes = await database[COLLECTION].index_information()
    assert indexes["end"]["expireAfterSeconds"] == 0
    ending = [found["_id"] async for found in database[COLLECTION].find({"expires_at": {"$exists": True}})]
    assert ending == [f"place:{int(HASH, 16) % PLACES}"]


async def test_finding_is_one_command(watched: tuple[Database, Commands]) -> None:
    """As is remembering."""
    client, commands = watched
    commands.seen.clear()
    await persisted_operations.find(client, HASH)
    await persisted_operations.remember(client, HASH, "{ __typename }")
    assert commands.names == ["find", "update"]
