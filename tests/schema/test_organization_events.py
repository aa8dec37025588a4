"""Following an organization, as clients do: what is told, to whom, and from where on."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from resolvers import recent_events
from resolvers.services import Services
from schema import ids
from storage.database import Database
from tests.api import API, Member
from tests.live import follow
from tests.storage import directory
from tests.websocket import Socket, connected

EVENTS = """
subscription ($id: ID!, $after: String) {
  organizationEvents(organizationId: $id, after: $after) {
    cursor seq action createdAt target { kind id } actor { __typename id displayName } organization { id description }
  }
}
"""
ACTIONS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { action } }"
UPDATE = "mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { errors { code } } }"
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
DELETE = "mutation ($input: DeleteOrgInput!) { deleteOrg(input: $input) { errors { code } } }"
LOGOUT = "mutation { logout { errors { code } } }"

Ending = Callable[[API, Database, Member], Coroutine[Any, Any, object]]


async def begin(socket: Socket, services: Services, member: Member, query: str = EVENTS, **variables: object) -> None:
    """Follow the member's organization, and wait until it is followed."""
    await follow(socket, services, "1", query, member.organization_id, **variables)


async def describe(api: API, member: Member, description: str) -> None:
    """Change the organization's description."""
    variables = {"input": {"organizationId": member.organization_id, "description": description}}
    await api.data(UPDATE, variables, token=member.token)


async def told(socket: Socket) -> dict[str, Any]:
    """Return the next event."""
    event: dict[str, Any] = (await socket.next("1"))["data"]["organizationEvents"]
    return event


async def make_viewer(database: Database, member: Member) -> object:
    """Make the admin a viewer."""
    return await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})


