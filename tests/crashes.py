"""Crashes at a certain command."""

import asyncio
import random
import threading
from collections.abc import Coroutine
from typing import Any

from pymongo import monitoring

from storage.database import Database


class Crash(monitoring.CommandListener):
    """Cuts a task off when it sends its n-th command; a transaction that is under way comes to its own end."""

    database: Database

    def __init__(self, every: int = 1) -> None:
        self._every = every
        self._lock = threading.Condition()
        self._under_way = 0
        self._left = -1
        self._task: asyncio.Task[Any] | None = None

    def after(self, number: int, step: int = 1) -> int:
        """Return at which command to cut off next, after this one (at first 0): of those asked for every n-th.

        With `--every` above 1 they begin with any one, so that runs together try them all.
        """
        stride = step * self._every
        return number + (stride if number else 1 + random.randrange(stride))

    async def run(self, work: Coroutine[Any, Any, Any], at_command: int) -> bool:
        """Run the work as a task, cut off at a command; tell whether it came to its end all the same."""
        loop = asyncio.get_running_loop()
        self._task, self._left = loop.create_task(work), at_command
        await asyncio.wait([self._task])
        await self.database.settle()
        self._left = -1
        await loop.run_in_executor(None, self._wait_for_commands)
        if not self._task.cancelled():
            self._task.result()
        return not self._task.cancelled()

    def started(self, event: monitoring.CommandStartedEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Count a command; at the last one, cut the task off."""
        with self._lock:
            self._under_way += 1
            self._left -= 1
            if self._left == 0 and self._task is not None:
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Note that a command is over."""
        with self._lock:
            self._under_way -= 1
            self._lock.notify_all()

    failed = succeeded  # type: ignore[assignment] # of both nothing but the number counts

    def _wait_for_commands(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._under_way == 0, timeout=10)
