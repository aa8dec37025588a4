"""What operations cost, and what happens when an organization, or a stranger, has spent what it may."""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from schema import ids
from storage.database import Database, now
from storage.rate_budgets import DatabaseBudgets
from tests.api import API, Member
from tests.websocket import connected

PAGE = "query ($n: Int) { viewer { admin { organization { admins(first: $n) { edges { node { id } } } } } } }"
STANDING = "{ viewer { admin { organization { rateLimit { limit remaining restoreRate resetsAt } } } } }"
SMALL = {"rate_limit": 300, "anonymous_rate_limit": 200}
_STANDING = re.compile(r'"cost";r=(\d+);t=(\d+)')


async def send(
    api: API, query: str, variables: dict[str, Any] | None = None, token: str | None = None
) -> httpx.Response:
    """Send an operation and return the response as it is."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return await api.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


async def exhaust(api: API, token: str | None, query: str = "{ viewer { permissions } }") -> httpx.Response:
    """Ask until there is no more; return the refusal."""
    for _ in range(500):
        response = await send(api, query, token=token)
        if response.status_code != httpx.codes.OK:
            return response
    raise AssertionError("The budget has no end.")


async def standing(api: API, member: Member) -> dict[str, Any]:
    """Return how the member's organization says that its budget stands."""
    found = await api.data(STANDING, token=member.token)
    return dict(found["viewer"]["admin"]["organization"]["rateLimit"])


async def test_cost_is_told(api: API, member: Member) -> None:
    """What was asked for and what there was; what is left, and how fast it comes back."""
    response = await send(api, PAGE, {"n": 50}, member.token)
    cost = response.json()["extensions"]["cost"]
    assert cost == {"requested": 54, "actual": 5, "limit": 60_000, "remaining": 59_995, "restoreRate": 1000}
    assert response.headers["ratelimit-policy"] == '"cost";q=60000;w=60'
    standing = _STANDING.fullmatch(response.headers["ratelimit"])
    assert standing is not None
    assert (int(standing[1]), int(standing[2])) == (59_995, 1)


async def test_organization_says_what_is_left(api: API, member: Member, database: Database) -> None:
    """To its members, also of what other servers have spent, and when it has all again; asking costs hardly any."""
    begun = now()
    first = await standing(api, member)
    assert (first["limit"], first["restoreRate"]) == (60_000, 1000.0)
    assert first["remaining"] >= 59_000
    stored, key = DatabaseBudgets(database), f"payer:{ids.decode_organization(member.organization_id)}"
    for left in (40_000, 20_000):
        await stored.take(key, 60_000, least=20_000, most=20_000)
        asked_at = now()
        found = await standing(api, member)
        elapsed = (now() - begun).total_seconds()
        assert left - 1_000 <= found["remaining"] <= left + elapsed * 1_000
        full_at = asked_at + timedelta(seconds=(60_000 - found["remaining"]) / 1_000)
        assert full_at <= datetime.fromisoformat(found["resetsAt"]) <= full_at + timedelta(seconds=elapsed)


@pytest.mark.parametrize("changed_settings", [SMALL])
async def test_who_has_spent_all_is_told_when_to_come_again(api: API, member: Member) -> None:
    """With 429, in the header and in the error; nobody else notices."""
    other = await api.sign_up()
    refused = await exhaust(api, member.token)
    assert refused.status_code == 429
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("RATE_LIMITED", True)
    assert int(refused.headers["retry-after"]) == error["extensions"]["retryAfter"] >= 1
    assert "data" not in refused.json()
    assert (await send(api, "{ viewer { permissions } }", token=other.token)).status_code == 200


@pytest.mark.parametrize("changed_settings", [SMALL])
async def test_members_spend_one_budget(api: API, member: Member) -> None:
    """Another session of the organization has nothing left, either; a document that costs more is refused before."""
    second = (await api.login(member.email))["session"]["accessToken"]
    assert (await exhaust(api, member.token)).status_code == 429
    assert (await send(api, PAGE, {"n": 100}, second)).status_code == 429


@pytest.mark.parametrize("changed_settings", [SMALL])
async def test_strangers_pay_by_their_address(app: ASGIApp, api: API, member: Member) -> None:
    """One address is exhausted: another is not, and neither are members at the first. A forged header moves nothing."""
    assert (await exhaust(api, None)).status_code == 429
    forged = {"x-forwarded-for": "198.51.100.1", "forwarded": "for=198.51.100.1"}
    body = {"query": PAGE, "variables": {"n": 100}}
    assert (await api.http.post("/graphql", json=body, headers=forged)).status_code == 429
    assert (await send(api, PAGE, {"n": 100}, member.token)).status_code == 200
    transport = httpx.ASGITransport(app, client=("198.51.100.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as elsewhere:
        assert (await send(API(elsewhere), PAGE, {"n": 100})).status_code == 200


@pytest.mark.parametrize("changed_settings", [SMALL])
@pytest.mark.parametrize("query", ["{ nothing }", "{", "{ " + " ".join(f"a{n}: __typename" for n in range(50)) + " }"])
async def test_refused_documents_are_paid_for(api: API, query: str) -> None:
    """Whoever sends nonsense has to stop at some time."""
    for _ in range(20):
        response = await send(api, query)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return
    raise AssertionError("Nonsense is free.")


@pytest.mark.parametrize("changed_settings", [SMALL])
async def test_websocket_operations_count_too(app: ASGIApp, api: API, member: Member) -> None:
    """They are of the same budget; the connection stays."""
    assert (await exhaust(api, member.token)).status_code == 429
    async with connected(app, member.token) as socket:
        socket.subscribe("1", PAGE, n=100)
        assert await socket.error_code("1") == "RATE_LIMITED"
        progress = "subscription ($id: ID!) { migrationProgress(organizationId: $id) { state } }"
        for number in range(20):
            socket.subscribe(str(number), progress, id=member.organization_id)
        assert (await socket.receive())["type"] == "error"


@pytest.mark.parametrize("changed_settings", [SMALL])
async def test_mutation_that_cannot_be_paid_changes_nothing(api: API, member: Member) -> None:
    """It is refused before it runs."""
    rename = "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { errors { code } } }"
    await exhaust(api, member.token)
    variables = {"i": {"organizationId": member.organization_id, "name": "Elsewhere"}}
    assert (await send(api, rename, variables, member.token)).status_code == 429
    found = await api.data("query ($s: String) { organization(slug: $s) { name } }", {"s": member.slug})
    assert found["organization"]["name"] == member.name
