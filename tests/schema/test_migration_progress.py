"""Following a move, as clients do: who may, for how long, and that nothing stale is told."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from resolvers import rounds
from schema import ids
from storage import migrations, move_events
from storage.audit_actions import AuditAction
from storage.database import Database, Session
from storage.migrations import MigrationRecord, MigrationState
from tests.api import API, Member
from tests.storage import directory, happenings
from tests.websocket import connected

PROGRESS = """
subscription ($id: ID!) {
  migrationProgress(organizationId: $id) { state to { slug } }
}
"""
RENAME = """
mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { migration { state } errors { code } } }
"""
STATES = [state.value for state in MigrationState]
DELETE = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code } } }"
LOGOUT = "mutation { logout { errors { code } } }"

Ending = Callable[[API, Database, Member], Coroutine[Any, Any, object]]


@pytest.fixture
def quick_rechecks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have idle subscriptions look after their caller more often than every five seconds."""
    assert rounds._SECONDS == 5  # noqa: SLF001 - the test shortens it
    monkeypatch.setattr(rounds, "_SECONDS", 0.05)


async def begin(database: Database, member: Member) -> MigrationRecord:
    """Note in the journal that a move has begun."""
    organization = await directory.read(database, ids.decode_organization(member.organization_id))
    assert organization is not None
    move = directory.rename_of(database, organization, "rockets")
    await database[migrations.COLLECTION].insert_one(migrations.to_document(move))
    return move


async def advance(database: Database, move: MigrationRecord, state: MigrationState) -> None:
    """Note in the journal how far it has come, and tell of it."""
    document = migrations.to_document(replace(move, state=state))

    async def write(tx: Session) -> None:
        await database[migrations.COLLECTION].replace_one({"_id": move.id}, document, session=tx)
        await move_events.progressed(database, tx, move)

    await database.transaction(write)


def event(state: str) -> dict[str, Any]:
    """Return what a subscriber hears."""
    return {"data": {"migrationProgress": {"state": state, "to": {"slug": "rockets"}}}}


async def test_rename_is_followed_to_its_end(app: ASGIApp, api: API, database: Database, member: Member) -> None:
    """Its states come in their order, on each of several connections, and end with CLEANED."""
    organization = await directory.read(database, ids.decode_organization(member.organization_id))
    assert organization is not None
    assert organization.placement is not None
    store = database.client[organization.placement.database][organization.placement.collection]
    await store.insert_many({"_id": number, "text": "ö" * 50} for number in range(3000))
    async with connected(app, member.token) as one, connected(app, member.token) as two:
        for socket in (one, two):
            socket.subscribe("1", PROGRESS, id=member.organization_id)
        rename = {"organizationId": member.organization_id, "name": "Rockets"}
        payload = (await api.data(RENAME, {"input": rename}, token=member.token))["renameOrg"]
        assert payload["errors"] == []
        for socket in (one, two):
            heard = [event["data"]["migrationProgress"] for event in await socket.all("1")]
            assert {move["to"]["slug"] for move in heard} == {"rockets"}
            states = [STATES.index(move["state"]) for move in heard]
            assert states == sorted(states)
            assert heard[-1]["state"] == "CLEANED"


async def test_strangers_are_refused(app: ASGIApp, api: API, database: Database, member: Member) -> None:
    """Nobody hears of another's moves, and an organization that does not exist is refused alike."""
    move = await begin(database, member)
    other = await api.sign_up()
    absent = ids.encode(ids.NodeType.ORGANIZATION, "f" * 24)
    async with connected(app) as socket:
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.error_code("1") == "UNAUTHENTICATED"
    async with connected(app, other.token) as socket:
        for organization_id, code in (
            (member.organization_id, "FORBIDDEN"),
            (absent, "FORBIDDEN"),
            (member.admin_id, "BAD_REQUEST"),
            ("nonsense", "BAD_REQUEST"),
        ):
            socket.subscribe("1", PROGRESS, id=organization_id)
            assert await socket.error_code("1") == code
    assert await directory.read_migration(database, move.id) == move


async def test_operators_follow_every_organization_that_exists(
    app: ASGIApp, database: Database, member: Member, operator_token: str
) -> None:
    """They look after moves."""
    await begin(database, member)
    async with connected(app, operator_token) as socket:
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.next("1") == event("PLANNED")
        socket.subscribe("2", PROGRESS, id=ids.encode(ids.NodeType.ORGANIZATION, "f" * 24))
        assert await socket.error_code("2") == "FORBIDDEN"


async def log_out(api: API, _: Database, member: Member) -> object:
    """End the session."""
    return await api.data(LOGOUT, token=member.token)


async def deactivate(_: API, database: Database, member: Member) -> None:
    """Deactivate the admin, and tell of it."""
    await database["admins"].update_one({"email": member.email}, {"$set": {"status": "DEACTIVATED"}})
    organization_id = ids.decode_organization(member.organization_id)
    await happenings.act(database, organization_id, AuditAction.ADMIN_UPDATED)


async def delete(api: API, _: Database, member: Member) -> object:
    """Delete the organization."""
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": member.slug}}
    return await api.data(DELETE, variables, token=member.token)


ENDINGS: list[Ending] = [log_out, deactivate, delete]


@pytest.mark.parametrize("end", ENDINGS)
async def test_caller_that_counts_no_more_hears_no_more(
    app: ASGIApp, api: API, database: Database, member: Member, end: Ending
) -> None:
    """The next event is an error in the place of what may not be seen, and the last."""
    move = await begin(database, member)
    async with connected(app, member.token) as socket:
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.next("1") == event("PLANNED")
        await end(api, database, member)
        await advance(database, move, MigrationState.COPYING)
        (payload,) = await socket.all("1")
        assert payload["data"] is None
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.usefixtures("quick_rechecks")
@pytest.mark.parametrize("end", ENDINGS)
async def test_idle_subscription_ends_with_its_caller(
    app: ASGIApp, api: API, database: Database, member: Member, end: Ending
) -> None:
    """Also when nothing happens that could be told."""
    await begin(database, member)
    async with connected(app, member.token) as socket:
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.next("1") == event("PLANNED")
        await end(api, database, member)
        (payload,) = await socket.all("1")
        assert payload["data"] is None
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("client_completes", [True, False])
async def test_nothing_is_left_of_a_subscription(
    app: ASGIApp, database: Database, member: Member, *, client_completes: bool
) -> None:
    """When the client has enough, or is gone, nobody reads for it any more."""
    await begin(database, member)
    async with connected(app, member.token) as socket:
        before = asyncio.all_tasks()
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.next("1") == event("PLANNED")
        begun = asyncio.all_tasks() - before
        assert begun
        if client_completes:
            socket.send("complete", id="1")
            _, left = await asyncio.wait(begun, timeout=20)
            assert not left
            socket.send("ping")
            assert await socket.receive() == {"type": "pong"}
    _, left = await asyncio.wait(begun, timeout=20)
    assert not left


@pytest.mark.usefixtures("quick_rechecks")
@pytest.mark.parametrize("changed_settings", [{"access_token_ttl": timedelta(seconds=3)}])
async def test_subscription_ends_with_the_token(app: ASGIApp, member: Member) -> None:
    """A token that ends while it is in use counts no more, whatever it has opened."""
    async with connected(app, member.token) as socket:
        socket.subscribe("1", PROGRESS, id=member.organization_id)
        assert await socket.error_code("1") == "UNAUTHENTICATED"
