"""Guessing passwords through the interface that clients see: it becomes slow, for the guesser and nobody else."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

import server
from resolvers import login_defence
from resolvers.services import Services
from server import Settings
from storage import throttles
from storage.database import Database, now
from storage.throttles import Rule
from tests.api import API, LOGIN, PASSWORD, Member, started
from tests.commands import Commands, watched
from tests.schema.test_idempotency import KEY, NEWCOMER, text

Client = Callable[[str | None], API]
UPDATE = "mutation ($input: UpdateAdminInput!) { updateAdmin(input: $input) { errors { code } } }"
WRONG = "not the password"
LIMITS = [f"max_document_{measure}" for measure in ("tokens", "aliases", "root_fields", "repeats", "cost")]


@pytest.fixture(autouse=True)
def _slow_machines_count_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have waits last for longer than any test."""
    for name in ("_OF_PAIR", "_OF_NETWORK"):
        rule: Rule = getattr(login_defence, name)
        longer = Rule(free=rule.free, first=timedelta(minutes=10), longest=timedelta(minutes=20))
        monkeypatch.setattr(login_defence, name, longer)


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[Client]:
    """Makes clients of the application with network addresses."""
    async with AsyncExitStack() as stack:
        clients = {}

        def make(address: str | None) -> API:
            there = None if address is None else (address, 1)
            transport = httpx.ASGITransport(app, client=there)  # type: ignore[arg-type] # ASGI knows no client, too
            clients[address] = httpx.AsyncClient(transport=transport, base_url="http://tenantry.test")
            stack.push_async_callback(clients[address].aclose)
            return API(clients[address])

        yield make


async def outcome(api: API, email: str, password: str = WRONG) -> str:
    """Try to log in; return the code of what came of it, or an empty text."""
    body = await api.execute(LOGIN, {"input": {"email": email, "password": password}})
    if "errors" in body:
        (error,) = body["errors"]
        code: str = error["extensions"]["code"]
        assert code != "RATE_LIMITED" or (error["extensions"]["retryable"] and error["extensions"]["retryAfter"] >= 1)
        return code
    errors = body["data"]["login"]["errors"]
    return str(errors[0]["code"]) if errors else ""


async def outcomes(api: API, emails: list[str]) -> dict[str, int]:
    """Try to log in to all of these at once, with a wrong password; return how often what came of it."""
    found = await asyncio.gather(*(outcome(api, email) for email in emails))
    return {code: found.count(code) for code in sorted(set(found))}


async def failed_logins(services: Services, database: Database) -> int:
    """Have incidents recorded; return how many failed logins the trails tell of."""
    await services.incidents.close()
    events = await database["audit_events"].find({"action": "session:login_failed"}).to_list(None)
    return sum(event["details"]["count"] for event in events)


async def test_parallel_guesses_from_one_address_are_refused_beyond_five(
    client: Client, services: Services, database: Database, member: Member
) -> None:
    """Exactly the free ones are checked, however the email is spelled; all are counted into the trail."""
    api = client("198.51.100.7")
    spellings = [member.email, member.email.upper()] * 10
    assert await outcomes(api, spellings) == {"BAD_CREDENTIALS": 5, "RATE_LIMITED": 15}
    assert await outcome(api, member.email, PASSWORD) == "RATE_LIMITED"
    assert await database["sessions"].count_documents({}) == 1
    assert await failed_logins(services, database) == 21


@pytest.mark.parametrize("changed_settings", [dict.fromkeys(LIMITS, 1_000_000)])
async def test_a_hundred_logins_in_one_document_count_as_a_hundred(
    client: Client, services: Services, database: Database, member: Member
) -> None:
    """Aliases change nothing, and the right password at the end of them does not get through."""
    fields = [f"a{number}: login(input: $wrong) {{ errors {{ code }} }}" for number in range(99)]
    fields.append("z: login(input: $right) { errors { code } }")
    document = f"mutation ($wrong: LoginInput!, $right: LoginInput!) {{ {' '.join(fields)} }}"
    wrong, right = ({"email": member.email, "password": password} for password in (WRONG, PASSWORD))
    body = await client("198.51.100.7").execute(document, {"wrong": wrong, "right": right})
    answered = [payload for payload in body["data"].values() if payload is not None]
    assert answered == [{"errors": [{"code": "BAD_CREDENTIALS"}]}] * 5
    assert [error["extensions"]["code"] for error in body["errors"]] == ["RATE_LIMITED"] * 95
    assert await database["sessions"].count_documents({}) == 1
    assert await failed_logins(services, database) == 100


