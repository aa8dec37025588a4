"""GraphQL over Server-Sent Events: the form of the events, and that operations are what they are over HTTP."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp, Send

from resolvers import live_connections
from resolvers.context import RequestContext
from schema import graphql_sse, ids
from storage.database import Database
from tests.api import API, Member
from tests.event_stream import COMMENT, streaming
from tests.storage import directory

EVENT_STREAM = "text/event-stream"
VIEWER = "{ viewer { admin { email } } }"
PROGRESS = "subscription ($id: ID!) { migrationProgress(organizationId: $id) { state } }"
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
UPDATE = "mutation ($input: UpdateOrgInput!) { updateOrg(input: $input) { organization { description } } }"
LOGOUT = "mutation { logout { errors { code } } }"
DESCRIPTION = "query ($id: ID) { organization(id: $id) { description } }"


def codes(result: dict[str, Any]) -> list[str]:
    """Return the codes of a result's errors."""
    return [error["extensions"]["code"] for error in result.get("errors", [])]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_form_of_the_stream(app: ASGIApp, method: str) -> None:
    """A comment at once, then the result in one line, then the completion, with LF and an empty line each."""
    async with streaming(app, "{ __typename }", method=method) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["x-request-id"]
        assert "content-length" not in stream.headers
        assert await stream.chunk() == b":\n\n"
        chunk = await stream.chunk()
        assert chunk.startswith(b'event: next\ndata: {"data":{"__typename":"Query"}')
        assert chunk.endswith(b"}\n\n")
        assert chunk.count(b"\n") == 3
        assert await stream.chunk() == b"event: complete\ndata:\n\n"
        assert await stream.chunk() == b""


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (EVENT_STREAM, EVENT_STREAM),
        ("Text/Event-Stream; charset=utf-8", EVENT_STREAM),
        (f"{EVENT_STREAM}, application/json", EVENT_STREAM),
        (f"{EVENT_STREAM}, */*", EVENT_STREAM),
        (f"application/json;q=0.5, {EVENT_STREAM}", EVENT_STREAM),
        (f"application/json, {EVENT_STREAM}", "application/json"),
        (f"{EVENT_STREAM};q=0.5, application/json", "application/json"),
        (f"{EVENT_STREAM};q=0, */*", "application/json"),
        ("*/*", "application/json"),
        ("application/graphql-response+json, text/event-stream", "application/graphql-response+json"),
    ],
)
async def test_who_prefers_events_says_so(unchanged_api: API, accept: str, expected: str) -> None:
    """A wildcard does not ask for them."""
    response = await unchanged_api.http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


async def test_wildcard_of_text_is_not_acceptable(unchanged_api: API) -> None:
    """Whoever takes any text gets no events."""
    body = {"query": "{ __typename }"}
    response = await unchanged_api.http.post("/graphql", json=body, headers={"accept": "text/*"})
    assert response.status_code == 406


