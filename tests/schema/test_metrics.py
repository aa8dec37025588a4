"""`/metrics`: what is counted, by labels that nobody else chooses, for those who may read it."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError
from pymongo.errors import OperationFailure
from starlette.types import ASGIApp

import server
from resolvers import login_defence
from resolvers.services import Services
from schema.metric_files import MetricFiles
from server import Environment, Settings
from storage.database import Database
from storage.throttles import Rule
from tests import live
from tests.api import API, LOGIN, PASSWORD, Member, started
from tests.e2e import process
from tests.websocket import connected

_TOKEN = "metrics-canary-" + "5" * 32
_CANARY = "canary8c1d"
_OPERATIONS = "tenantry_graphql_operations_total"
_EVENTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { seq } }"
_PAGE = "{ viewer { admin { organization { admins(first: 50) { edges { node { id } } } } } } }"
_RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
_PRODUCTION: dict[str, Any] = {
    "environment": Environment.PRODUCTION,
    **{name: SecretStr(value) if "keys" in name else value for name, value in process.production_keys().items()},
}

Sample = tuple[str, frozenset[str]]


async def read(api: API) -> dict[Sample, float]:
    """Return all samples, by their names and the values of their labels."""
    answer = await api.http.get("/metrics")
    assert answer.status_code == httpx.codes.OK
    families = list(text_string_to_metric_families(answer.text))
    return {(one.name, frozenset(one.labels.values())): one.value for family in families for one in family.samples}


class Watch:
    """What has been added to each sample since the beginning."""

    def __init__(self, api: API) -> None:
        self._api = api
        self._before: dict[Sample, float] = {}

    async def begin(self) -> "Watch":
        """Begin to watch."""
        self._before = await read(self._api)
        return self

    async def added(self, name: str, *labels: str) -> float:
        """Return how much was added to a sample."""
        sample = (name, frozenset(labels))
        return (await read(self._api)).get(sample, 0) - self._before.get(sample, 0)


async def rename(api: API, member: Member, name: str) -> list[str]:
    """Rename an organization; return the codes of what was wrong with that."""
    variables = {"input": {"organizationId": member.organization_id, "name": name}}
    payload = (await api.data(_RENAME, variables, token=member.token))["renameOrg"]
    return [error["code"] for error in payload["errors"]]


@pytest.fixture
async def watch(api: API) -> Watch:
    """What the test adds."""
    return await Watch(api).begin()


async def test_requests_are_counted_by_route(api: API, watch: Watch) -> None:
    """By method, route and class of status; names that only the client knows are one label value."""
    await api.http.get("/healthz")
    await api.http.get("/organizations/nobody/export")
    for path in ("/a", "/b", f"/{_CANARY}"):
        await api.http.request(f"X{_CANARY}", path)
    assert await watch.added("tenantry_http_requests_total", "GET", "/healthz", "2xx") == 1
    assert await watch.added("tenantry_http_requests_total", "GET", "/organizations/{organization}/export", "4xx") == 1
    assert await watch.added("tenantry_http_requests_total", "other", "4xx") == 3
    assert await watch.added("tenantry_http_request_duration_seconds_count", "/healthz") == 1


async def test_operations_are_counted_by_kind_and_outcome(api: API, watch: Watch, member: Member) -> None:
    """Over HTTP, whatever becomes of them, by the gravest code; what is refused unread is of an unknown kind."""
    await api.data("{ viewer { permissions } }")
    await api.execute("{ viewer { admin { id } } nothing }")
    await api.execute("{ organizations { edges { cursor } } }", token=member.token)
    await api.execute(f"{{ {_CANARY} ")
    await api.http.post("/graphql", content="{", headers={"Content-Type": "application/json"})
    assert await watch.added(_OPERATIONS, "query", "ok") == 1
    assert await watch.added(_OPERATIONS, "query", "FORBIDDEN") == 1
    assert await watch.added(_OPERATIONS, "unknown", "BAD_REQUEST") == 3
    assert await watch.added(_OPERATIONS, "mutation", "ok") == 1


async def test_operations_of_sockets_and_streams_are_counted(
    app: ASGIApp, api: API, watch: Watch, member: Member, services: Services
) -> None:
    """A subscription counts as running while it runs, and as an operation when it has ended."""
    async with connected(app, token=member.token) as socket:
        await live.follow(socket, services, "1", _EVENTS, member.organization_id)
        assert await watch.added("tenantry_subscriptions") == 1
        socket.subscribe("2", "{ viewer { permissions } }")
        assert await socket.all("2") != []
        assert await watch.added(_OPERATIONS, "query", "ok") == 1
    await api.http.post("/graphql", json={"query": _RENAME}, headers={"Accept": "text/event-stream"})
    assert await watch.added("tenantry_subscriptions") == 0
    assert await watch.added(_OPERATIONS, "subscription", "ok") == 1
    assert await watch.added(_OPERATIONS, "mutation", "BAD_REQUEST") == 1


async def test_logins_are_counted(api: API, watch: Watch, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that succeed, that fail, and that come too early."""
    hour = timedelta(hours=1)
    monkeypatch.setattr(login_defence, "_OF_PAIR", Rule(free=1, first=hour, longest=hour))
    await api.login(member.email)
    await api.login(member.email, "something else entirely")
    await api.execute(LOGIN, {"input": {"email": member.email, "password": PASSWORD}})
    assert await watch.added("tenantry_login_attempts_total", "ok") == 1
    assert await watch.added("tenantry_login_attempts_total", "failed") == 1
    assert await watch.added("tenantry_login_attempts_total", "deferred") == 1
    assert await watch.added(_OPERATIONS, "mutation", "RATE_LIMITED") == 1


