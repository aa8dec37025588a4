"""Upkeep: what a server does by itself, all the time, beside answering requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from resolvers import mail_sender
from resolvers.services import Services
from storage import checkpoints, recovery


@contextlib.asynccontextmanager
async def kept_up(services: Services) -> AsyncIterator[None]:
    """Recover what was abandoned, sign audit trails, send mails, and follow the registered documents, until the end."""
    tasks = {
        asyncio.create_task(recovery.keep_recovering(services.database)),
        asyncio.create_task(checkpoints.keep_signing(services.database, services.signer)),
        asyncio.create_task(mail_sender.keep_sending(services)),
        asyncio.create_task(services.registered_operations.keep_following()),
    }
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
