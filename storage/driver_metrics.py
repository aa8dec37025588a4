"""The listener to the driver, which times its commands. It runs in the driver's threads.

One to the driver's pool would cost as much again for each command; how many commands are under way says the same.
"""

import functools

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from storage import metrics

_MICROSECONDS = 1_000_000
_seconds_of = functools.cache(metrics.COMMAND_SECONDS.labels)


class CommandTimer(CommandListener):
    """Times commands by their names, which are the driver's and ours."""

    def started(self, event: CommandStartedEvent) -> None:  # noqa: ARG002 - the driver's signature
        """Hear that a command is sent."""
        metrics.COMMANDS_IN_PROGRESS.inc()

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Hear that a command was answered."""
        metrics.COMMANDS_IN_PROGRESS.dec()
        _seconds_of(event.command_name).observe(event.duration_micros / _MICROSECONDS)

    def failed(self, event: CommandFailedEvent) -> None:
        """Hear that a command has failed."""
        metrics.COMMANDS_IN_PROGRESS.dec()
        _seconds_of(event.command_name).observe(event.duration_micros / _MICROSECONDS)
        metrics.COMMAND_FAILURES.labels(event.command_name).inc()
