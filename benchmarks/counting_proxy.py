"""A proxy between a server and its database that counts the commands: the same for every driver, in no timed run."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from benchmarks.wire_messages import Messages

_PIECE = 2**16


class CountingProxy:
    """Commands that went by since the start, by name."""

    def __init__(self, host: str, port: int) -> None:
        self.commands: Counter[str] = Counter()
        self.port = 0
        self._target = host, port

    async def serve(self) -> asyncio.Server:
        """Listen on a port of its own."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(*self._target)
        try:
            # Not handed on: the streams of Python 3.11 print a traceback of a handler that was cancelled.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(_pass_on(reader, requests, self.commands), _pass_on(answers, writer, None))
        finally:
            for end in (requests, writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: Counter[str] | None) -> None:
    messages = Messages()
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            if commands is not None:
                commands.update(messages.feed(piece))
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def running(host: str, port: int) -> Iterator[CountingProxy]:
    """Run a proxy in a thread of its own."""
    proxy, loop = CountingProxy(host, port), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="counting-proxy", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(proxy.serve(), loop).result()
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
