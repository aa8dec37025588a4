"""A random history of many clients over many organizations, with kills, checked against what clients were told."""

import asyncio
import contextlib
import itertools
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth.identifiers import OrganizationId
from schema import ids
from storage.database import Database
from storage.placements import StoreStrategy
from tests.api import API, Member
from tests.e2e import fire, process
from tests.e2e.process import ServerProcess

CLIENTS, ORGANIZATIONS = 8, 20
NAMES = [f"Name {number}" for number in range(24)]
SECONDS = 5.0
_REFUSALS = {"ORG_MIGRATING", "ORG_DELETED", "SLUG_TAKEN", "CONFLICT", "NOT_FOUND"}

_CREATE = "mutation ($i: CreateDocumentInput!) { createDocument(input: $i) { document { id } errors { code } } }"
_DELETE = "mutation ($i: DeleteDocumentInput!) { deleteDocument(input: $i) { errors { code } } }"
_RENAME = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { organization { slug } errors { code } } }"
_MOVE = "mutation ($i: MoveTenantStoreInput!) { moveTenantStore(input: $i) { errors { code } } }"
_DELETE_ORG = "mutation ($i: DeleteOrgInput!) { deleteOrg(input: $i) { organization { status } errors { code } } }"
_SLUG = "query ($id: ID!) { organization(id: $id) { slug } }"


class UnansweredError(Exception):
    """Nobody knows whether it has happened."""


@dataclass
class Model:
    """What one organization may be: its documents by key, None where a document's absence is possible."""

    member: Member
    documents: dict[str, set[bool]] = field(default_factory=dict)
    document_ids: dict[str, str] = field(default_factory=dict)
    deleted: set[bool] = field(default_factory=lambda: {False})


@dataclass
class World:
    """All that clients know."""

    choose: random.Random
    models: list[Model] = field(default_factory=list)
    signed_up: int = 0
    numbers: Iterator[int] = field(default_factory=itertools.count)
    done: Counter[str] = field(default_factory=Counter)


@pytest.mark.timeout(240)
async def test_history_agrees_with_what_clients_were_told(used_folder: Path) -> None:
    """Nothing lands with another tenant, nothing acknowledged is lost, nothing deleted comes back."""
    seed = secrets.randbelow(1_000_000)
    process.show(f"seed {seed}")
    world = World(random.Random(seed))
    for _ in range(3):
        async with process.serving(used_folder, access_token_ttl="P1D") as server:
            await _calm(used_folder)
            await check(world, used_folder)
            clients = [asyncio.create_task(client(world, server)) for _ in range(CLIENTS)]
            await asyncio.sleep(world.choose.uniform(SECONDS / 2, SECONDS))
            server.kill()
            await asyncio.gather(*clients)
    async with process.serving(used_folder, access_token_ttl="P1D"):
        await _calm(used_folder)
        await check(world, used_folder)
    process.show(f"{world.done}")
    assert {"sign_up", "write", "rename", "move"} <= set(world.done)


async def client(world: World, server: ServerProcess) -> None:
    """Do one thing after the other until the server is gone."""
    operations: list[Callable[[World, API, Model], Awaitable[None]]] = [write, write, write, unwrite, rename, move]
    async with server.api(seconds=10) as api:
        while server.lives:
            with contextlib.suppress(UnansweredError):
                if (world.signed_up < ORGANIZATIONS and world.choose.random() < 0.3) or not world.models:
                    await sign_up(world, api)
                    continue
                model = world.choose.choice(world.models)
                if world.choose.random() < 0.03:
                    await delete(world, api, model)
                elif model.deleted == {False}:
                    await world.choose.choice(operations)(world, api, model)


async def sign_up(world: World, api: API) -> None:
    """Sign an organization up under a name that others may want at the same instant."""
    world.signed_up += 1
    try:
        payload = await api.create_org(name=world.choose.choice(NAMES))
    except (httpx.HTTPError, AssertionError, ValueError) as error:
        raise UnansweredError from error
    if payload["errors"]:
        world.signed_up -= 1
        assert {error["code"] for error in payload["errors"]} <= {"SLUG_TAKEN", "CONFLICT"}, payload
        return
    organization, session = payload["organization"], payload["session"]
    member = Member(organization["id"], organization["slug"], "", "", "", session["accessToken"], "")
    world.models.append(Model(member))
    world.done["sign_up"] += 1