async def test_subscription_says_how_it_is_to_be_asked_for(api: API, member: Member) -> None:
    """As one answer it cannot come."""
    body = await api.execute(PROGRESS, {"id": member.organization_id}, token=member.token)
    assert codes(body) == ["BAD_REQUEST"]
    assert EVENT_STREAM in body["errors"][0]["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_move_is_followed_to_its_end(app: ASGIApp, api: API, member: Member, method: str) -> None:
    """Each state is an event, in their order, and the stream is completed with the move."""
    async with streaming(app, PROGRESS, token=member.token, method=method, id=member.organization_id) as stream:
        assert await stream.chunk() == COMMENT
        rename = {"organizationId": member.organization_id, "name": "Rockets"}
        await api.data(RENAME, {"input": rename}, token=member.token)
        states = [result["data"]["migrationProgress"]["state"] for result in await stream.rest()]
    assert states[-1] == "CLEANED"
    assert len(set(states)) == len(states)


async def test_mutation_is_executed_once(app: ASGIApp, member: Member) -> None:
    """One result, then the completion."""
    changes = {"organizationId": member.organization_id, "description": "streamed"}
    async with streaming(app, UPDATE, token=member.token, input=changes) as stream:
        expected = {"data": {"updateOrg": {"organization": {"description": "streamed"}}}}
        assert await stream.rest() == [expected]


async def test_mutation_does_not_come_by_get(api: API, member: Member) -> None:
    """It is refused as any other request by the wrong method, and nothing changes."""
    changes = {"organizationId": member.organization_id, "description": "streamed"}
    response = await api.http.get(
        "/graphql",
        params={"query": UPDATE, "variables": json.dumps({"input": changes})},
        headers={"accept": EVENT_STREAM, "authorization": f"Bearer {member.token}"},
    )
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    data = await api.data(DESCRIPTION, {"id": member.organization_id})
    assert data == {"organization": {"description": None}}


@pytest.mark.parametrize(
    ("method", "content", "status"),
    [("POST", "{", 400), ("POST", "{}", 400), ("POST", "[]", 400), ("PUT", "{}", 405), ("HEAD", "", 405)],
)
async def test_malformed_requests_are_answered_in_json(
    unchanged_api: API, method: str, content: str, status: int
) -> None:
    """What is no GraphQL request at all is no stream either."""
    headers = {"accept": EVENT_STREAM, "content-type": "application/json"}
    response = await unchanged_api.http.request(method, "/graphql", content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=utf-8"


REFUSED = {
    "syntax": "{",
    "validation": "{ nothing }",
    "variable": "query ($id: ID!) { organization(id: $id) { name } }",
    "several operations": "query A { __typename } query B { __typename }",
    "subscription": "subscription { nothing }",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
async def test_wrong_documents_are_told_by_an_event(app: ASGIApp, query: str) -> None:
    """The stream is there, since a browser would not show another answer: one result without data, and the end."""
    async with streaming(app, query) as stream:
        assert stream.status == 200
        (result,) = await stream.rest()
    assert "data" not in result
    assert codes(result) == ["BAD_REQUEST"]


async def test_strangers_are_refused(app: ASGIApp, api: API, member: Member) -> None:
    """Nobody follows another's organization."""
    other = await api.sign_up()
    for token, code in ((None, "UNAUTHENTICATED"), ("nonsense", "UNAUTHENTICATED"), (other.token, "FORBIDDEN")):
        async with streaming(app, PROGRESS, token=token, id=member.organization_id) as stream:
            (result,) = await stream.rest()
        assert codes(result) == [code]
        assert result.get("data") is None


async def test_connection_is_kept_alive(app: ASGIApp, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments come while there is nothing to tell, so that nobody between thinks that it is idle."""
    assert graphql_sse._KEEP_ALIVE_SECONDS == 12  # noqa: SLF001 - the test shortens it
    monkeypatch.setattr(graphql_sse, "_KEEP_ALIVE_SECONDS", 0.01)
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        assert [await stream.chunk() for _ in range(5)] == [COMMENT] * 5


async def test_nothing_is_left_when_the_client_is_gone(app: ASGIApp, member: Member) -> None:
    """All that worked for the stream ends with it."""
    before = asyncio.all_tasks()
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        assert await stream.chunk() == COMMENT
        await asyncio.sleep(0)
        begun = asyncio.all_tasks() - before
        assert begun
    _, left = await asyncio.wait(begun, timeout=20)
    assert not left


@pytest.mark.parametrize("changed_settings", [{"access_token_ttl": timedelta(seconds=2)}])
async def test_stream_ends_with_the_token(app: ASGIApp, member: Member) -> None:
    """The last event says so."""
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        (result,) = await stream.rest()
    assert codes(result) == ["UNAUTHENTICATED"]
    assert result.get("data") is None


async def test_stream_ends_with_the_session(app: ASGIApp, api: API, member: Member) -> None:
    """Also when there is nothing to tell."""
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        assert await stream.chunk() == COMMENT
        await api.data(LOGOUT, token=member.token)
        (result,) = await stream.rest()
    assert codes(result) == ["UNAUTHENTICATED"]


async def test_end_that_is_noticed_twice_is_told_once(
    app: ASGIApp, api: API, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subscription hears of it and is still at its last words when the connection hears of it, too."""
    noticed, send = asyncio.Event(), graphql_sse._send  # noqa: SLF001 - the moment in between

    async def ended(_: RequestContext) -> None:
        await noticed.wait()

    async def send_slowly(to: Send, body: bytes, *, more: bool = True) -> None:
        if body.startswith(b"event: complete") and not noticed.is_set():
            noticed.set()
            await asyncio.Event().wait()
        await send(to, body, more=more)

    monkeypatch.setattr(live_connections, "ended", ended)
    monkeypatch.setattr(graphql_sse, "_send", send_slowly)
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        assert await stream.chunk() == COMMENT
        await api.data(LOGOUT, token=member.token)
        results = await stream.rest()
    assert [codes(result) for result in results] == [["UNAUTHENTICATED"]]


async def test_stream_ends_when_its_caller_may_not_follow_any_more(
    app: ASGIApp, database: Database, member: Member
) -> None:
    """A role may allow less from one moment to the next."""
    organization_id = ids.decode_organization(member.organization_id)
    await directory.begin_rename(database, organization_id, "rockets")
    async with streaming(app, PROGRESS, token=member.token, id=member.organization_id) as stream:
        assert await stream.next() == {"data": {"migrationProgress": {"state": "PLANNED"}}}
        await database["organizations"].update_one({"_id": organization_id}, {"$set": {"status": "DELETED"}})
        (result,) = await stream.rest()
    assert codes(result) == ["FORBIDDEN"]


async def test_answers_are_those_of_http(app: ASGIApp, api: API, member: Member) -> None:
    """The same data under the same token."""
    async with streaming(app, VIEWER, token=member.token) as stream:
        assert await stream.rest() == [await api.execute(VIEWER, token=member.token)]
