"""What a process remembers of documents is bounded, and so is what it asks the database and writes there."""

import pytest

from resolvers import remembered_operations
from resolvers.remembered_operations import RecentTexts, RememberedOperations
from storage import persisted_operations
from storage.database import Database
from tests.commands import Commands

HASHES = [f"{number:064x}" for number in range(200)]
TEXT = "{ __typename }"


def test_what_was_not_used_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as there are too many characters in all."""
    monkeypatch.setattr(remembered_operations, "_MAX_CHARACTERS", 3 * len(TEXT))
    texts = RecentTexts()
    for one in HASHES[:3]:
        texts.add(one, TEXT)
    assert texts.get(HASHES[0]) == TEXT
    texts.add(HASHES[3], TEXT)
    assert [texts.get(one) for one in HASHES[:4]] == [TEXT, None, TEXT, TEXT]


async def test_strangers_displace_nothing_of_members(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much they send; and nothing of it is to be stored."""
    monkeypatch.setattr(remembered_operations, "_MAX_CHARACTERS", 3 * len(TEXT))
    remembered = RememberedOperations(database)
    assert remembered.add(HASHES[0], TEXT, of_member=True)
    assert not any(remembered.add(one, TEXT, of_member=False) for one in HASHES[1:])
    assert remembered.held(HASHES[0]) == TEXT
    assert sum(remembered.held(one) is not None for one in HASHES) == 4


async def test_so_much_is_stored_a_minute(database: Database) -> None:
    """Of documents that are new and not too long; the process remembers the others all the same."""
    remembered = RememberedOperations(database)
    stored = [remembered.add(one, TEXT, of_member=True) for one in HASHES]
    assert stored == [True] * 120 + [False] * 80
    assert remembered.held(HASHES[-1]) == TEXT
    assert not remembered.add("f" * 64, "#" * 20_001, of_member=True)
    assert remembered.held("f" * 64) is None


async def test_unknown_documents_are_asked_for_once(
    watched: tuple[Database, Commands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then not for a while; ids that are no hashes never, and what is found costs no further command."""
    monkeypatch.setattr(remembered_operations, "_UNKNOWN_SECONDS", 600.0)
    client, commands = watched
    remembered = RememberedOperations(client)
    commands.seen.clear()
    for document_id in (HASHES[0], HASHES[0], "Viewer", HASHES[0].replace("0", "g")):
        assert await remembered.look_up(document_id) is None
    assert commands.names == ["find"]
    await persisted_operations.remember(client, HASHES[1], TEXT)
    assert await remembered.look_up(HASHES[1]) == TEXT
    assert remembered.held(HASHES[1]) == TEXT


async def test_what_is_known_to_be_unknown_is_bounded(
    watched: tuple[Database, Commands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is asked for again."""
    monkeypatch.setattr(remembered_operations, "_MAX_UNKNOWN", 2)
    monkeypatch.setattr(remembered_operations, "_UNKNOWN_SECONDS", 600.0)
    client, commands = watched
    remembered = RememberedOperations(client)
    for one in HASHES[:3]:
        await remembered.look_up(one)
    commands.seen.clear()
    await remembered.look_up(HASHES[2])
    assert commands.names == []
    await remembered.look_up(HASHES[0])
    assert commands.names == ["find"]
