"""The client's side of exports: a file is whole, or there is none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from schema import transfer_client
from schema.transfer_client import TransferError
from tests.storage import transfers

FILE = transfers.file_of([transfers.api_document(n) for n in range(1, 4)])
LINES = FILE.splitlines(keepends=True)


@contextmanager
def answering(status: int, body: bytes, length: int | None = None) -> Iterator[str]:
    """Run a server that answers everything alike; with another length than the body has, the connection breaks."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_whole_export_becomes_the_file(tmp_path: Path) -> None:
    """What has arrived is what is in the file, and nothing else is left."""
    with answering(200, FILE) as url:
        said = transfer_client.export_to(tmp_path / "out", url, "id", lambda: "token")
    assert said.startswith("3 documents, hash ")
    assert (tmp_path / "out").read_bytes() == FILE
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("status", "body", "length", "message"),
    [
        (200, b"".join(LINES[:-1]), None, "cut off"),
        (200, FILE[:-9], None, "cannot be read"),
        (200, FILE[:200], len(FILE), "connection broke"),
        (200, FILE.replace(b'"n":{"$numberInt":"2"}', b'"n":{"$numberInt":"9"}'), None, "manifest"),
        (200, b"".join(LINES[:2]) + b'{"error":{"message":"Sign in."}}\n', None, "has ended: Sign in."),
        (403, b'{"errors":[{"message":"You may not do this."}]}', None, "may not"),
        (401, b"{}", None, "token"),
        (502, b"<html>", None, "502"),
    ],
)
def test_other_answers_leave_the_file_as_it_was(
    tmp_path: Path, status: int, body: bytes, length: int | None, message: str
) -> None:
    """Whatever is wrong is said, and an older export stays."""
    (tmp_path / "out").write_bytes(b"older")
    with answering(status, body, length) as url, pytest.raises(TransferError, match=message):
        transfer_client.export_to(tmp_path / "out", url, "id", lambda: "token")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out", b"older")]
