"""The route `/metrics`: what all workers of this server have counted, in the text format of Prometheus."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import prometheus_client
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from schema import bearer, problems
from schema.metric_files import FOLDER, MetricFiles
from schema.metric_settings import MetricSettings
from schema.problems import ProblemError
from storage.metrics import REGISTRY


def routes(settings: MetricSettings, environment: Mapping[str, str], *, guarded: bool) -> list[BaseRoute]:
    """Return the route, or none if it is guarded and there is no token that opens it."""
    if guarded and settings.metrics_token is None:
        return []
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # as it is published
    exposition = _Exposition(environment.get(FOLDER))
    if not guarded or settings.metrics_token is None:
        return [Route("/metrics", exposition.answer)]
    return [Route("/metrics", _Guard(settings.metrics_token.get_secret_value(), exposition).answer)]


class _Exposition:
    """All metrics: this process's own, or in a folder those of all workers."""

    def __init__(self, folder: str | None) -> None:
        self._registry = CollectorRegistry()
        if folder is None:
            self._registry.register(REGISTRY)
            self._registry.register(_Processes(lambda: [os.getpid()]))
        else:
            self._registry.register(_Processes(MetricFiles(Path(folder)).living))
            MultiProcessCollector(self._registry, folder)  # type: ignore[no-untyped-call] # as it is published

    async def answer(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """Answer with all of them; reading the files of many workers takes a while."""
        text = await asyncio.to_thread(prometheus_client.generate_latest, self._registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Guard:
    """Lets those pass who have the token."""

    def __init__(self, token: str, exposition: _Exposition) -> None:
        self._token = token.encode()
        self._exposition = exposition

    async def answer(self, request: Request) -> Response:
        """Answer, or refuse."""
        given = bearer.token(request.headers.get("authorization")) or ""
        if secrets.compare_digest(given.encode(), self._token):
            return await self._exposition.answer(request)
        problem = ProblemError(401, "Metrics are for those who have the token.", {"WWW-Authenticate": "Bearer"})
        return problems.response(request, problem)


class _Processes(Collector):
    """Memory, processor time and open files of each process, from `/proc`: elsewhere than on Linux there are none."""

    def __init__(self, living: Callable[[], Iterable[int]]) -> None:
        self._living = living

    def collect(self) -> Iterable[Metric]:
        """Return what is known of the processes that live."""
        found: dict[str, Metric] = {}
        for pid in self._living():
            for metric in ProcessCollector("tenantry", pid=partial(int, pid), registry=None).collect():
                family = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    family.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        return found.values()