async def test_victim_logs_in_during_an_attack_on_its_email(client: Client, member: Member) -> None:
    """From its usual address at once, from another one after three seconds at most; no stranger locks it out."""
    assert await outcome(client("192.0.2.1"), member.email, PASSWORD) == ""
    strangers = [client(f"198.51.100.{number}") for number in range(16)]
    assert {await outcome(stranger, member.email) for stranger in strangers} == {"BAD_CREDENTIALS"}
    began = time.perf_counter()
    assert await outcome(client("192.0.2.1"), member.email, PASSWORD) == ""
    usual = time.perf_counter() - began
    began = time.perf_counter()
    assert await outcome(client("192.0.2.2"), member.email, PASSWORD) == ""
    assert time.perf_counter() - began >= 3 > usual


async def test_attack_of_one_address_on_many_accounts_is_refused(client: Client, member: Member) -> None:
    """After thirty failures this address has to wait, also for an account that it has not tried; no other has."""
    attacker = client("198.51.100.7")
    for _ in range(2):
        assert await outcomes(attacker, [f"nobody{number}@example.com" for number in range(15)]) == {
            "BAD_CREDENTIALS": 15
        }
    assert await outcome(attacker, member.email, PASSWORD) == "RATE_LIMITED"
    assert await outcome(client("198.51.100.8"), member.email, PASSWORD) == ""


async def test_texts_that_are_no_address_count_for_the_client(client: Client) -> None:
    """They are answered as any other failure is."""
    api = client("198.51.100.7")
    for _ in range(2):
        assert await outcomes(api, ["nobody"] * 15) == {"BAD_CREDENTIALS": 15}
    assert await outcome(api, "nobody") == "RATE_LIMITED"


async def test_network_of_version_six_is_one_client(client: Client, member: Member) -> None:
    """Whoever has a /64 has all of its addresses; a mapped address is that of version four."""
    for number in range(5):
        assert await outcome(client(f"2001:db8:0:1::{number}"), member.email) == "BAD_CREDENTIALS"
    assert await outcome(client("2001:db8:0:1:ffff::9"), member.email) == "RATE_LIMITED"
    assert await outcome(client("2001:db8:0:2::1"), member.email) == "BAD_CREDENTIALS"


async def test_unknown_client_addresses_are_never_refused(client: Client, member: Member) -> None:
    """Nobody knows whose failures they were, nor who has signed in from there before: they wait."""
    api = client(None)
    assert await outcome(api, member.email, PASSWORD) == ""
    assert {await outcome(api, member.email) for _ in range(14)} == {"BAD_CREDENTIALS"}
    began = time.perf_counter()
    assert await outcome(api, member.email, PASSWORD) == ""
    assert time.perf_counter() - began >= 1.6


async def test_successes_are_not_throttled(client: Client, member: Member) -> None:
    """Sixteen at once and many in a row, of one account from one address; and they forget the failures before."""
    api = client("198.51.100.7")
    for _ in range(3):
        assert await outcomes(api, [member.email] * 4) == {"BAD_CREDENTIALS": 4}
        found = await asyncio.gather(*(outcome(api, member.email, PASSWORD) for _ in range(16)))
        assert set(found) == {""}


