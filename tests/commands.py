"""How tests see which commands a client sends to the database."""

import threading
from dataclasses import dataclass

from pymongo import monitoring

from server import Settings
from storage.database import Database

_OF_CONNECTIONS = {"saslStart", "saslContinue", "endSessions"}


class Listener(monitoring.CommandListener):
    """Takes no notice of anything; the driver calls it in threads."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Take no notice of a command."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Take no notice of its success."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Take no notice of its failure."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, the collection that it is about, and whether it is one of a transaction."""

    name: str
    target: str
    in_transaction: bool


class Commands(Listener):
    """Notes the commands of a client, but for those of opening and closing connections."""

    def __init__(self) -> None:
        self.seen: list[Command] = []
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The names of the commands, in the order in which they were sent."""
        return [command.name for command in self.seen]

    def targets(self, name: str) -> list[str]:
        """Return the collections that commands of this name were about."""
        return [command.target for command in self.seen if command.name == name]

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        name, command = event.command_name, event.command
        if name not in _OF_CONNECTIONS:
            with self._lock:
                self.seen.append(Command(name, str(command.get(name, "")), command.get("autocommit") is False))


def watched(settings: Settings, listener: monitoring.CommandListener) -> Database:
    """Return another client of a test's database, which is listened to."""
    assert settings.mongodb_uri is not None
    return Database(settings.mongodb_uri.get_secret_value(), settings.database, listeners=[listener])
