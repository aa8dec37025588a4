"""The web server's protocols, with what it leaves open: clients that are slow, or many, and streams without an end.

What a client does not read stays in memory, and neither closing a connection nor anything else gets through to it. So
does what it sends of the head of a request, which has no end until the client says so.
"""

import asyncio
import functools
import ipaddress
import socket
import struct
import time
from collections import Counter
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from schema import metrics

_PATIENCE_SECONDS = 10.0
_CHECK_SECONDS = 1.0
_HEAD_SECONDS = 10.0
_MAX_HEAD_BYTES = 64 * 1024
_MAX_PIPELINED = 16
_SHARE_OF_AN_ADDRESS = 10
_NO_REQUEST = "HTTP/1.1 {status}\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
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


class _Head:
    """The head of the next request: it has to come within ten seconds, and to be no longer than 64 KiB."""

    def __init__(self, protocol: "HTTPProtocol") -> None:
        self._protocol = protocol
        self._timer: asyncio.TimerHandle | None = None
        self._size = 0
        self.is_awaited = True

    def add(self, size: int) -> None:
        """Hear that so much has come of it, and that it is not complete."""
        self._size += size
        self.begin()
        if self._size > _MAX_HEAD_BYTES:
            self._protocol.refuse("431 Request Header Fields Too Large")

    def begin(self) -> None:
        """Let the time run."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_HEAD_SECONDS, self._protocol.refuse, "408 Request Timeout")

    def end(self) -> None:
        """Hear that it is complete, or that there is to be none."""
        self.is_awaited = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Connections:
    """How many connections each address has to this process."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, address: str) -> int:
        """Count one more; return how many there are."""
        self._counts[address] += 1
        return self._counts[address]

    def remove(self, address: str) -> None:
        """Count one less."""
        self._counts[address] -= 1
        if self._counts[address] <= 0:
            del self._counts[address]


_connections = _Connections()


@functools.lru_cache(maxsize=4096)
def _is_shared(address: str, proxies: tuple[str, ...]) -> bool:
    """Tell whether others may be behind an address: a trusted proxy, or this machine itself."""
    if address in {"127.0.0.1", "::1", ""}:
        return True
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(proxy) for proxy in proxies)


def _address(client: tuple[str, int] | None) -> str:
    return "" if client is None else client[0]


class HTTPProtocol(HttpToolsProtocol):
    """HTTP. Only a stream of events has to be read in time: whoever downloads a file may take longer.

    There are as many connections as `limit_concurrency` says, WebSockets included, and no address has more than a tenth
    of them: a loopback one and a trusted proxy excepted, behind which are others.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Begin."""
        super().connection_made(transport)
        self.limit_concurrency = (
            None  # By it, uvicorn would refuse the requests of all when there are as many as may be.
        )
        metrics.HTTP_CONNECTIONS.inc()
        self._patience = _Patience(transport)
        self._head = _Head(self)
        self._head.begin()
        self._address = _address(self.client)
        if self._is_too_many(_connections.add(self._address)):
            metrics.REFUSED_CONNECTIONS.inc()
            self.refuse("503 Service Unavailable")

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        metrics.HTTP_CONNECTIONS.dec()
        _connections.remove(self._address)
        self._head.end()
        self._patience.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self.transport.is_closing():
            return
        before = self._head if self._head.is_awaited else None
        super().data_received(data)
        if before is self._head and self._head.is_awaited and not self.transport.is_closing():
            self._head.add(len(data))

    def on_headers_complete(self) -> None:
        """Hear that the head is complete. Raises `RuntimeError`, which closes the connection, if too many wait."""
        self._head.end()
        super().on_headers_complete()
        if len(self.pipeline) > _MAX_PIPELINED:
            raise RuntimeError("A connection has at most sixteen requests that wait for their turn.")

    def on_message_complete(self) -> None:
        """Hear that the request is complete: what comes now is the next one."""
        super().on_message_complete()
        self._head.end()
        self._head = _Head(self)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on, which counts it."""
        metrics.HTTP_CONNECTIONS.dec()
        _connections.remove(self._address)
        super().handle_websocket_upgrade()

    def refuse(self, status: str) -> None:
        """Close the connection, and say why."""
        self._head.end()
        self.transport.write(_NO_REQUEST.format(status=status).encode())
        self.transport.close()

    def _is_too_many(self, of_address: int) -> bool:
        limit = self.config.limit_concurrency
        if limit is None:
            return False
        if len(self.connections) > limit:
            return True
        if of_address <= max(1, limit // _SHARE_OF_AN_ADDRESS):
            return False
        return not _is_shared(self._address, tuple(self.config.forwarded_allow_ips))

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
        metrics.WEBSOCKETS.inc()
        _connections.add(_address(self.client))
        self.transport.set_write_buffer_limits(high=0)
        self._patience = _Patience(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        metrics.WEBSOCKETS.dec()
        _connections.remove(_address(self.client))
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