async def test_known_and_unknown_emails_are_told_apart_by_nothing(settings: Settings, member: Member) -> None:
    """The same answers with the same database commands, admitted or refused."""
    commands = Commands()
    async with AsyncExitStack() as stack:
        monkey = stack.enter_context(pytest.MonkeyPatch.context())
        monkey.setattr(server, "connect", lambda given: watched(given, commands))
        app = await stack.enter_async_context(started(server.create_app(settings)))
        seen: dict[str, list[Any]] = {}
        for email in (member.email, "nobody@example.com"):
            transport = httpx.ASGITransport(app, client=(f"198.51.100.{len(seen)}", 1))
            http = httpx.AsyncClient(transport=transport, base_url="http://tenantry.test")
            api = API(await stack.enter_async_context(http))
            for _ in range(7):
                before = len(commands.seen)
                code = await outcome(api, email)
                sent = [one for one in commands.seen[before:] if one.target in {"admins", "throttles"}]
                seen.setdefault(email, []).append((code, [one for one in sent if not one.in_transaction]))
    known, unknown = seen.values()
    assert known == unknown
    assert [code for code, _ in known] == ["BAD_CREDENTIALS"] * 5 + ["RATE_LIMITED"] * 2


async def test_two_servers_share_what_they_count(settings: Settings, api: API, member: Member) -> None:
    """Failures at one are failures at the other."""
    assert await outcomes(api, [member.email] * 3) == {"BAD_CREDENTIALS": 3}
    async with started(server.create_app(settings)) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as http:
            assert await outcomes(API(http), [member.email] * 3) == {"BAD_CREDENTIALS": 2, "RATE_LIMITED": 1}
    assert await outcome(api, member.email, PASSWORD) == "RATE_LIMITED"


async def test_wait_ends(client: Client, database: Database, member: Member) -> None:
    """When its time has come, the right password opens a session."""
    api = client("198.51.100.7")
    await outcomes(api, [member.email] * 6)
    assert await outcome(api, member.email, PASSWORD) == "RATE_LIMITED"
    for found in await database["throttles"].find({"until": {"$ne": None}}).to_list(None):
        await database["throttles"].update_one({"_id": found["_id"]}, {"$set": {"until": now()}})
    assert await outcome(api, member.email, PASSWORD) == ""


async def test_current_password_is_guessed_no_faster(client: Client, database: Database, member: Member) -> None:
    """A stolen access token is no oracle: the sixth guess is refused, the right one with it, and nothing changes."""
    thief = client("198.51.100.7")
    before = await database["admins"].find().to_list(None)
    given = {"password": "another granite teapot", "currentPassword": WRONG}
    for _ in range(5):
        payload = await thief.data(UPDATE, {"input": given}, token=member.token)
        assert payload["updateAdmin"]["errors"] == [{"code": "BAD_CREDENTIALS"}]
    right = {"input": given | {"currentPassword": PASSWORD}}
    assert await thief.error_code(UPDATE, right, token=member.token) == "RATE_LIMITED"
    assert await database["admins"].find().to_list(None) == before
    assert (await client("192.0.2.1").data(UPDATE, right, token=member.token))["updateAdmin"]["errors"] == []


async def test_sign_up_sent_again_is_guessed_no_faster(client: Client) -> None:
    """The answer of a sign-up is shown to who knows its password, who may not try for ever."""
    api, given = client("198.51.100.7"), NEWCOMER | {"idempotencyKey": KEY}
    mutation = text("createOrg", "organization { id }")
    assert (await api.data(mutation, {"input": given}))["createOrg"]["errors"] == []
    for _ in range(5):
        payload = (await api.data(mutation, {"input": given | {"password": WRONG}}))["createOrg"]
        assert payload["errors"][0]["code"] == "IDEMPOTENCY_MISMATCH"
    assert await api.error_code(mutation, {"input": given}) == "RATE_LIMITED"


async def test_logins_are_unavailable_when_nothing_can_be_counted(
    client: Client, database: Database, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not unguarded: the password is not even looked at."""
    count, away = throttles.count, Database("mongodb://127.0.0.1:1/", "away")
    monkeypatch.setattr(throttles, "count", lambda _, key, rule: count(away, key, rule))
    assert await outcome(client("198.51.100.7"), member.email, PASSWORD) == "UNAVAILABLE"
    assert await database["sessions"].count_documents({}) == 1
    await away.close()
