"""Reads the bodies of requests within bounds: so large, so slow, and so much of them at once, and no more."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator

from starlette.requests import ClientDisconnect, Request

from schema import overload
from schema.problems import ProblemError

MAX_BYTES = 5 * 1024 * 1024
_MAX_BYTES_AT_ONCE = 128 * 1024 * 1024
_SMALL_BYTES = 64 * 1024
_SECONDS = 60.0
_SILENCE_SECONDS = 10.0
_CLOSE = {"Connection": "close"}


class Room:
    """The memory that large bodies may take at once; small ones always have room, so that large ones keep none out."""

    def __init__(self) -> None:
        self._taken = 0

    @contextlib.contextmanager
    def share(self) -> Iterator["Share"]:
        """Let a request take some of it, for as long as it needs the body."""
        share = Share(self)
        try:
            yield share
        finally:
            self._taken -= share.taken

    def take(self, size: int) -> None:
        """Take some of it; raise `ProblemError` if there is none left."""
        if self._taken + size > _MAX_BYTES_AT_ONCE:
            raise overload.overloaded()
        self._taken += size


class Share:
    """What one request takes."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0
        self.taken = 0

    async def read(self, request: Request) -> bytes:
        """Return a body; raise `ProblemError` for one that is too large, comes too slowly, or has no room now."""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > MAX_BYTES:
            raise _too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(_SECONDS):
                async for chunk in chunks(request, _SILENCE_SECONDS):
                    self._take(len(chunk))
                    body += chunk
        except ClientDisconnect:
            raise ProblemError(400, "The client went away before the body was complete.") from None
        except TimeoutError:
            raise ProblemError(408, f"The body was not complete after {_SECONDS:.0f} seconds.", _CLOSE) from None
        return bytes(body)

    def _take(self, size: int) -> None:
        self._size += size
        if self._size > MAX_BYTES:
            raise _too_large()
        if self._size > _SMALL_BYTES:
            self._room.take(size)
            self.taken += size


async def chunks(request: Request, silence_seconds: float) -> AsyncGenerator[bytes, None]:
    """Yield what comes of a body; raise `ProblemError` when nothing has come for so long."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(silence_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise ProblemError(408, f"Nothing has come for {silence_seconds:.0f} seconds.", _CLOSE) from None
        if chunk is None:
            return
        yield chunk


def _too_large() -> ProblemError:
    return ProblemError(413, f"The body is larger than {MAX_BYTES} bytes.", _CLOSE)
