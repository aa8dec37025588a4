"""The public keys of our access tokens, so that other services can verify them (RFC 7517)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth.keys import KeyRing

_CACHE = {"Cache-Control": "public, max-age=300"}


async def jwks(request: Request) -> Response:
    """Answer with the key set."""
    keys: KeyRing = request.state.keys
    return JSONResponse(keys.jwks(), headers=_CACHE, media_type="application/jwk-set+json")
