"""Too much at once: refused at once, and what is under way goes on."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp

from schema import request_bodies
from schema.overload import Capacity
from schema.problems import ProblemError
from schema.request_bodies import MAX_BYTES, Room, Share
from tests.api import API
from tests.websocket import connected

_LARGE = 1024 * 1024


def request_with(*chunks: bytes) -> Request:
    """Return a request with a body in such parts."""
    parts = iter(chunks)

    async def receive() -> dict[str, object]:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_capacity_is_given_back() -> None:
    """As many as there may be, and again when one is over, however it ended."""
    capacity = Capacity(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), capacity:  # noqa: PT012 - both are what is tested
            with pytest.raises(ProblemError, match="too much to do"), capacity:
                pass
            raise RuntimeError


@pytest.mark.parametrize("changed_settings", [{"max_requests_at_once": 1}])
async def test_what_cannot_be_served_soon_is_refused_at_once(api: API) -> None:
    """With 503, as a well-formed answer that says when to come again; health is told all the same."""
    query = {"query": "{ viewer { permissions } }"}
    answers = await asyncio.gather(*(api.http.post("/graphql", json=query) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = next(answer for answer in answers if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE)
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)
    assert refused.headers["retry-after"] == "1"
    assert (await api.http.get("/healthz")).status_code == 200
    assert (await api.http.post("/graphql", json=query)).status_code == 200


async def test_large_bodies_share_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has no room is refused, a small one never; what was taken is given back."""
    monkeypatch.setattr(request_bodies, "_MAX_BYTES_AT_ONCE", 2 * _LARGE)
    room, large = Room(), b"x" * _LARGE
    for _ in range(2):
        with room.share() as one, room.share() as two, room.share() as three, room.share() as four:
            assert await one.read(request_with(large)) == large
            assert await two.read(request_with(large)) == large
            with pytest.raises(ProblemError, match="too much to do"):
                await three.read(request_with(large))
            assert await four.read(request_with(b"small")) == b"small"


async def test_what_bodies_come_to_shares_it_too() -> None:
    """A body of many small values takes more than its bytes: two such at once fill the room."""
    room, dense = Room(), b"[" + b"[]," * _LARGE + b"[]]"
    with room.share() as one, room.share() as two, room.share() as three:
        one.hold(dense)
        two.hold(dense)
        with pytest.raises(ProblemError, match="too much to do"):
            three.hold(dense)
        three.hold(b"[]")
    with room.share() as four:
        four.hold(dense)


@pytest.mark.parametrize("changed_settings", [{"anonymous_rate_limit": 100}])
async def test_large_bodies_are_paid_for_by_their_size(api: API) -> None:
    """Before they are decoded, each by itself; a small request costs what its document does."""
    large = {"query": "{ __typename }", "variables": {"a": "x" * _LARGE}}
    answers = [await api.http.post("/graphql", json=large) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    (error,) = answers[1].json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("RATE_LIMITED", True)
    assert int(answers[1].headers["retry-after"]) > 0
    assert (await api.http.post("/graphql", json={"query": "{ __typename }"})).status_code == 200


@pytest.mark.parametrize("changed_settings", [{"max_requests_at_once": 1}])
async def test_operations_over_a_websocket_take_the_same_places(app: ASGIApp) -> None:
    """One too many is told to come again; what begins and stays, a subscription, takes none."""
    async with connected(app) as socket:
        for number in range(4):
            socket.subscribe(str(number), '{ viewer { permissions } organization(slug: "acme") { name } }')
        messages = [await socket.receive() for _ in range(5)]
        codes = [one["payload"][0]["extensions"]["code"] for one in messages if one["type"] == "error"]
        assert codes == ["UNAVAILABLE"] * 3
        assert sorted(one["type"] for one in messages if one["type"] != "error") == ["complete", "next"]


async def test_body_is_bounded_whatever_is_declared() -> None:
    """One that goes on is read no further than the limit."""
    with pytest.raises(ProblemError, match="larger than"):
        await Share(Room()).read(request_with(*[b"x" * _LARGE] * (MAX_BYTES // _LARGE + 1)))
