"""The client's side of export and import: files whole or not at all, and uploads that survive a broken connection."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from storage import transfer_format
from storage.transfer_format import DocumentLine, LineError, Manifest, Tally

_TIMEOUT = httpx.Timeout(30.0, read=90.0)
_PIECE_BYTES = 256 * 1024
_ATTEMPTS = 12
_FIRST_PAUSE, _MAX_PAUSE = 0.25, 10.0
_POLL_SECONDS = 0.5
_TEMPORARY = {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_DONE, _FAILED, _RECEIVING = "DONE", "FAILED", "RECEIVING"

Token = Callable[[], str]


class TransferError(Exception):
    """An export or import has failed; the message is for the person who asked for it."""


def export_to(file: Path, url: str, organization_id: str, token: Token) -> str:
    """Write an export to a file, which gets its name when all has arrived; return what to say of it.

    Raises `TransferError`; the file is as it was before then.
    """
    partial = file.with_name(f"{file.name}.part")
    try:
        with _client(url, token) as http, partial.open("wb") as target, _progress() as progress:
            task = progress.add_task("export", total=None)
            with http.stream("GET", f"/organizations/{quote(organization_id, safe='')}/export") as response:
                _refuse(response)
                manifest = _receive(response, lambda line: progress.advance(task, target.write(line)))
        partial.replace(file)
    except httpx.TransportError as error:
        raise TransferError(f"The connection broke ({type(error).__name__}): begin again.") from None
    finally:
        partial.unlink(missing_ok=True)
    return f"{manifest.documents} documents, hash {manifest.hash}"


def import_from(file: Path, url: str, organization_id: str, on_conflict: str, token: Token) -> str:
    """Send a file to be imported; return what to say of the outcome. Raises `TransferError`.

    What was sent is noted beside the file until there is an outcome, so that the same command goes on after a crash.
    """
    path = f"/organizations/{quote(organization_id, safe='')}/import"
    note = file.with_name(f"{file.name}.upload")
    upload_id = _noted_upload(note, {"path": path, "onConflict": on_conflict, **_state_of(file)})
    with _client(url, token) as http, _progress() as progress:
        upload = _Upload(http, path, upload_id, on_conflict, file)
        task = progress.add_task("import", total=file.stat().st_size)
        outcome = upload.run(lambda sent: progress.update(task, completed=sent))
    note.unlink()
    if outcome["state"] == _FAILED:
        raise TransferError("Nothing was imported.\n" + "\n".join(_describe(error) for error in outcome["errors"]))
    counts = ", ".join(f"{outcome[name]} {name}" for name in ("inserted", "replaced", "skipped"))
    verified = "; the store was read back and holds exactly these" if outcome["verified"] else ""
    return f"{outcome['documents']} documents ({counts}), hash {outcome['hash']}{verified}"


@dataclass(frozen=True, slots=True)
class _Upload:
    """One file on its way to one organization."""

    http: httpx.Client
    path: str
    id: str
    on_conflict: str
    file: Path

    def run(self, show: Callable[[int], object]) -> dict[str, Any]:
        """Send what the server does not have, as often as it takes; return the outcome."""
        failures, known = 0, -1
        while True:
            try:
                seen = self._look()
                if seen["state"] in {_DONE, _FAILED}:
                    return seen
                if seen["received"] > known or seen["state"] != _RECEIVING:
                    failures, known = 0, seen["received"]
                show(seen["received"])
                if seen["state"] == _RECEIVING:
                    failures += self._send(seen["received"], show)
                else:
                    time.sleep(_POLL_SECONDS)
            except httpx.TransportError as error:
                failures += 1
                if failures == _ATTEMPTS:
                    raise TransferError(f"The server cannot be reached ({type(error).__name__}).") from None
            if failures:
                time.sleep(min(_MAX_PAUSE, _FIRST_PAUSE * 2**failures))
            if failures >= _ATTEMPTS:
                raise TransferError("The server does not take the file: try again later.")

    def _look(self) -> dict[str, Any]:
        response = self.http.get(f"{self.path}/{self.id}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return {"state": _RECEIVING, "received": 0}
        if response.status_code in _TEMPORARY:
            raise httpx.ReadError("The server is busy.")
        _refuse(response)
        seen: dict[str, Any] = response.json()
        return seen

    def _send(self, offset: int, show: Callable[[int], object]) -> bool:
        """Send the file from there on; tell whether it has to be tried again later."""
        headers = {"Upload-Id": self.id, "Upload-Offset": str(offset)}
        query = {"onConflict": self.on_conflict}
        response = self.http.post(self.path, params=query, headers=headers, content=self._pieces(offset, show))
        if response.status_code in _TEMPORARY and ("Retry-After" in response.headers):
            return True
        if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and "Upload-Offset" not in response.headers:
            return False
        if response.status_code != HTTPStatus.CONFLICT or "Upload-Offset" not in response.headers:
            _refuse(response)
        return False

    def _pieces(self, offset: int, show: Callable[[int], object]) -> Iterator[bytes]:
        with self.file.open("rb") as source:
            source.seek(offset)
            while piece := source.read(_PIECE_BYTES):
                yield piece
                show(source.tell())


def _receive(response: httpx.Response, write: Callable[[bytes], object]) -> Manifest:
    """Take the lines of an export; return the manifest, which agrees with them. Raises `TransferError`."""
    tally = Tally()
    found: object = None
    for line in _lines(response):
        write(line)
        try:
            found = transfer_format.read(line)
        except LineError:
            raise TransferError(_reason(line)) from None
        if isinstance(found, DocumentLine):
            tally.add(transfer_format.type_of(found.document), found.content)
    if not isinstance(found, Manifest):
        raise TransferError("The export is cut off: begin again.")
    if transfer_format.differences(found, tally):
        raise TransferError("The export is not what its manifest says: begin again.")
    return found


def _lines(response: httpx.Response) -> Iterator[bytes]:
    """Yield the lines of a response, each with its end."""
    pending = b""
    for piece in response.iter_bytes():
        *lines, pending = (pending + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if pending:
        yield pending


def _reason(line: bytes) -> str:
    """Return why an export has ended, if its last line says so."""
    try:
        return f"The export has ended: {json.loads(line)['error']['message']}"
    except (ValueError, LookupError, TypeError):
        return "The export has a line that cannot be read."


def _refuse(response: httpx.Response) -> None:
    """Raise `TransferError` with what the server says, unless it has done what was asked for."""
    if response.is_success:
        return
    response.read()
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise TransferError("The access token does not count (any more): sign in, and repeat the command.")
    try:
        errors = response.json()["errors"]
        raise TransferError("\n".join(_describe(error) for error in errors))
    except (ValueError, LookupError, TypeError):
        raise TransferError(f"The server answers {response.status_code}.") from None


def _describe(error: Mapping[str, Any]) -> str:
    line = "" if error.get("line") is None else f"line {error['line']}: "
    path = f" ({'.'.join(error['path'])})" if error.get("path") else ""
    return f"{line}{error['message']}{path}"


def _noted_upload(note: Path, about: Mapping[str, Any]) -> str:
    """Return the id of the upload that was noted for the same file and purpose, or a new one, noted."""
    try:
        noted = json.loads(note.read_text())
        if noted["about"] == about:
            return str(uuid.UUID(noted["uploadId"]))
    except (OSError, ValueError, LookupError, TypeError):
        pass
    upload_id = str(uuid.uuid4())
    note.write_text(json.dumps({"uploadId": upload_id, "about": about}))
    return upload_id


def _state_of(file: Path) -> dict[str, int]:
    stat = file.stat()
    return {"size": stat.st_size, "modified": stat.st_mtime_ns}


def _client(url: str, token: Token) -> httpx.Client:
    def authorize(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {token()}"

    return httpx.Client(base_url=url, timeout=_TIMEOUT, event_hooks={"request": [authorize]})


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, transient=True)
