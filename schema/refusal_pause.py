"""Holds refusals over budget back for a moment, so that nobody can keep the server busy with them."""

import asyncio

from starlette.responses import Response

_PAUSE_SECONDS = 0.25
_TOO_MANY_REQUESTS = 429


async def observe(response: Response) -> None:
    """Wait if it is a refusal: meanwhile the request takes up nothing but its connection."""
    if response.status_code == _TOO_MANY_REQUESTS:
        await asyncio.sleep(_PAUSE_SECONDS)
