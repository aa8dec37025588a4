"""Killing the server while organizations sign up: what was acknowledged is whole, and of the rest there is no half."""

import asyncio
import itertools
import os
import random
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from storage.database import Database
from storage.embedded import running_uri
from tests.api import API
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.storage import directory

_CLIENTS = 4
_LOGINS_AT_ONCE = 16


@dataclass
class Ledger:
    """The sign-ups that clients have sent, by number, and those that the server has acknowledged."""

    numbers: Iterator[int] = field(default_factory=itertools.count)
    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    first_answer: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def unacknowledged(self) -> list[int]:
        """The sign-ups whose clients cannot know what became of them."""
        return sorted(self.sent - self.acknowledged)


@pytest.mark.timeout(180)
async def test_killed_server_leaves_sign_ups_whole_or_not_at_all(used_folder: Path) -> None:
    """After each kill every acknowledged sign-up works, every other one works or can be done again, none is half."""
    seed = secrets.randbelow(1_000_000)
    process.show(f"seed {seed}")
    moment = random.Random(seed)
    ledger = Ledger()
    for kill_database_too in (False, True):
        async with process.serving(used_folder) as server:
            await check(server, ledger)
            ledger.first_answer.clear()
            clients = [asyncio.create_task(sign_up_forever(server, ledger)) for _ in range(_CLIENTS)]
            await ledger.first_answer.wait()
            await asyncio.sleep(moment.uniform(0, 0.6))
            if kill_database_too:
                os.kill(server.database_pid, signal.SIGKILL)
            server.kill()
            await asyncio.gather(*clients)
            process.show(f"{len(ledger.acknowledged)} acknowledged, {len(ledger.unacknowledged)} not")
            assert ledger.unacknowledged
    async with process.serving(used_folder) as server:
        await check(server, ledger)


async def sign_up_forever(server: ServerProcess, ledger: Ledger) -> None:
    """Sign organizations up until the server is gone."""
    async with server.api() as api:
        while True:
            number = next(ledger.numbers)
            ledger.sent.add(number)
            try:
                await sign_up(api, number)
            except httpx.TransportError:
                return
            ledger.acknowledged.add(number)
            ledger.first_answer.set()


async def check(server: ServerProcess, ledger: Ledger) -> None:
    """Check that the database holds nothing half, then every sign-up; those that are absent are done again."""
    uri = running_uri(server.data_dir)
    assert uri is not None
    database = Database(uri, "tenantry")
    try:
        assert not await slugs_in(database) - {slug(number) for number in ledger.sent}
        async with server.api() as api:
            for number in ledger.unacknowledged:
                if (await api.login(email(number)))["errors"]:
                    await sign_up(api, number)
                ledger.acknowledged.add(number)
            assert await slugs_in(database) == {slug(number) for number in ledger.acknowledged}
            numbers = iter(ledger.acknowledged)
            while some := list(itertools.islice(numbers, _LOGINS_AT_ONCE)):
                await asyncio.gather(*(log_in(api, number) for number in some))
    finally:
        await database.close()


async def slugs_in(database: Database) -> set[str]:
    """Return the slugs of all organizations, each of which is whole: active, with slug, owner and store."""
    organizations = {found["_id"]: found async for found in database["organizations"].find()}
    assert {found["status"] for found in organizations.values()} <= {"ACTIVE"}
    assert not [found for found in organizations.values() if "lease" in found]
    slugs = [(found["_id"], found["organization_id"]) async for found in database["slugs"].find()]
    assert sorted(slugs) == sorted((found["slug"], key) for key, found in organizations.items())
    owners = [found["organization_id"] async for found in database["admins"].find()]
    assert sorted(owners) == sorted(organizations)
    stores = [f"_tenants.{found['placement']['collection']}" for found in organizations.values()]
    assert await directory.stores(database) == sorted(stores)
    return {found["slug"] for found in organizations.values()}


async def sign_up(api: API, number: int) -> None:
    """Sign an organization up; it has to succeed if it is answered."""
    member = await api.sign_up(name=f"Organization {number}", slug=slug(number), email=email(number))
    assert member.slug == slug(number)


async def log_in(api: API, number: int) -> None:
    """Sign in as the owner; the organization is there for everyone, and its store for its owner."""
    payload = await api.login(email(number))
    assert payload["errors"] == [], number
    data = await api.data(
        f'{{ organization(slug: "{slug(number)}") {{ status tenantStore {{ collection documentCount }} }} }}',
        token=payload["session"]["accessToken"],
    )
    store = {"collection": f"org_{slug(number).replace('-', '_')}", "documentCount": 0}
    assert data["organization"] == {"status": "ACTIVE", "tenantStore": store}


def slug(number: int) -> str:
    """Return the slug of an organization."""
    return f"organization-{number}"


def email(number: int) -> str:
    """Return the address of its owner."""
    return f"owner-{number}@example.com"