async def test_what_somebody_does_is_told_at_once(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """With who did it and to what, and the organization as it has become."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member)
        await describe(api, member, "Rockets")
        event = await told(socket)
    assert event["cursor"]
    assert event["createdAt"]
    assert (event["seq"], event["action"]) == (2, "ORGANIZATION_UPDATED")
    assert event["target"] == {"kind": "ORGANIZATION", "id": member.organization_id}
    assert event["actor"] == {"__typename": "Admin", "id": member.admin_id, "displayName": member.email}
    assert event["organization"] == {"id": member.organization_id, "description": "Rockets"}


@pytest.mark.parametrize("recent", [5000, 0])
async def test_who_comes_back_misses_nothing(
    app: ASGIApp,
    api: API,
    member: Member,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    recent: int,
) -> None:
    """What was done meanwhile comes first, and then what is done now."""
    monkeypatch.setattr(recent_events, "_MAX_WEIGHT", recent)
    async with connected(app, member.token) as socket:
        await begin(socket, services, member)
        await describe(api, member, "one")
        cursor = (await told(socket))["cursor"]
    for description in ("two", "three"):
        await describe(api, member, description)
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, after=cursor)
        await describe(api, member, "four")
        assert [(await told(socket))["seq"] for _ in range(3)] == [3, 4, 5]


async def test_moves_are_told(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """A rename is begun, and done."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, ACTIONS)
        variables = {"input": {"organizationId": member.organization_id, "name": "Rockets"}}
        await api.data(RENAME, variables, token=member.token)
        assert [(await told(socket))["action"] for _ in range(2)] == ["STORE_MOVE_STARTED", "ORGANIZATION_RENAMED"]


async def test_viewers_hear_nothing_of_sessions(
    app: ASGIApp, api: API, database: Database, member: Member, services: Services
) -> None:
    """Owners do."""
    async with connected(app, member.token) as owner:
        await begin(owner, services, member, ACTIONS)
        await api.login(member.email)
        assert (await told(owner))["action"] == "SESSION_OPENED"
    await make_viewer(database, member)
    async with connected(app, member.token) as viewer:
        await begin(viewer, services, member, ACTIONS)
        await api.login(member.email)
        await database["admins"].update_one({"email": member.email}, {"$set": {"role": "OWNER"}})
        await describe(api, member, "Rockets")
        assert (await told(viewer))["action"] == "ORGANIZATION_UPDATED"


async def test_strangers_are_refused(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """Nobody hears of another organization; one that does not exist is refused alike, and nothing is opened."""
    other = await api.sign_up()
    absent = ids.encode(ids.NodeType.ORGANIZATION, "f" * 24)
    async with connected(app) as socket:
        socket.subscribe("1", EVENTS, id=member.organization_id)
        assert await socket.error_code("1") == "UNAUTHENTICATED"
    async with connected(app, other.token) as socket:
        for organization_id, code in (
            (member.organization_id, "FORBIDDEN"),
            (absent, "FORBIDDEN"),
            (member.admin_id, "BAD_REQUEST"),
        ):
            socket.subscribe("1", EVENTS, id=organization_id)
            assert await socket.error_code("1") == code
    assert not services.feed.is_open


async def test_cursors_of_others_are_refused(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """Those of another organization too."""
    other = await api.sign_up()
    async with connected(app, other.token) as socket:
        await begin(socket, services, other)
        await describe(api, other, "Theirs")
        cursor = (await told(socket))["cursor"]
    async with connected(app, member.token) as socket:
        for after in ("nonsense", cursor):
            socket.subscribe("1", EVENTS, id=member.organization_id, after=after)
            assert await socket.error_code("1") == "BAD_REQUEST"


async def test_operators_follow_and_read_no_more_than_that(
    app: ASGIApp, api: API, member: Member, operator_token: str, services: Services
) -> None:
    """They hear of every organization."""
    async with connected(app, operator_token) as socket:
        await begin(socket, services, member, ACTIONS)
        await describe(api, member, "Rockets")
        assert (await told(socket))["action"] == "ORGANIZATION_UPDATED"


async def log_out(api: API, _: Database, member: Member) -> object:
    """End the session."""
    return await api.data(LOGOUT, token=member.token)


async def delete(api: API, _: Database, member: Member) -> object:
    """Delete the organization."""
    variables = {"input": {"organizationId": member.organization_id, "confirmSlug": member.slug}}
    return await api.data(DELETE, variables, token=member.token)


@pytest.mark.parametrize("end", [log_out, delete])
async def test_caller_whose_rights_have_ended_hears_nothing_of_it(
    app: ASGIApp, api: API, database: Database, member: Member, services: Services, end: Ending
) -> None:
    """The act that ends them is the last thing not to be told, long before the next round."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, ACTIONS)
        await end(api, database, member)
        assert await socket.error_code("1") == "UNAUTHENTICATED"


@pytest.mark.parametrize("changed_settings", [{"subscriptions_per_organization": 1}])
async def test_one_too_many_is_refused(app: ASGIApp, member: Member, services: Services) -> None:
    """The client may come back when another one has ended."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member)
        socket.subscribe("2", EVENTS, id=member.organization_id)
        assert await socket.error_code("2") == "RATE_LIMITED"
        socket.send("complete", id="1")
        organization_id = ids.decode_organization(member.organization_id)
        await directory.until(lambda: services.feed.count(organization_id) == 0)
        await begin(socket, services, member)


@pytest.mark.parametrize("changed_settings", [{"access_token_ttl": timedelta(seconds=3)}])
async def test_nothing_is_told_when_the_token_has_ended(
    app: ASGIApp, api: API, member: Member, services: Services
) -> None:
    """Also before the next round."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, ACTIONS)
        await until_ended(api, member)
        await api.login(member.email)
        assert await socket.error_code("1") == "UNAUTHENTICATED"


async def until_ended(api: API, member: Member) -> None:
    """Wait until the token has ended."""

    async def ended() -> bool:
        return (await api.execute("{ viewer { permissions } }", token=member.token))["data"]["viewer"] is None

    await directory.until_it_is(ended)