@pytest.mark.parametrize("changed_settings", [{"rate_limit": 300}])
async def test_cost_is_counted_by_who_pays(api: API, watch: Watch, member: Member) -> None:
    """What is granted and not given back is what was paid; what is refused is not."""

    async def paid(payer: str) -> float:
        name = "tenantry_cost_units_total"
        return await watch.added(name, payer, "granted") - await watch.added(name, payer, "given_back")

    assert await paid("network") >= 50
    cost = (await api.http.post("/graphql", json={"query": _PAGE}, headers=bearer(member.token))).json()["extensions"]
    assert await paid("payer") == cost["cost"]["actual"]
    while (await api.http.post("/graphql", json={"query": _PAGE}, headers=bearer(member.token))).status_code == 200:
        pass
    refused = await watch.added("tenantry_cost_units_total", "payer", "refused")
    assert refused > 0


async def test_moves_are_counted(api: API, watch: Watch, member: Member) -> None:
    """Those that are finished; none is under way then."""
    assert await rename(api, member, "Beta") == []
    assert await watch.added("tenantry_moves_total", "finished") == 1
    assert await watch.added("tenantry_moves_total", "rolled_back") == 0
    assert await watch.added("tenantry_moves_under_way") == 0


async def test_moves_that_are_undone_are_counted(api: API, watch: Watch, member: Member, database: Database) -> None:
    """One that meets a collection which holds documents is counted as rolled back."""
    await database.client[f"{database.name}_tenants"]["org_beta"].insert_one({"_id": 1})
    assert await rename(api, member, "Beta") == ["CONFLICT"]
    assert await watch.added("tenantry_moves_total", "rolled_back") == 1
    assert await watch.added("tenantry_moves_under_way") == 0


async def test_the_database_is_watched(api: API, watch: Watch, database: Database) -> None:
    """Each command is timed by its name, and failures are counted."""
    await api.http.get("/readyz")
    assert await watch.added("tenantry_database_command_duration_seconds_count", "ping") == 1
    with pytest.raises(OperationFailure):
        await database.client.admin.command("nothing")
    assert await watch.added("tenantry_database_command_failures_total", "nothing") == 1


@process.needs_proc
async def test_the_process_is_watched(api: API) -> None:
    """Memory, processor time and open files, by process id."""
    found, own = await read(api), frozenset({str(os.getpid())})
    for name in ("resident_memory_bytes", "cpu_seconds_total", "open_fds"):
        assert found[f"tenantry_process_{name}", own] > 0


@pytest.mark.parametrize("changed_settings", [{"max_requests_at_once": 1}])
async def test_overload_is_counted(api: API, watch: Watch) -> None:
    """What is refused since too much is executed, and nothing is under way afterwards."""
    query = {"query": "{ viewer { permissions } }"}
    answers = await asyncio.gather(*(api.http.post("/graphql", json=query) for _ in range(8)))
    refused = sum(answer.status_code == httpx.codes.SERVICE_UNAVAILABLE for answer in answers)
    assert await watch.added("tenantry_overload_refusals_total", "request") == refused > 0
    assert await watch.added("tenantry_graphql_requests_in_progress") == 0
    assert await watch.added(_OPERATIONS, "unknown", "UNAVAILABLE") == refused


