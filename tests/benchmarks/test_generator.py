"""The load generator of the repository, before a server that answers in every way that the peers do."""

import asyncio
import itertools

from benchmarks import generator
from benchmarks.http_calls import Call

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"errors": [{}]}',
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
)


async def test_requests_are_counted_exactly_and_errors_are_seen() -> None:
    """Each answer is read to its end, errors of GraphQL and of HTTP count, and the limit is kept over connections."""
    seen: list[bytes] = []
    answers = itertools.cycle(_ANSWERS)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            seen.append(head)
            writer.write(next(answers))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    calls = [Call("GET", path).encode("localhost") for path in ("/one", "/two")]
    figures = await generator.generate(f"http://127.0.0.1:{port}", calls, 3, 60, 12)
    server.close()
    assert (figures["requests"], figures["errors"]) == (12, 6)
    assert sorted(set(seen)) == [b"GET /one HTTP/1.1\r\n", b"GET /two HTTP/1.1\r\n"]
    assert 0 < figures["p50"] <= figures["p99"]