async def write(world: World, api: API, model: Model) -> None:
    """Make a document that names its organization."""
    key = f"{model.member.organization_id}/{next(world.numbers)}"
    given = {"organizationId": model.member.organization_id, "type": "note", "data": {"key": key}}
    model.documents[key] = {True, False}
    payload = await _send(world, api, model, "write", _CREATE, given)
    model.documents[key] = {payload is not None}
    if payload is not None:
        model.document_ids[key] = payload["document"]["id"]


async def unwrite(world: World, api: API, model: Model) -> None:
    """Delete a document that was acknowledged."""
    known = [key for key in model.document_ids if model.documents[key] == {True}]
    if not known:
        return
    key = world.choose.choice(known)
    model.documents[key] = {True, False}
    payload = await _send(world, api, model, "unwrite", _DELETE, {"id": model.document_ids[key]})
    model.documents[key] = {payload is None}


async def rename(world: World, api: API, model: Model) -> None:
    """Rename onto a name that others may have or want."""
    given = {"organizationId": model.member.organization_id, "name": world.choose.choice(NAMES)}
    await _send(world, api, model, "rename", _RENAME, given)


async def move(world: World, api: API, model: Model) -> None:
    """Keep the documents in another way."""
    goal = world.choose.choice(list(StoreStrategy)).name
    await _send(world, api, model, "move", _MOVE, {"organizationId": model.member.organization_id, "strategy": goal})


async def delete(world: World, api: API, model: Model) -> None:
    """Delete the organization, whatever others do with it."""
    try:
        body = await api.execute(_SLUG, {"id": model.member.organization_id}, token=model.member.token)
        slug = body["data"]["organization"]["slug"]
    except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        raise UnansweredError from error
    model.deleted = {True, *model.deleted}
    given = {"organizationId": model.member.organization_id, "confirmSlug": slug}
    payload = await _send(world, api, model, "delete", _DELETE_ORG, given)
    if payload is not None:
        model.deleted = {True}


async def _send(
    world: World, api: API, model: Model, what: str, mutation: str, given: dict[str, Any]
) -> dict[str, Any] | None:
    """Send a mutation; return its payload, or None if it was refused. Raises `UnansweredError`."""
    try:
        body = await api.execute(mutation, {"i": given}, token=model.member.token)
    except (httpx.HTTPError, ValueError) as error:
        raise UnansweredError from error
    codes = {error["extensions"]["code"] for error in body.get("errors", [])}
    if codes & {"UNAVAILABLE", "INTERNAL"}:
        assert "INTERNAL" not in codes, body
        raise UnansweredError
    if codes:
        assert codes <= {"UNAUTHENTICATED", "FORBIDDEN"}, body
        assert True in model.deleted, body
        return None
    (payload,) = body["data"].values()
    refusals = {error["code"] for error in payload["errors"]}
    if refusals:
        assert refusals <= _REFUSALS | {"INVALID"}, payload
        return None
    world.done[what] += 1
    result: dict[str, Any] = payload
    return result


async def check(world: World, folder: Path) -> None:
    """Compare every collection that there is with what clients were told."""
    async with fire.connected(folder) as database:
        records = {record["_id"]: record async for record in database["organizations"].find()}
        slugs = Counter([record["slug"] for record in records.values() if record["status"] != "DELETED"])
        assert set(slugs.values()) <= {1}, "two organizations have one slug"
        stores = {key: await _keys(database, record) for key, record in records.items()}
        for model in world.models:
            key = OrganizationId(ids.decode_organization(model.member.organization_id))
            _compare(model, records[key], stores[key])
        expected = {fire.place_of(record["placement"]) for record in records.values() if record["placement"]}
        for place in await fire.listed(database) - expected:
            assert await database.client[place[0]][place[1]].count_documents({}) == 0, f"left behind in {place}"


def _compare(model: Model, record: dict[str, Any], keys: list[str]) -> None:
    assert (record["status"] == "DELETED") in model.deleted, record
    assert all(key.startswith(f"{model.member.organization_id}/") for key in keys), "another tenant's document"
    assert len(set(keys)) == len(keys), "a document is there twice"
    if record["status"] == "DELETED":
        assert not keys
        return
    for key, possible in model.documents.items():
        assert (key in keys) in possible, f"{key} is {'' if key in keys else 'not '}there"


async def _keys(database: Database, record: dict[str, Any]) -> list[str]:
    if record["placement"] is None:
        return []
    place = fire.place_of(record["placement"])
    return [key for key, _ in await fire.documents(database, place, record["_id"])]


async def _calm(folder: Path) -> None:
    async with fire.connected(folder) as database:

        async def calm() -> bool:
            leased = {"lease": {"$exists": True}}
            return not any([await database[name].find_one(leased) for name in ("migrations", "organizations")])

        await process.until(calm, "nothing is unfinished")
