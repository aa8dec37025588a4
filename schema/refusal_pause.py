"""Holds refusals over budget back for a moment, so that nobody can keep the server busy with them."""

import asyncio
import random

from starlette.responses import Response

_PAUSE_SECONDS = (0.25, 1.0)  # At random, so that clients that ask again at once do not come all together.
_TOO_MANY_REQUESTS = 429


async def observe(response: Response) -> None:
    """Wait if it is a refusal: meanwhile the request takes up nothing but its connection."""
    if response.status_code == _TOO_MANY_REQUESTS:
        await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - no secret
