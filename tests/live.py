"""How tests look into a running application: what its requests share."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Scope

from resolvers.services import Services


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
