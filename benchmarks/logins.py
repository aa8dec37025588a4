"""Measures what logins without pause do to the point reads of somebody else. Run: `make bench`."""

import argparse
import asyncio
import multiprocessing
import multiprocessing.synchronize
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import httpx
import pymongo

from auth import keys
from auth.algorithms import Algorithm
from auth.identifiers import AdminId, OrganizationId, SessionId
from auth.keys import KeyRing
from auth.tokens import AccessTokens
from benchmarks.figures import percentile
from schema import ids
from storage.embedded import running_uri
from tests.api import API, Member
from tests.e2e import process

_CLIENTS = 16
_NO_LIMITS = dict.fromkeys(("rate_limit", "anonymous_rate_limit"), "1000000")
_TARGET_RATIO = 3.0
_TARGET_MICROSECONDS = 15.0
_READ = "query ($id: ID!) { node(id: $id) { ... on Document { version data } } }"
_CREATE = "mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { document { id } } }"


async def read(api: API, member: Member, document_id: str, seconds: float) -> list[float]:
    """Read one document again and again; return how many milliseconds each answer took, in order."""

    async def ask() -> None:
        data = await api.data(_READ, {"id": document_id}, token=member.token)
        assert data["node"]["version"] == 1

    return await timed(ask, seconds)


@dataclass(frozen=True, slots=True)
class Round:
    """The milliseconds, in order, of reads, of an answer that takes no database, and of the database's own answer."""

    reads: list[float]
    health: list[float]
    database: list[float]


async def timed(ask: Callable[[], Awaitable[object]], seconds: float) -> list[float]:
    """Ask again and again; return how many milliseconds each answer took, in order."""
    found, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await ask()
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


async def look(server: process.ServerProcess, api: API, member: Member, document_id: str, seconds: float) -> Round:
    """Read a document, and then see what the server alone and the database alone take meanwhile."""
    reads = await read(api, member, document_id, seconds)
    health = await timed(lambda: api.http.get("/healthz"), seconds / 2)
    organization = {"_id": ids.decode_organization(member.organization_id)}
    client: pymongo.AsyncMongoClient[dict[str, Any]]
    async with pymongo.AsyncMongoClient(running_uri(server.data_dir)) as client:
        find = partial(client["tenantry"]["organizations"].find_one, organization)
        await find()
        return Round(reads, health, await timed(find, seconds / 2))


async def log_in_without_pause(
    url: str, emails: list[str], stop: multiprocessing.synchronize.Event, logins: "Synchronized[int]"
) -> None:
    """Have one client for each email log in until it is told to stop; count the logins."""

    async def client(email: str) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
            while not stop.is_set():
                assert (await API(http).login(email))["errors"] == []
                with logins.get_lock():
                    logins.value += 1

    await asyncio.gather(*map(client, emails))


def run_clients(
    url: str, emails: list[str], stop: multiprocessing.synchronize.Event, logins: "Synchronized[int]"
) -> None:
    """Run the clients that log in, as a process of their own, so that they do not hold the reader up."""
    asyncio.run(log_in_without_pause(url, emails, stop, logins))


@contextmanager
def logging_in(url: str, emails: list[str]) -> "Iterator[Synchronized[int]]":
    """Have the clients log in meanwhile."""
    context = multiprocessing.get_context("spawn")
    stop, logins = context.Event(), context.Value("i", 0)
    clients = context.Process(target=run_clients, args=(url, emails, stop, logins))
    clients.start()
    try:
        yield logins
    finally:
        stop.set()
        clients.join()
    assert clients.exitcode == 0


async def measure(seconds: float) -> tuple[Round, Round, float]:
    """Return the rounds without and with logins, and how many logins there were a second."""
    with tempfile.TemporaryDirectory() as folder:
        async with process.serving(Path(folder), **_NO_LIMITS) as server, server.api() as api:
            member = await api.sign_up()
            emails = [(await api.sign_up()).email for _ in range(_CLIENTS)]
            created = {"organizationId": member.organization_id, "type": "note", "data": {"text": "x" * 100}}
            document = (await api.data(_CREATE, {"input": created}, token=member.token))["createDocument"]["document"]
            await read(api, member, document["id"], 2)
            idle = await look(server, api, member, document["id"], seconds)
            with logging_in(server.url, emails) as logins:

                async def all_at_work() -> bool:
                    return logins.value >= _CLIENTS

                await process.until(all_at_work, "the clients log in")
                before, began = logins.value, time.perf_counter()
                beside = await look(server, api, member, document["id"], seconds)
                rate = (logins.value - before) / (time.perf_counter() - began)
    return idle, beside, rate


def warm_verification() -> float:
    """Return the processor time of verifying a token that is remembered, in microseconds: the median of ten runs."""
    ring = KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA)
    tokens = AccessTokens(ring, issuer="tenantry", audience="tenantry", ttl=timedelta(minutes=10))
    token = tokens.issue(AdminId("a" * 24), SessionId("b" * 24), OrganizationId("c" * 24)).value
    found = []
    for _ in range(10):
        began = time.process_time()
        for _ in range(10_000):
            tokens.verify(token)
        found.append((time.process_time() - began) * 100)
    return statistics.median(found)


def main() -> None:
    """Print the report as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long reads are measured, each time")
    idle, beside, rate = asyncio.run(measure(parser.parse_args().seconds))
    ratio, microseconds = percentile(beside.reads, 0.99) / percentile(idle.reads, 0.99), warm_verification()
    kept = ["kept" if holds else "missed" for holds in (ratio < _TARGET_RATIO, microseconds < _TARGET_MICROSECONDS)]
    rows = [
        ("point read, idle", shown(idle.reads), "", ""),
        (f"beside {_CLIENTS} clients that log in, {rate:.0f} logins/s", shown(beside.reads), "", ""),
        ("p99 beside logins, of that idle", f"{ratio:.1f} times", f"{_TARGET_RATIO:.0f} times", kept[0]),
        ("the server alone (`/healthz`), idle", shown(idle.health), "", ""),
        ("the same beside logins", shown(beside.health), "", ""),
        ("the database alone (`find_one`), idle", shown(idle.database), "", ""),
        ("the same beside logins", shown(beside.database), "", ""),
        ("verifying a remembered token", f"{microseconds:.1f} µs", f"{_TARGET_MICROSECONDS:.0f} µs", kept[1]),
    ]
    print("| case | measured | target | |\n|---|---|---|---|")  # noqa: T201 - a command
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))  # noqa: T201 - as above


def shown(ordered: list[float]) -> str:
    """Return what is to be said of the durations of reads."""
    p50, p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {ordered[-1]:.0f} ms ({len(ordered):,})"


if __name__ == "__main__":
    main()