async def test_nothing_of_clients_is_in_the_metrics(api: API, watch: Watch) -> None:
    """Neither names, nor addresses, nor ids, nor what is in headers, paths and documents."""
    member = await api.sign_up(name=_CANARY, email=f"{_CANARY}@example.com")
    await api.http.get(f"/organizations/{member.organization_id}/export", headers=bearer(member.token))
    await api.http.get(f"/{_CANARY}", headers={"X-Request-ID": _CANARY, "User-Agent": _CANARY})
    named = {"query": f"query {_CANARY} {{ viewer {{ permissions }} }}", "operationName": _CANARY}
    assert (await api.http.post("/graphql", json=named)).status_code == httpx.codes.OK
    text = (await api.http.get("/metrics")).text
    assert await watch.added(_OPERATIONS, "query", "ok") == 1
    for private in (_CANARY, member.organization_id, member.slug, member.admin_id, "127.0.0.1"):
        assert private not in text


@process.needs_proc
async def test_names_are_described(unchanged_api: API) -> None:
    """Each metric is in the operations manual, and the manual has no other."""
    told = re.findall(r"^# TYPE (\w+)", (await unchanged_api.http.get("/metrics")).text, re.MULTILINE)
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    section = manual.partition("## Metrics\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(tenantry_\w+)`", section, re.MULTILINE)) == sorted(told)


@pytest.fixture
async def guarded(settings: Settings, database: Database) -> AsyncIterator[API]:  # noqa: ARG001 - it has to be prepared
    """A client of a server in production."""
    async with started(server.create_app(settings)) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as http:
            yield API(http)


@pytest.mark.parametrize("changed_settings", [_PRODUCTION | {"metrics_token": SecretStr(_TOKEN)}])
async def test_production_wants_the_token(guarded: API) -> None:
    """Whoever has it reads the metrics; all others are refused alike."""
    assert (await guarded.http.get("/metrics", headers=bearer(_TOKEN))).status_code == httpx.codes.OK
    for headers in ({}, bearer(_TOKEN[:-1]), bearer(f"{_TOKEN}x"), {"Authorization": f"Basic {_TOKEN}"}, bearer("é")):
        refused = await guarded.http.get(
            "/metrics", headers=[(name.encode(), value.encode()) for name, value in headers.items()]
        )
        assert refused.status_code == httpx.codes.UNAUTHORIZED
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "tenantry_" not in refused.text


@pytest.mark.parametrize("changed_settings", [_PRODUCTION])
async def test_production_without_a_token_has_no_metrics(guarded: API) -> None:
    """It looks like any other path that does not exist."""
    for path in ("/metrics", "/nothing"):
        answer = await guarded.http.get(path, headers=bearer(_TOKEN))
        assert answer.status_code == httpx.codes.NOT_FOUND
        assert answer.json()["errors"][0]["message"] == "Not Found"


@pytest.mark.parametrize("given", ["short-canary", "ü" * 40])
def test_a_weak_token_is_refused(settings: Settings, given: str) -> None:
    """One that could be guessed, or that no header can hold; what it was is not said."""
    with pytest.raises(ValidationError) as refused:
        Settings(**settings.model_dump() | {"metrics_token": given})
    (error,) = refused.value.errors(include_input=False)
    assert error["loc"] == ("metrics_token",)
    assert given not in error["msg"]


def test_only_what_is_open_of_a_dead_worker_is_forgotten(tmp_path: Path) -> None:
    """A worker lives while it holds its lock; what a dead one has counted stays."""
    files = MetricFiles(tmp_path)
    for name in ("counter_77.db", "gauge_livesum_77.db", "histogram_77.db", f"gauge_livesum_{os.getpid()}.db"):
        (tmp_path / name).touch()
    (tmp_path / "77.lock").touch()
    assert files.living() == [os.getpid()]
    assert {path.name for path in tmp_path.glob("*.db")} == {
        "counter_77.db",
        "histogram_77.db",
        f"gauge_livesum_{os.getpid()}.db",
    }
    assert files.living() == [os.getpid()]


def bearer(token: str) -> dict[str, str]:
    """Return the header field that a token stands in."""
    return {"Authorization": f"Bearer {token}"}
