"""A bounded load generator: so many connections, each with one request under way.

It costs as much processor time as a quick server, so that wrk is used for timing where there is one; it counts requests
exactly, which wrk cannot.
"""

import argparse
import asyncio
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.figures import percentile
from benchmarks.http_calls import SEPARATOR

_PIECE = 2**18
_ERRORS = re.compile(rb'"errors":\s*\[\s*\{')
_CHUNKED, _LENGTH = b"transfer-encoding: chunked", re.compile(rb"\r\ncontent-length: *(\d+)")
_TIMEOUT_SECONDS = 60.0
_SHOWN = 500


class Run:
    """What the connections share: the requests to send, and what became of those that were sent."""

    def __init__(self, calls: list[bytes], seconds: float, limit: int | None) -> None:
        self.milliseconds: list[float] = []
        self.errors = 0
        self._end = time.perf_counter() + seconds
        self._calls: Iterator[bytes] = itertools.islice(itertools.cycle(calls), limit)

    def next(self) -> bytes | None:
        """Return the next request, or None at the end."""
        return next(self._calls, None) if time.perf_counter() < self._end else None

    async def connection(self, host: str, port: int) -> None:
        """Send one request after the other over a connection."""
        reader, writer = await asyncio.open_connection(host, port, limit=_PIECE)
        while (call := self.next()) is not None:
            began = time.perf_counter()
            writer.write(call)
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                status, body = await _answer(reader)
            self.milliseconds.append((time.perf_counter() - began) * 1000)
            if status >= 400 or _ERRORS.search(body) is not None:
                self._note_failure(body)
        writer.close()

    def _note_failure(self, body: bytes) -> None:
        """Count a failure, and show the first one."""
        if not self.errors:
            sys.stderr.write(f"{body[:_SHOWN].decode(errors='replace')}\n")
        self.errors += 1


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if _CHUNKED not in head:
        length = _LENGTH.search(head)
        return status, await reader.readexactly(int(length[1])) if length else b""
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return status, body


async def generate(
    url: str, calls: list[bytes], connections: int, seconds: float, limit: int | None
) -> dict[str, float]:
    """Send the calls in turn until the time or their number is over; return the figures as wrk's script prints them."""
    address = urlsplit(url)
    run, began = Run(calls, seconds, limit), time.perf_counter()
    assert address.hostname is not None
    assert address.port is not None
    await asyncio.gather(*(run.connection(address.hostname, address.port) for _ in range(connections)))
    took = sorted(run.milliseconds)
    figures = {"requests": len(took), "seconds": time.perf_counter() - began, "errors": run.errors}
    return figures | {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99)}


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("calls", type=Path, help="a file of whole HTTP requests, divided by NUL")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--requests", type=int, help="how many to send at most")
    given = parser.parse_args()
    calls = given.calls.read_bytes().split(SEPARATOR)
    figures = uvloop.run(generate(given.url, calls, given.connections, given.seconds, given.requests))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
