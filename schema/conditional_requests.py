"""Answers to `GET` that a client may keep and ask about again (RFC 9110, section 13; RFC 9111, section 5.2.2)."""

import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

_VARY = "Accept, Authorization, Origin"
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def answer(request: Request, response: Response) -> Response:
    """Return the response with a strong validator, or 304 if the client has this very one.

    Every use is asked about again, since what may be seen can change at any time; only what everybody sees may be kept
    by caches that several share.
    """
    tag = _tag(response)
    shared = "authorization" not in request.headers
    kept = {"ETag": tag, "Cache-Control": "no-cache" if shared else "private, no-cache", "Vary": _VARY}
    if not _has(request.headers.get("if-none-match", ""), tag):
        response.headers.update(kept)
        return response
    return Response(status_code=304, headers={**_standing(response.headers), **kept})


def _tag(response: Response) -> str:
    """Return a validator of the body and of what it is read as."""
    digest = hashlib.sha256(f"{response.media_type}\0".encode() + bytes(response.body))
    return f'"{digest.hexdigest()[:32]}"'


def _has(given: str, tag: str) -> bool:
    return given.strip() == "*" or tag in _TAG.findall(given)


def _standing(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what else the answer says: how the budget stands."""
    return {name: value for name, value in headers.items() if name.startswith("ratelimit")}
