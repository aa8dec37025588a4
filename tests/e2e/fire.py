"""Moves under fire: writers write while stores are moved and processes are killed, and a ledger says what has to be."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx

from storage.database import Database
from storage.embedded import running_uri
from storage.placements import StoreStrategy
from tests.api import API, Member
from tests.e2e import process
from tests.e2e.process import ServerProcess

WRITERS = 3
SETTLED = 600  # Documents that nobody changes, so that a copy takes several batches.
STATES = ["PLANNED", "COPYING", "FENCED", "CAUGHT_UP", "VERIFIED", "SWITCHED", None, None, None]
_LONGEST_DELAY = 1.2

_CREATE = "mutation ($i: CreateDocumentInput!) { createDocument(input: $i) { document { id } errors { code } } }"
_CREATE_MANY = "mutation ($i: CreateDocumentsInput!) { createDocuments(input: $i) { errors { code } } }"
_UPDATE = "mutation ($i: UpdateDocumentInput!) { updateDocument(input: $i) { document { id } errors { code } } }"
_DELETE = "mutation ($i: DeleteDocumentInput!) { deleteDocument(input: $i) { errors { code } } }"
_RENAME = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { migration { state } errors { code message } } }"
_MOVE = "mutation ($i: MoveTenantStoreInput!) { moveTenantStore(input: $i) { errors { code message } } }"
_MIGRATION = "query ($id: ID!) { organization(id: $id) { status slug migration { state } } }"


class Victim(StrEnum):
    """What is killed."""

    SERVER = "server"
    DATABASE = "database"
    BOTH = "both"


@dataclass
class Ledger:
    """What may be there: for each document that writers have made the values that it may have, None for its absence."""

    possible: dict[str, set[int | None]] = field(default_factory=dict)
    acknowledged: int = 0
    uncertain: int = 0

    def begin(self, key: str, value: int | None) -> None:
        """Note that a change was sent: from now on it may have happened."""
        self.possible.setdefault(key, {None}).add(value)

    def acknowledge(self, key: str, value: int | None) -> None:
        """Note that a change has happened."""
        self.possible[key] = {value}
        self.acknowledged += 1

    def refuse(self, key: str, value: int | None) -> None:
        """Note that a change has not happened."""
        self.possible[key].discard(value)


@dataclass
class Battle:
    """One organization with its ledger, through all the servers that it outlives."""

    folder: Path
    moment: random.Random
    member: Member | None = None
    ledger: Ledger = field(default_factory=Ledger)
    kills: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)


@contextlib.asynccontextmanager
async def serving(battle: Battle) -> AsyncIterator[ServerProcess]:
    """Start a server on what the last one left, and wait until no move is under way any more."""
    async with process.serving(battle.folder, access_token_ttl="P1D") as server:
        async with server.api() as api:
            if battle.member is None:
                battle.member = await api.sign_up(name="Battle")
                await _settle(api, battle.member)
            await until_calm(api, battle.member)
        await check(battle)
        yield server


async def fight(battle: Battle, server: ServerProcess, goal: StoreStrategy | None, victim: Victim) -> None:
    """Begin a move while writers write, kill something in the middle of it, and let the writers come to their ends.

    `goal` is the strategy to move to, None for a rename.
    """
    stop, first = asyncio.Event(), asyncio.Event()
    writers = [asyncio.create_task(_write(battle, server, stop, first)) for _ in range(WRITERS)]
    moving = None
    try:
        await asyncio.wait_for(first.wait(), process.DEADLINE)
        async with connected(battle.folder) as database:
            moving = asyncio.create_task(_move(battle, server, goal))
            state = battle.moment.choice(STATES)
            reached = await _reach(database, moving, state, battle.moment.uniform(0, _LONGEST_DELAY))
        battle.kills[f"{victim} {reached}"] += 1
        await _kill(server, victim)
        if victim is Victim.DATABASE:
            await _recovered(battle, server)
    finally:
        stop.set()
        await asyncio.gather(*writers, *([] if moving is None else [moving]))


async def check(battle: Battle) -> None:
    """Compare what is there with the ledger, by looking into every place where a document could be."""
    assert battle.member is not None
    async with connected(battle.folder) as database:
        (record,) = await database["organizations"].find().to_list(None)
        moves = await database["migrations"].find().to_list(None)
        assert {move["state"] for move in moves} <= {"CLEANED", "ROLLED_BACK"}
        assert "migration_id" not in record
        assert "access" not in record
        slugs = [slug["_id"] async for slug in database["slugs"].find({"kind": "CURRENT"})]
        assert slugs == [record["slug"]]
        places = {place_of(move[end]["placement"]) for move in moves for end in ("source", "target")}
        here = place_of(record["placement"])
        for place in (places | await listed(database)) - {here}:
            assert await _count(database, place, record["_id"]) == 0, f"left behind in {place}"
        found = await documents(database, here, record["_id"])
    _compare(battle.ledger, found)


def _compare(ledger: Ledger, found: list[tuple[str, int]]) -> None:
    values = dict(found)
    assert len(values) == len(found), "a document is there twice"
    settled = sum(key.startswith("settled") for key in values)
    assert settled == SETTLED, f"{SETTLED - settled} settled documents are lost"
    for key, possible in ledger.possible.items():
        assert values.get(key) in possible, f"{key}: {values.get(key)} is not one of {possible}"
    strangers = {key for key in values if not key.startswith("settled")} - ledger.possible.keys()
    assert not strangers


async def until_calm(api: API, member: Member) -> None:
    """Wait until the organization is active and no move is under way."""

    async def calm() -> bool:
        body = await api.execute(_MIGRATION, {"id": member.organization_id}, token=member.token)
        organization = (body.get("data") or {}).get("organization")
        return organization is not None and organization["migration"] is None and "errors" not in body

    await process.until(calm, "the move is over")


async def _recovered(battle: Battle, server: ServerProcess) -> None:
    assert battle.member is not None
    async with server.api(seconds=10) as api:
        deadline = time.monotonic() + 2 * process.DEADLINE
        while True:
            try:
                return await until_calm(api, battle.member)
            except (httpx.HTTPError, AssertionError):
                assert time.monotonic() < deadline, "The server has not recovered."


async def _settle(api: API, member: Member) -> None:
    for start in range(0, SETTLED, 100):
        documents = [{"type": "settled", "data": {"key": f"settled-{n}", "n": n}} for n in range(start, start + 100)]
        variables = {"i": {"organizationId": member.organization_id, "documents": documents}}
        payload = (await api.data(_CREATE_MANY, variables, token=member.token))["createDocuments"]
        assert payload["errors"] == []


async def _write(battle: Battle, server: ServerProcess, stop: asyncio.Event, first: asyncio.Event) -> None:
    """Make a document, change it twice, and delete every other one, until told to stop or nobody answers any more."""
    async with server.api(seconds=10) as api:
        while not stop.is_set() and server.lives:
            number = next(battle.numbers)
            key = f"document-{number}"
            with contextlib.suppress(_UncertainError):
                document_id = await _change(battle, api, _CREATE, key, 0, stop)
                first.set()
                for value in (1, 2):
                    await _change(battle, api, _UPDATE, key, value, stop, document_id)
                if number % 2:
                    await _change(battle, api, _DELETE, key, None, stop, document_id)


class _UncertainError(Exception):
    """Nobody knows whether a change has happened."""


async def _change(
    battle: Battle,
    api: API,
    mutation: str,
    key: str,
    value: int | None,
    stop: asyncio.Event,
    document_id: str | None = None,
) -> str | None:
    """Send a change until it is acknowledged; return the document's id. Raises `_UncertainError`."""
    member, ledger = battle.member, battle.ledger
    assert member is not None
    given: dict[str, Any] = {"data": {"key": key, "n": value}} if value is not None else {}
    given |= {"id": document_id} if document_id else {"organizationId": member.organization_id, "type": "written"}
    while True:
        ledger.begin(key, value)
        try:
            body = await api.execute(mutation, {"i": given}, token=member.token)
            (payload,) = body["data"].values()
            codes = [error["code"] for error in payload["errors"]]
        except (httpx.HTTPError, KeyError, TypeError, AttributeError, ValueError) as error:
            ledger.uncertain += 1
            await asyncio.sleep(0.05)
            raise _UncertainError from error
        if not codes:
            ledger.acknowledge(key, value)
            return document_id or payload["document"]["id"]
        assert codes == ["ORG_MIGRATING"], codes
        ledger.refuse(key, value)
        if stop.is_set():
            raise _UncertainError
        await asyncio.sleep(0.01)


