"""Following documents, as clients do: each change, once, in order, with the document as it is now."""

from functools import partial
from typing import Any

import pytest
from starlette.types import ASGIApp

import server
from resolvers import recent_events
from resolvers.services import Services
from tests.api import API, Member
from tests.commands import Commands, watched
from tests.live import follow
from tests.websocket import Socket, connected

CHANGES = """
subscription ($id: ID!, $type: String, $after: String) {
  documentChanges(organizationId: $id, type: $type, after: $after) {
    cursor kind documentId type version createdAt document { id data version }
  }
}
"""
CREATE = """
mutation ($input: CreateDocumentsInput!) { createDocuments(input: $input) { documents { id } errors { code } } }
"""
UPDATE = "mutation ($input: UpdateDocumentInput!) { updateDocument(input: $input) { errors { code } } }"
DELETE = "mutation ($input: DeleteDocumentInput!) { deleteDocument(input: $input) { errors { code } } }"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What the application sends to the database: has to come before it."""
    commands = Commands()
    monkeypatch.setattr(server, "connect", partial(watched, listener=commands))
    return commands


async def begin(socket: Socket, services: Services, member: Member, name: str = "1", **variables: object) -> None:
    """Follow the documents of the member's organization, and wait until they are followed."""
    await follow(socket, services, name, CHANGES, member.organization_id, **variables)


async def create(api: API, member: Member, *numbers: int, kind: str = "note") -> list[str]:
    """Make documents; return their ids."""
    documents = [{"type": kind, "data": {"n": number}} for number in numbers]
    variables = {"input": {"organizationId": member.organization_id, "documents": documents}}
    payload = (await api.data(CREATE, variables, token=member.token))["createDocuments"]
    return [document["id"] for document in payload["documents"]]


async def told(socket: Socket) -> dict[str, Any]:
    """Return the next event."""
    event: dict[str, Any] = (await socket.next("1"))["data"]["documentChanges"]
    return event


async def test_life_of_a_document_is_told(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """From its creation to its end."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member)
        (document_id,) = await create(api, member, 1)
        created = await told(socket)
        assert created["documentId"] == document_id
        assert created["document"] == {"id": document_id, "data": {"n": 1}, "version": 1}
        await api.data(UPDATE, {"input": {"id": document_id, "data": {"n": 2}}}, token=member.token)
        updated = await told(socket)
        assert updated["document"]["data"] == {"n": 2}
        await api.data(DELETE, {"input": {"id": document_id}}, token=member.token)
        deleted = await told(socket)
        assert deleted["document"] is None
    heard = [(event["kind"], event["version"], event["type"]) for event in (created, updated, deleted)]
    assert heard == [("CREATED", 1, "note"), ("UPDATED", 2, "note"), ("DELETED", 2, "note")]


@pytest.mark.parametrize("recent", [5000, 0])
async def test_batch_is_gone_on_with_where_it_was_left(
    app: ASGIApp, api: API, member: Member, services: Services, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    """A hundred changes of one transaction, with a disconnection in the middle."""
    monkeypatch.setattr(recent_events, "_MAX_WEIGHT", recent)
    async with connected(app, member.token) as socket:
        await begin(socket, services, member)
        await create(api, member, *range(100))
        heard = [await told(socket) for _ in range(100)]
    assert [event["document"]["data"]["n"] for event in heard] == list(range(100))
    assert len({event["cursor"] for event in heard}) == 100
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, after=heard[41]["cursor"])
        await create(api, member, 100)
        again = [await told(socket) for _ in range(59)]
    assert [event["document"]["data"]["n"] for event in again] == list(range(42, 101))


async def test_one_type_can_be_followed(app: ASGIApp, api: API, member: Member, services: Services) -> None:
    """Others are not told; what can be no type is refused."""
    async with connected(app, member.token) as socket:
        await begin(socket, services, member, type="task")
        await create(api, member, 1)
        await create(api, member, 2, kind="task")
        assert (await told(socket))["document"]["data"] == {"n": 2}
        socket.subscribe("2", CHANGES, id=member.organization_id, type="no type")
        assert await socket.error_code("2") == "BAD_REQUEST"


async def test_operators_and_strangers_are_refused(
    app: ASGIApp, api: API, member: Member, operator_token: str, services: Services
) -> None:
    """Documents are for members, and nothing is opened for others."""
    other = await api.sign_up()
    for token in (operator_token, other.token):
        async with connected(app, token) as socket:
            socket.subscribe("1", CHANGES, id=member.organization_id)
            assert await socket.error_code("1") == "FORBIDDEN"
    assert not services.feed.is_open


async def test_many_followers_cost_as_much_as_one(
    commands: Commands, app: ASGIApp, api: API, member: Member, services: Services
) -> None:
    """What an event's fields need is read once, and nobody is looked up for it."""
    async with connected(app, member.token) as socket:
        for number in range(1, 21):
            await begin(socket, services, member, name=str(number))
        await create(api, member, 1)
        for _ in range(20):
            await socket.receive()
        commands.seen.clear()
        await create(api, member, 2)
        heard = [(await socket.receive())["payload"]["data"]["documentChanges"] for _ in range(20)]
    assert {event["document"]["data"]["n"] for event in heard} == {2}
    assert commands.targets("find").count("org_acme") == 1
    assert commands.targets("find").count("sessions") == 1
