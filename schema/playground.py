"""The playground at `/graphiql`: GraphiQL, built from `web/` and served by ourselves."""

from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_DIST = Path(__file__).parent.parent / "web" / "dist"
_POLICY = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'; object-src 'none'"
    ),
}


class _Assets(StaticFiles):
    """Files whose names change with their content, so that browsers keep them for good."""

    def file_response(self, full_path: str, stat_result: object, scope: Scope, status_code: int = 200) -> Response:  # type: ignore[override]
        response = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        response.headers.update({**_POLICY, "Cache-Control": "public, max-age=31536000, immutable"})
        return response


async def _page(request: object) -> Response:  # noqa: ARG001 - Starlette's signature
    return FileResponse(_DIST / "graphiql.html", headers={**_POLICY, "Cache-Control": "no-cache"})


def routes() -> list[BaseRoute]:
    """Return the routes of the playground."""
    return [
        Route("/graphiql", _page),
        Route("/graphiql/", _page),
        Mount("/graphiql/assets", _Assets(directory=_DIST / "assets")),
    ]
