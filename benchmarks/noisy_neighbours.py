"""Measures what an organization that asks too much does to the point reads of another. Run: `make bench`."""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.synchronize
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import httpx

from benchmarks.figures import percentile
from benchmarks.logins import read
from tests.api import API, Member
from tests.e2e import process

_CONNECTIONS = 32
_RATE_LIMIT = 12_000
_PAUSE_WITHIN = 0.85  # Little less than what the budget is good for, on 32 connections.
_DEFAULT = ("default budget, idle", "beside one that asks all it can")
_SMALL = (f"budget of {_RATE_LIMIT:,}, idle", "beside one within it", "beside one far over it")
_CREATE = "mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { document { id } } }"
_QUERY = "{ viewer { admin { organization { name admins(first: 5) { edges { node { email } } } } } } }"


@dataclass(frozen=True, slots=True)
class Answers:
    """How many answers the noisy organization has got: what it asked for, and refusals."""

    given: "Synchronized[int]"
    refused: "Synchronized[int]"


@dataclass(frozen=True, slots=True)
class Round:
    """The milliseconds of reads, in order, and the answers that the noisy organization got a second meanwhile."""

    reads: list[float]
    given: float = 0.0
    refused: float = 0.0


def request(token: str) -> bytes:
    """Return the question of the noisy organization, as it goes over the network."""
    body = json.dumps({"query": _QUERY}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(
    port: int, question: bytes, pause: float, stop: multiprocessing.synchronize.Event, answers: Answers
) -> None:
    """Ask on one connection until told to stop, with a pause behind each answer, and not in step with others."""
    await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not stop.is_set():
        writer.write(question)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
        status = int(head.split(maxsplit=2)[1])
        assert status in {httpx.codes.OK, httpx.codes.TOO_MANY_REQUESTS}
        count = answers.given if status == httpx.codes.OK else answers.refused
        with count.get_lock():
            count.value += 1
        await asyncio.sleep(pause)
    writer.close()


def run_clients(
    port: int, question: bytes, pause: float, stop: multiprocessing.synchronize.Event, answers: Answers
) -> None:
    """Run the noisy clients, as a process of their own, so that they do not hold the reader up."""

    async def ask_on_all() -> None:
        await asyncio.gather(*(ask(port, question, pause, stop, answers) for _ in range(_CONNECTIONS)))

    asyncio.run(ask_on_all())


@contextmanager
def asking(port: int, token: str, pause: float) -> Iterator[Answers]:
    """Have the noisy organization ask meanwhile."""
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), Answers(context.Value("i", 0), context.Value("i", 0))
    clients = context.Process(target=run_clients, args=(port, request(token), pause, stop, answers))
    clients.start()
    try:
        yield answers
    finally:
        stop.set()
        clients.join()
    assert clients.exitcode == 0


async def document_of(api: API, member: Member) -> str:
    """Make the document that is read."""
    created = {"organizationId": member.organization_id, "type": "note", "data": {"text": "x" * 100}}
    payload = (await api.data(_CREATE, {"input": created}, token=member.token))["createDocument"]
    return str(payload["document"]["id"])


async def beside(api: API, quiet: Member, document: str, answers: Answers, seconds: float) -> Round:
    """Read while the noisy organization asks."""
    given, refused, began = answers.given.value, answers.refused.value, time.perf_counter()
    reads = await read(api, quiet, document, seconds)
    elapsed = time.perf_counter() - began
    return Round(reads, (answers.given.value - given) / elapsed, (answers.refused.value - refused) / elapsed)


async def measure_default(seconds: float) -> list[Round]:
    """Return the rounds with the default budget, which is more than this noisy organization can spend here."""
    async with prepared() as (server, api, quiet, noisy, document):
        rounds = [Round(await read(api, quiet, document, seconds))]
        with asking(server.port, noisy.token, 0) as answers:
            await read(api, quiet, document, 2)
            rounds.append(await beside(api, quiet, document, answers, seconds))
    return rounds


async def measure_small(seconds: float) -> list[Round]:
    """Return the rounds with a small budget: idle, beside one within it, and beside one far over it."""
    async with prepared(rate_limit=str(_RATE_LIMIT)) as (server, api, quiet, noisy, document):
        rounds = [Round(await read(api, quiet, document, seconds))]
        with asking(server.port, noisy.token, _PAUSE_WITHIN) as answers:
            await read(api, quiet, document, 3)
            rounds.append(await beside(api, quiet, document, answers, seconds))
        with asking(server.port, noisy.token, 0) as answers:

            async def is_refused() -> bool:
                return answers.refused.value > _CONNECTIONS

            await process.until(is_refused, "the noisy organization has spent its budget")
            rounds.append(await beside(api, quiet, document, answers, seconds))
    return rounds


@asynccontextmanager
async def prepared(**settings: str) -> AsyncIterator[tuple[process.ServerProcess, API, Member, Member, str]]:
    """Start a server with a quiet organization, a noisy one, and a document of the quiet one that was read."""
    with tempfile.TemporaryDirectory() as folder:
        async with process.serving(Path(folder), **settings) as server, server.api() as api:
            quiet, noisy = await api.sign_up(), await api.sign_up()
            document = await document_of(api, quiet)
            await read(api, quiet, document, 2)
            yield server, api, quiet, noisy, document


def rows(names: Sequence[str], rounds: Sequence[Round]) -> Iterator[str]:
    """Yield the lines of a table about one server, the first round of which is idle."""
    idle = percentile(rounds[0].reads, 0.99)
    for name, one in zip(names, rounds, strict=True):
        p50, p99 = percentile(one.reads, 0.5), percentile(one.reads, 0.99)
        noisy = f"{one.given:,.0f} answers, {one.refused:,.0f} refusals"
        yield f"| {name} ({len(one.reads):,}) | {p50:.1f} ms | {p99:.1f} ms | {p99 / idle:.1f} times | {noisy} |"


def main() -> None:
    """Print the report as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long reads are measured, each time")
    seconds = parser.parse_args().seconds
    lines = [*rows(_DEFAULT, asyncio.run(measure_default(seconds)))]
    lines += rows(_SMALL, asyncio.run(measure_small(seconds)))
    head = (
        "| reads of the quiet one | p50 | p99 | p99, of that idle | a second to the noisy one |\n|---|---|---|---|---|"
    )
    print(head)  # noqa: T201 - a command
    print("\n".join(lines))  # noqa: T201 - as above


if __name__ == "__main__":
    main()
