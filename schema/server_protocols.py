"""The web server's protocols, with what it leaves open: clients that do not read are cut, streams end when it stops.

What a client does not read stays in memory, and neither closing a connection nor anything else gets through to it.
"""

import asyncio
import socket
import struct
import time
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_PATIENCE_SECONDS = 10.0
_CHECK_SECONDS = 1.0
_AT_ONCE = struct.pack("ii", 1, 0)
_KEY = "tenantry.stopping"


def stopping(scope: Scope) -> asyncio.Event:
    """Return the event that is set when the server stops: to be asked for by a response that has no end of its own."""
    return cast("asyncio.Event", scope.setdefault(_KEY, asyncio.Event()))


class _Patience:
    """Cuts a connection that has had something to send for ten seconds, of which the client took nothing."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Hear that the client does not take all that is to be sent."""
        self._wait(self._transport.get_write_buffer_size(), time.monotonic())

    def end(self) -> None:
        """Hear that the client has taken it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, unsent: int, since: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(_CHECK_SECONDS, self._check, unsent, since)

    def _check(self, before: int, since: float) -> None:
        unsent = self._transport.get_write_buffer_size()
        if unsent < before:
            self._wait(unsent, time.monotonic())
        elif time.monotonic() - since < _PATIENCE_SECONDS:
            self._wait(unsent, since)
        else:
            # The kernel is to let go of what it has taken to send, too.
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()


class HTTPProtocol(HttpToolsProtocol):
    """HTTP. Only a stream of events has to be read in time: whoever downloads a file may take longer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Begin."""
        super().connection_made(transport)
        self._patience = _Patience(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._patience.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Hear that the client reads too slowly."""
        super().pause_writing()
        if self._stream is not None:
            self._patience.begin()

    def resume_writing(self) -> None:
        """Hear that the client has caught up."""
        self._patience.end()
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish the response that is under way, also if it would go on for ever."""
        super().shutdown()
        if self._stream is not None:
            self._stream.set()

    @property
    def _stream(self) -> asyncio.Event | None:
        scope = getattr(self.cycle, "scope", {})  # Before the first request there is no cycle.
        return cast("asyncio.Event | None", scope.get(_KEY))


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSocket. A message is on its way, out of our memory, before the next one is made."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)
        self._patience = _Patience(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._patience.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Hear that the client reads too slowly."""
        super().pause_writing()
        self._patience.begin()

    def resume_writing(self) -> None:
        """Hear that the client has caught up."""
        self._patience.end()
        super().resume_writing()
