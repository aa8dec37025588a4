"""Requests sent again after the worker that had them was cut off."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from pymongo.errors import AutoReconnect

import server
from auth.errors import BadRequestError, UserError, UserErrorCode
from auth.identifiers import OrganizationId
from auth.roles import Permission
from resolvers import deletions, document_changes, idempotency, sign_ups
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.idempotency import Attempt
from resolvers.services import Services
from resolvers.sign_ups import OrganizationSignUp
from schema import ids
from server import Settings
from storage import recovery
from storage.database import Collection, Database
from storage.idempotency import References
from storage.organizations import OrganizationStatus
from tests.api import API, PASSWORD, Member
from tests.crashes import Crash

AFTER_THE_LEASE = timedelta(seconds=61)


@pytest.fixture
async def services(settings: Settings, database: Database) -> AsyncIterator[Services]:  # noqa: ARG001 - it has to be prepared
    """The services of a server."""
    async with server.open_state(settings) as state:
        yield state["services"]


def context_of(services: Services, token: str | None, database: Database | None = None) -> RequestContext:
    """Return the context of a request, on a database of its own if there is one."""
    own = services if database is None else replace(services, database=database)
    return RequestContext(own, Credentials(token), Origin("127.0.0.1", "request"))


def organization_of(member: Member) -> OrganizationId:
    """Return the id of an organization."""
    return ids.decode_organization(member.organization_id)


def store_of(database: Database, member: Member) -> Collection:
    """Return an organization's store."""
    return database.client[f"{database.name}_tenants"][f"org_{member.slug.replace('-', '_')}"]


async def create(context: RequestContext, organization_id: OrganizationId, key: str) -> str:
    """Make a document under a key and return its id."""
    attempt = Attempt("createDocument", key, {"key": key})
    given = [("note", {"key": key})]
    (record,) = await document_changes.create(context, organization_id, given, attempt, batch=False)
    return record.id


async def test_document_is_made_once_wherever_the_worker_stops(
    api: API, database: Database, services: Services, crash: Crash, fragile: Database
) -> None:
    """The first retry may be told to wait; after a minute there is one document, and it is the answer."""
    member, finished, number = await api.sign_up(), False, 0
    organization_id = organization_of(member)
    store = store_of(database, member)
    await create(context_of(services, member.token), organization_id, "first")
    found = []
    while not finished:
        number += 1
        key = f"key {number}"
        finished = await crash.run(create(context_of(services, member.token, fragile), organization_id, key), number)
        made = await store.count_documents({"data.key": key})
        with time_machine.travel(AFTER_THE_LEASE, tick=True):
            document_id = await create(context_of(services, member.token), organization_id, key)
        (document,) = await store.find({"data.key": key}).to_list(None)
        assert document["_id"] == document_id, number
        found.append(made)
    assert set(found) == {0, 1}
    assert number > 8


async def test_organization_is_signed_up_once_wherever_the_worker_stops(
    database: Database, services: Services, crash: Crash, fragile: Database
) -> None:
    """What was begun is undone before the key may be claimed again, so no retry meets its own reservations."""
    finished, number, sessions = False, 0, set()
    while not finished:
        number = crash.after(number, 2)
        request = OrganizationSignUp(f"Org {number}", None, None, None, f"owner{number}@example.com", PASSWORD)
        attempt = Attempt("createOrg", "key", {"name": request.name})
        cut_off = context_of(services, None, fragile)
        finished = await crash.run(sign_ups.sign_up(cut_off, request, attempt), number)
        with time_machine.travel(AFTER_THE_LEASE, tick=True):
            await recovery.recover(database)
            signed_up = await sign_ups.sign_up(context_of(services, None), request, attempt)
        records = await database["organizations"].find({"name": request.name}).to_list(None)
        assert [(one["_id"], one["status"]) for one in records] == [(signed_up.organization.id, "ACTIVE")], number
        sessions.add(signed_up.session is None)
    assert True in sessions
    assert number > 8


