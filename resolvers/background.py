"""Work that goes on when the answer has been sent: started here, waited for at shutdown."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

_SHUTDOWN_SECONDS = 10.0
_T = TypeVar("_T")
_log = structlog.get_logger()


class BackgroundTasks:
    """Holds tasks so that they are neither lost nor left behind."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run a coroutine as a task of its own; a failure is logged, since nobody may be there to hear of it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Give what is running ten seconds, then cancel it: the journal lets the next start finish it."""
        if not self._tasks:
            return
        _, running = await asyncio.wait(self._tasks, timeout=_SHUTDOWN_SECONDS)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("background task failed", error=type(error).__name__)
