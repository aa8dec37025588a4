"""Metrics of a server with several workers: each of them tells what all have counted, the dead ones included."""

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.e2e.test_workers import all_workers, answer_of_the_only, paused

_ATTEMPT_SECONDS = 1.5  # Less than a worker may be silent before the server replaces it (5 seconds).
_COUNTED = ("_total", "_count", "_sum", "_bucket")
_QUERIES = ("tenantry_graphql_operations_total", frozenset({("kind", "query"), ("outcome", "ok")}))
_CONNECTIONS = ("tenantry_connections", frozenset({("protocol", "http")}))

Sample = tuple[str, frozenset[tuple[str, str]]]


@process.needs_proc
async def test_workers_count_together(tmp_path: Path, external: dict[str, str]) -> None:
    """Whichever worker is asked has the sum; of one that is killed what it had open goes, and what it counted stays."""
    async with process.serving(tmp_path, workers="2", **external) as server, server.http() as held:
        one, two = await all_workers(server, 2)
        for other in (one, two):
            await answer_of_the_only(server, [other], "{ __typename }")
        await hold(server, held, two)
        of_two, of_one = [await metrics_of(server, [other]) for other in (one, two)]
        assert of_one[_QUERIES] == of_two[_QUERIES] >= 2
        assert pids(of_one) == pids(of_two) == {str(one), str(two)}
        assert of_one[_CONNECTIONS] >= 2
        os.kill(one, signal.SIGKILL)

        async def replaced() -> bool:
            return one not in server.workers() and len(server.workers()) == 2

        await process.until(replaced, "there is another worker")
        left = await metrics_of(server, [pid for pid in server.workers() if pid != two])
        assert {sample for sample, value in of_one.items() if is_count(sample) and left.get(sample, 0) < value} == set()
        assert left[_QUERIES] == of_one[_QUERIES]
        assert str(one) not in pids(left)

        async def closed() -> bool:
            return (await metrics_of(server, []))[_CONNECTIONS] == 1

        await process.until(closed, "nothing is open but the connection of who asks")


async def hold(server: ServerProcess, http: httpx.AsyncClient, other: int) -> None:
    """Have a client keep a connection to the worker that is left when another is paused."""

    async def connected() -> bool:
        with contextlib.suppress(httpx.TransportError), paused([other]):
            return (await http.get("/healthz", timeout=_ATTEMPT_SECONDS)).status_code == httpx.codes.OK
        return False

    await process.until(connected, f"{server.url} answers")


async def metrics_of(server: ServerProcess, others: Sequence[int]) -> Mapping[Sample, float]:
    """Return what the worker tells that is left when others are paused; it may still be loading."""
    texts: list[str] = []

    async def told() -> bool:
        with contextlib.suppress(httpx.TransportError), paused(others):
            async with server.http(fresh_connections=True, seconds=_ATTEMPT_SECONDS) as http:
                texts.append((await http.get("/metrics")).text)
        return bool(texts)

    await process.until(told, "the worker tells its metrics")
    families = text_string_to_metric_families(texts[0])
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def is_count(sample: Sample) -> bool:
    """Tell whether a sample counts what has happened, in all processes."""
    name, labels = sample
    return name.endswith(_COUNTED) and not any(label == "pid" for label, _ in labels)


def pids(found: Mapping[Sample, float]) -> set[str]:
    """Return the process ids that are told of."""
    return {value for _, labels in found for label, value in labels if label == "pid"}