async def _move(battle: Battle, server: ServerProcess, goal: StoreStrategy | None) -> None:
    """Ask for a move; what becomes of it the check finds out."""
    assert battle.member is not None
    given: dict[str, Any] = {"organizationId": battle.member.organization_id}
    if goal is None:
        mutation, given = _RENAME, {**given, "name": f"Battle {next(battle.numbers)}"}
    else:
        mutation, given = _MOVE, {**given, "strategy": goal.name}
    async with server.api(seconds=20) as api:
        with contextlib.suppress(httpx.HTTPError):
            await api.execute(mutation, {"i": given}, token=battle.member.token)


async def _reach(database: Database, moving: asyncio.Task[None], state: str | None, delay: float) -> str:
    """Wait until the move is in a state, or for a while; return the state in which it was seen last."""
    deadline = time.monotonic() + (delay if state is None else process.DEADLINE)
    seen = "none"
    while time.monotonic() < deadline and not moving.done() and seen != state:
        found = await database["migrations"].find_one({"finished_at": {"$exists": False}}, {"state": True})
        seen = seen if found is None else found["state"]
    return seen


async def _kill(server: ServerProcess, victim: Victim) -> None:
    database_pid = server.database_pid
    if victim is not Victim.DATABASE:
        server.kill()
    if victim is not Victim.SERVER:
        with contextlib.suppress(ProcessLookupError):
            os.kill(database_pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Database]:
    """Connect to the embedded database that runs in a folder."""
    uri = running_uri(folder / "data")
    assert uri is not None
    database = Database(uri, "tenantry")
    try:
        yield database
    finally:
        await database.close()


_Place = tuple[str, str]


def place_of(placement: dict[str, Any]) -> _Place:
    """Return the database and the collection of a stored placement."""
    return placement["database"], placement["collection"]


async def listed(database: Database) -> set[_Place]:
    """Return all places where tenants' documents, or changes of them, could be."""
    names = [name for name in await database.client.list_database_names() if name.startswith("tenantry_")]
    listed = {(name, one) for name in names for one in await database.client[name].list_collection_names()}
    return {place for place in listed if place[1] != "guards"}


async def _count(database: Database, place: _Place, organization_id: str) -> int:
    query = {"_id.org": organization_id} if place == ("tenantry_tenants", "documents") else {}
    return int(await database.client[place[0]][place[1]].count_documents(query))


async def documents(database: Database, place: _Place, organization_id: str) -> list[tuple[str, int]]:
    """Return key and value of each of an organization's documents in a place."""
    query = {"_id.org": organization_id} if place == ("tenantry_tenants", "documents") else {}
    cursor = database.client[place[0]][place[1]].find(query)
    return [(document["data"]["key"], document["data"].get("n", 0)) async for document in cursor]
