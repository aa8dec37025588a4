"""Reads the bodies of requests within bounds: so large, so slow, and so much of them at once, and no more."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Self

from starlette.requests import ClientDisconnect, Request

from schema import overload
from schema.problems import ProblemError

MAX_BYTES = 5 * 1024 * 1024
MAX_MESSAGE_BYTES = 256 * 1024  # Of a WebSocket, whose messages are read whoever sends them.
_MAX_BYTES_AT_ONCE = 128 * 1024 * 1024
SMALL_BYTES = 64 * 1024
_BYTES_OF_A_VALUE = 32
_SECONDS = 60.0
_SILENCE_SECONDS = 10.0
_CLOSE = {"Connection": "close"}


class Room:
    """The memory that large bodies may take at once; small ones always have room, so that large ones keep none out."""

    def __init__(self) -> None:
        self._taken = 0

    def share(self) -> "Share":
        """Let a request take some of it, for as long as it needs the body: as a context manager."""
        return Share(self)

    def take(self, size: int) -> None:
        """Take some of it; raise `ProblemError` if there is none left."""
        if self._taken + size > _MAX_BYTES_AT_ONCE:
            raise overload.overloaded()
        self._taken += size

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size


class Share:
    """What one request takes, and gives back when it needs it no more."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0
        self.taken = 0

    def __enter__(self) -> Self:
        """Begin to take."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what was taken."""
        self._room.give_back(self.taken)

    async def read(self, request: Request) -> bytes:
        """Return a body; raise `ProblemError` for one that is too large, comes too slowly, or has no room now."""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > MAX_BYTES:
            raise _too_large()
        body, deadline = bytearray(), time.monotonic() + _SECONDS
        while True:
            try:
                chunk, is_last = await _receive(request, _SILENCE_SECONDS)
            except ClientDisconnect:
                raise ProblemError(400, "The client went away before the body was complete.") from None
            if time.monotonic() > deadline:
                raise ProblemError(408, f"The body was not complete after {_SECONDS:.0f} seconds.", _CLOSE)
            self._take(len(chunk))
            body += chunk
            if is_last:
                return bytes(body)

    def hold(self, body: bytes) -> None:
        """Take what a body comes to when it is decoded; raise `ProblemError` if there is no room for it now.

        An empty list is three bytes of JSON, and some sixty of memory. Signs within texts count as well.
        """
        if len(body) > SMALL_BYTES:
            values = sum(body.count(sign) for sign in (b",", b"[", b"{"))
            size = min(_BYTES_OF_A_VALUE * values, _MAX_BYTES_AT_ONCE // 2)
            self._room.take(size)
            self.taken += size

    def _take(self, size: int) -> None:
        self._size += size
        if self._size > MAX_BYTES:
            raise _too_large()
        if self._size > SMALL_BYTES:
            self._room.take(size)
            self.taken += size


async def chunks(request: Request, silence_seconds: float) -> AsyncGenerator[bytes, None]:
    """Yield what comes of a body; raise `ProblemError` when nothing has come for so long, `ClientDisconnect`."""
    is_last = False
    while not is_last:
        chunk, is_last = await _receive(request, silence_seconds)
        if chunk:
            yield chunk


async def _receive(request: Request, silence_seconds: float) -> tuple[bytes, bool]:
    """Return the next part of a body, and whether it is the last one. Raises `ClientDisconnect`, `ProblemError`."""
    try:
        async with asyncio.timeout(silence_seconds):
            message = await request.receive()
    except TimeoutError:
        raise ProblemError(408, f"Nothing has come for {silence_seconds:.0f} seconds.", _CLOSE) from None
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), not message.get("more_body", False)


def _too_large() -> ProblemError:
    return ProblemError(413, f"The body is larger than {MAX_BYTES} bytes.", _CLOSE)
