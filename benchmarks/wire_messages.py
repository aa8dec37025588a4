"""MongoDB's wire protocol, as far as it takes to tell which commands go by."""

import struct
from collections.abc import Iterator

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
_DRIVERS_OWN = frozenset({"hello", "ismaster", "isMaster", "ping", "saslStart", "saslContinue", "endSessions"})


class Messages:
    """The messages of one direction of one connection, which arrive in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        """Take a piece and yield the commands that are complete with it, those that drivers send by themselves not."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            length, _, _, operation = _HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length:
                return
            message = bytes(self._buffer[_HEADER.size : length])
            del self._buffer[:length]
            if operation == _OP_MSG and (command := command_of(message)) not in _DRIVERS_OWN:
                yield command


def command_of(message: bytes) -> str:
    """Return the name of the command in the body of an OP_MSG: the first key of its section of kind 0."""
    at = 4  # Behind the flags.
    while message[at] == 1:
        at += 1 + struct.unpack_from("<i", message, at + 1)[0]
    first_key = at + 1 + 4 + 1  # Behind the section's kind, the length of its document, the type of the first value.
    return message[first_key : message.index(0, first_key)].decode()
