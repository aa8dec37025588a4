"""Requests that a page of another site can have a browser send without asking first are refused.

A form or an image can send no header field of its own and no JSON: whoever does has asked, or is no such page.
"""

from starlette.requests import Request

from schema.media_types import JSON, content_type
from schema.problems import ProblemError

_PROOFS = ("Authorization", "apollo-require-preflight", "graphql-preflight")
_ADVICE = "Send the header field graphql-preflight: 1 with it, which a page of another site cannot, or use POST."


def require(request: Request) -> None:
    """Raise `ProblemError` unless the request could not have been sent by a browser that has not asked first."""
    media_type, _ = content_type(request.headers.get("content-type"))
    if media_type != JSON and not any(name in request.headers for name in _PROOFS):
        raise ProblemError(403, f"This request could come from a page of another site. {_ADVICE}")
