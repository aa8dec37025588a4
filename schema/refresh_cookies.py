"""How the cookie with a refresh token comes and goes (RFC 6265bis).

It is sent to the GraphQL endpoint only, never shown to scripts, never sent with what another site has caused. It counts
for `refreshSession` and `logout` alone: these come by POST in JSON, which a browser asks about before it lets a page of
another origin send it.
"""

from starlette.requests import Request
from starlette.responses import Response

from auth.errors import BadRequestError
from resolvers.context import RequestContext
from resolvers.refresh_cookies import RefreshCookie
from storage.database import now

IN_COOKIE = (
    "Whether a browser is to keep the refresh token in a cookie that scripts cannot read: `session.refreshToken` is "
    "null then, and `refreshSession` is sent without one. Not over a WebSocket, nor as Server-Sent Events."
)
PATH = "/graphql"
_NAME = "tenantry-refresh"
_SECURE_NAME = f"__Secure-{_NAME}"


class RefreshCookies:
    """Reads the cookie from requests and writes it to answers; `always_secure` unless it may go over plain HTTP."""

    def __init__(self, *, always_secure: bool) -> None:
        self._always_secure = always_secure

    def read(self, request: Request) -> RefreshCookie:
        """Return the cookie of a request."""
        name, _ = self._attributes(request)
        return RefreshCookie(request.cookies.get(name) or None)

    def write(self, request: Request, cookie: RefreshCookie, response: Response) -> None:
        """Have the browser keep what has become of the cookie, if anything has."""
        if not cookie.changed:
            return
        name, secure = self._attributes(request)
        lifetime = 0 if cookie.expires_at is None else int((cookie.expires_at - now()).total_seconds())
        response.set_cookie(
            name, cookie.token or "", max_age=lifetime, path=PATH, secure=secure, httponly=True, samesite="strict"
        )

    def _attributes(self, request: Request) -> tuple[str, bool]:
        """Return the cookie's name and whether it is secure; one of the secure name cannot come from plain HTTP."""
        secure = self._always_secure or request.scope["scheme"] == "https"
        return (_SECURE_NAME if secure else _NAME), secure


def cookie_for(context: RequestContext, *, wanted: bool) -> RefreshCookie | None:
    """Return the cookie that a refresh token is to be kept in, or None unless that is wanted.

    Raises `BadRequestError` where an answer cannot set one.
    """
    if not wanted:
        return None
    if context.refresh_cookie is None:
        raise BadRequestError("A cookie comes and goes with requests by POST that are answered at once: send one.")
    return context.refresh_cookie