async def test_organization_is_deleted_once_wherever_the_worker_stops(
    api: API, database: Database, services: Services, crash: Crash, fragile: Database
) -> None:
    """Whether the deletion has happened or not, the retry with the same token has its answer."""
    finished, number, ended = False, 0, set()
    while not finished:
        number = crash.after(number, 2)
        member = await api.sign_up(name=f"Org {number}")
        organization_id, attempt = organization_of(member), Attempt("deleteOrg", "key", {})
        cut_off = context_of(services, member.token, fragile)
        finished = await crash.run(deletions.delete(cut_off, organization_id, member.slug, attempt), number)
        with time_machine.travel(AFTER_THE_LEASE, tick=True):
            context = context_of(services, member.token)
            answer = await deletions.find_deleted(context, organization_id, attempt)
            ended.add(answer is not None)
            if answer is None:
                answer = await deletions.delete(context, organization_id, member.slug, attempt)
        assert answer.status is OrganizationStatus.DELETED, number
        query = {"organization_id": organization_id, "action": "organization:deleted"}
        assert await database["audit_events"].count_documents(query) == 1, number
    assert True in ended


class Pausing:
    """Work under the key of `create` that waits in its middle until it is told to go on."""

    def __init__(self, organization_id: OrganizationId) -> None:
        self._organization_id = organization_id
        self.paused, self.resumed = asyncio.Event(), asyncio.Event()

    async def start(self, context: RequestContext) -> asyncio.Task[str]:
        """Start the work; return it when it waits."""
        attempt = Attempt("createDocument", "key", {"key": "key"})
        permission = Permission.DOCUMENT_WRITE
        once = idempotency.once(context, attempt, permission, self._organization_id, self._work, self._replay)
        working = asyncio.create_task(once)
        await self.paused.wait()
        return working

    async def _work(self, context: RequestContext) -> str:
        self.paused.set()
        await self.resumed.wait()
        keyless = Attempt("createDocument", None, {})
        note: tuple[str, object] = ("note", {})
        (record,) = await document_changes.create(context, self._organization_id, [note], keyless, batch=False)
        return record.id

    @staticmethod
    async def _replay(_: References) -> str:
        raise AssertionError


async def test_key_of_a_cancelled_attempt_is_free_after_a_minute(
    api: API, database: Database, services: Services
) -> None:
    """While an attempt is under way, and when it was cut off and may still be at work, retries are told to wait."""
    member = await api.sign_up()
    organization_id = organization_of(member)
    working = await Pausing(organization_id).start(context_of(services, member.token))
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            await create(context_of(services, member.token), organization_id, "key")
        assert (caught.value.code, caught.value.retryable) == (UserErrorCode.CONFLICT, True)
        working.cancel()
        await asyncio.wait([working])
    assert await store_of(database, member).count_documents({}) == 0
    with time_machine.travel(AFTER_THE_LEASE, tick=True):
        document_id = await create(context_of(services, member.token), organization_id, "key")
    assert [one["_id"] for one in await store_of(database, member).find().to_list(None)] == [document_id]


async def test_slow_worker_whose_key_was_taken_over_writes_nothing(
    api: API, database: Database, services: Services
) -> None:
    """It is told that another one is at it; the document of the other one is the only one."""
    member = await api.sign_up()
    organization_id = organization_of(member)
    pausing = Pausing(organization_id)
    slow = await pausing.start(context_of(services, member.token))
    with time_machine.travel(AFTER_THE_LEASE, tick=True):
        document_id = await create(context_of(services, member.token), organization_id, "key")
    pausing.resumed.set()
    with pytest.raises(UserError) as caught:
        await slow
    assert (caught.value.code, caught.value.retryable) == (UserErrorCode.CONFLICT, True)
    assert [one["_id"] for one in await store_of(database, member).find().to_list(None)] == [document_id]
    assert await create(context_of(services, member.token), organization_id, "key") == document_id


@pytest.mark.parametrize(("error", "free"), [(LookupError(), True), (TimeoutError(), False), (AutoReconnect(), False)])
async def test_key_is_free_after_an_error_unless_the_work_may_take_effect_yet(
    api: API, services: Services, error: Exception, *, free: bool
) -> None:
    """An unforeseen error ends an attempt; a database that did not answer may still commit what it was sent."""
    member = await api.sign_up()
    organization_id, attempt = organization_of(member), Attempt("createDocument", "key", {"key": "key"})

    async def fail(_: object) -> str:
        raise error

    context = context_of(services, member.token)
    with pytest.raises(type(error)):
        await idempotency.once(context, attempt, Permission.DOCUMENT_WRITE, organization_id, fail, fail)
    if free:
        assert await create(context_of(services, member.token), organization_id, "key")
    else:
        with pytest.raises(UserError):
            await create(context_of(services, member.token), organization_id, "key")


def test_arguments_nested_too_deep_are_refused() -> None:
    """What cannot be compared is a bad request, not an error of ours."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadRequestError):
        _ = Attempt("createDocument", "key", deep).fingerprint
