"""The public keys of our signatures (RFC 7517): of access tokens, and apart from those, of audit trails."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth.keys import KeyRing
from resolvers.services import Services

_CACHE = {"Cache-Control": "public, max-age=300"}


async def jwks(request: Request) -> Response:
    """Answer with the keys that other services verify access tokens with."""
    keys: KeyRing = request.state.keys
    return JSONResponse(keys.jwks(), headers=_CACHE, media_type="application/jwk-set+json")


async def audit_jwks(request: Request) -> Response:
    """Answer with the keys that audit trails and certificates of erasure are verified with."""
    services: Services = request.state.services
    return JSONResponse(services.signer.jwks, headers=_CACHE, media_type="application/jwk-set+json")
