"""Whether the process is alive, and whether it can serve."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from resolvers.services import Services
from storage.failures import is_from_database


async def alive(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    """Answer as long as the event loop turns."""
    return JSONResponse({"status": "alive"})


async def ready(request: Request) -> Response:
    """Answer 200 when requests can be served, 503 otherwise. Keys and indexes are ready before the server listens."""
    services: Services = request.state.services
    try:
        await services.database.ping()
    except Exception as error:
        if not is_from_database(error):
            raise
        return JSONResponse({"status": "unavailable", "database": "unavailable"}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ready", "database": "ready"})
