"""The commands `export` and `import`: they speak to a server that runs, and need its address and a token."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer()
_URL = "http://127.0.0.1:8000"
_TokenFile = Annotated[Path | None, typer.Option(help="A file with the access token; without it, standard input.")]
_Url = Annotated[str, typer.Option(help="The address of the server.")]


class Conflict(StrEnum):
    """What becomes of a document whose id is taken."""

    FAIL = "fail"
    SKIP = "skip"
    REPLACE = "replace"


@commands.command("export")
def export_documents(organization_id: str, file: Path, url: _Url = _URL, token_file: _TokenFile = None) -> None:
    """Write all documents of an organization to FILE, once they have arrived whole."""
    from schema import transfer_client

    with _explained():
        typer.echo(transfer_client.export_to(file, url, organization_id, _token_from(token_file)))


@commands.command("import")
def import_documents(
    organization_id: str,
    file: Path,
    url: _Url = _URL,
    on_conflict: Conflict = Conflict.FAIL,
    token_file: _TokenFile = None,
) -> None:
    """Bring the documents of FILE into an organization; a broken import goes on where it was."""
    from schema import transfer_client

    with _explained():
        typer.echo(transfer_client.import_from(file, url, organization_id, on_conflict.value, _token_from(token_file)))


@contextmanager
def _explained() -> Iterator[None]:
    from schema.transfer_client import TransferError

    try:
        yield
    except (TransferError, OSError) as error:
        typer.echo(f"tenantry: {error}", err=True)
        raise typer.Exit(1) from None


def _token_from(file: Path | None) -> Callable[[], str]:
    """Return what reads the token: from a file anew each time, since it may be renewed, else once."""
    if file is not None:
        return lambda: file.read_text().strip()
    token = (typer.prompt("Access token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    return lambda: token
