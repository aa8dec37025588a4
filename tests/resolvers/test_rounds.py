"""Rounds: those who wait share what is looked up, and an organization's own round does not wait for the others."""

import asyncio

import pytest

from auth.identifiers import OrganizationId
from resolvers import rounds
from resolvers.lookups import Lookups
from resolvers.rounds import Rounds
from storage.database import Database, new_id

ACME, OTHER = OrganizationId(new_id()), OrganizationId(new_id())


async def test_a_round_is_shared_by_all_who_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they are concerned with; the next round knows nothing of it."""
    monkeypatch.setattr(rounds, "_SECONDS", 0.01)
    shared = Rounds(Lookups(database))
    one, two, three = await asyncio.gather(shared.wait(ACME), shared.wait(OTHER), shared.wait(None))
    assert one is two is three
    assert (await shared.wait(ACME)).number > one.number


async def test_a_round_begins_at_once_for_one_organization(database: Database) -> None:
    """Others wait for theirs, and one who is cancelled takes nobody along."""
    shared = Rounds(Lookups(database))
    waiting = [asyncio.ensure_future(shared.wait(ACME)) for _ in range(3)]
    other = asyncio.ensure_future(shared.wait(OTHER))
    await asyncio.sleep(0)
    waiting.pop().cancel()
    loaders = shared.begin(ACME)
    assert await asyncio.gather(*waiting) == [loaders] * 2
    assert not other.done()
    other.cancel()
