"""Results of a subscription are made as fast as its client takes them, whichever way they go."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

import server
from schema import graphql_routes
from schema.assembly import Schema
from schema.edge import Edge
from schema.limits import DocumentLimits
from schema.overload import Capacity
from server import Settings, State
from tests.api import started
from tests.event_stream import COMMENT, streaming
from tests.websocket import connection

COUNT = "subscription { count }"


class Counter:
    """Counts without an end, and tells how far it has come."""

    def __init__(self) -> None:
        self.made = 0
        self.ended = asyncio.Event()

    async def run(self) -> AsyncGenerator[int, None]:
        """Yield one number after the other."""
        try:
            while True:
                self.made += 1
                yield self.made
        finally:
            self.ended.set()


@pytest.fixture
def counter() -> Counter:
    """What the subscription counts with."""
    return Counter()


@pytest.fixture
async def counting(settings: Settings, counter: Counter) -> AsyncIterator[ASGIApp]:
    """An application whose only subscription counts."""

    @strawberry.type
    class Query:
        nothing: None = None

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def count(self) -> AsyncGenerator[int, None]:
            return counter.run()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with server.open_state(settings) as state:
            yield state

    schema = Schema(query=Query, subscription=Subscription)
    schema.prepare(DocumentLimits(), explorable=True)
    routes = graphql_routes.routes(schema, Capacity(100), origins=[])
    middleware = [Middleware(Edge)]
    async with started(Starlette(routes=routes, middleware=middleware, lifespan=lifespan)) as app:
        yield app


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_events_wait_for_their_client(counting: ASGIApp, counter: Counter) -> None:
    """One is in the client's hands, one on its way; when the client is gone, so is what has made them."""
    async with streaming(counting, COUNT) as stream:
        assert await stream.chunk() == COMMENT
        for number in range(1, 50):
            await settle()
            assert counter.made <= number + 1
            assert await stream.next() == {"data": {"count": number}}
    assert counter.ended.is_set()


async def test_messages_wait_for_their_client(counting: ASGIApp, counter: Counter) -> None:
    """The same holds for a WebSocket."""
    async with connection(counting, room=1) as socket:
        await socket.opened()
        await socket.init()
        socket.subscribe("1", COUNT)
        for number in range(1, 50):
            await settle()
            assert counter.made <= number + 1
            assert await socket.next("1") == {"data": {"count": number}}
    assert counter.ended.is_set()
