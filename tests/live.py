"""How tests look into a running application: what its requests share."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Scope

from resolvers.services import Services
from schema import ids
from tests.storage import directory
from tests.websocket import Socket


async def services_of(app: ASGIApp) -> Services:
    """Return the services of a started application."""
    scope: Scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": [], "query_string": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        """Take no notice of the answer."""

    await app(scope, receive, send)
    state: Mapping[str, object] = scope["state"]
    services = state["services"]
    assert isinstance(services, Services)
    return services


async def follow(
    socket: Socket, services: Services, name: str, query: str, organization_id: str, **variables: object
) -> None:
    """Begin a subscription to what happens in an organization, and wait until it hears of it."""
    key = ids.decode_organization(organization_id)
    before = services.feed.count(key)
    socket.subscribe(name, query, id=organization_id, **variables)
    await directory.until(lambda: services.feed.is_open and services.feed.count(key) == before + 1)
