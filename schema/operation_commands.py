"""The commands `operations …`: which documents are registered."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schema.limits import DocumentLimits

if TYPE_CHECKING:
    from resolvers.services import Services
    from storage.persisted_operations import Manifest

Runner = Callable[[Callable[["Services"], Awaitable[Any]]], Any]
_File = Annotated[Path, typer.Argument(help="A manifest of graphql-codegen, Apollo or Relay.")]
_Id = Annotated[str, typer.Argument(help="The id of the manifest, as `operations list` shows it.")]


def commands(limits: Callable[[], DocumentLimits], run: Runner) -> typer.Typer:
    """Return the commands for the documents of an installation; `run` gives work the database."""
    group = typer.Typer(help="The registered documents.", no_args_is_help=True)

    @group.command("load")
    def load(file: _File) -> None:
        """Register the documents of FILE, all or none: each has to fit the schema and the limits."""
        _load(_manifest(file, limits()), run)

    @group.command("list")
    def show() -> None:
        """Show the manifests, the newest first."""
        from resolvers import persisted_operations

        for found in run(persisted_operations.manifests):
            typer.echo(f"{found.id}  {found.loaded_at:%Y-%m-%d %H:%M}  {found.documents} documents  {found.name}")

    @group.command("remove")
    def remove(manifest_id: _Id) -> None:
        """Remove a manifest; documents that others have, too, stay."""
        from resolvers import persisted_operations

        run(lambda services: persisted_operations.unregister(services, manifest_id))
        typer.echo(f"The manifest {manifest_id} is removed. Servers that run follow within seconds.")

    return group


def _load(manifest: "Manifest", run: Runner) -> None:
    from resolvers import persisted_operations

    if run(lambda services: persisted_operations.register(services, manifest)):
        count = len(manifest.documents)
        typer.echo(f"{count} documents are registered as {manifest.id}. Servers that run follow within seconds.")
    else:
        typer.echo(f"This manifest is registered already, as {manifest.id}.")


def _manifest(file: Path, limits: DocumentLimits) -> "Manifest":
    """Read a manifest and check it whole; print a line for each document that is wrong."""
    from schema import assembly, manifests
    from storage.persisted_operations import Manifest

    try:
        documents = manifests.read(file.read_bytes())
    except (OSError, manifests.ManifestError) as error:
        raise _refusal([str(error)]) from None
    problems = list(manifests.problems(assembly.build(explorable=True, limits=limits), documents))
    if problems:
        raise _refusal(problems)
    return Manifest(file.name, documents)


def _refusal(problems: list[str]) -> typer.Exit:
    for problem in problems:
        typer.echo(f"tenantry: {problem}", err=True)
    return typer.Exit(1)
