"""The commands `audit …`; `audit verify` needs neither a server nor a database, only public keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from auth.audit_files import TrailReport
    from auth.audit_signatures import AuditKeys

commands = typer.Typer(help="The audit trails of organizations.", no_args_is_help=True)
_MAX_CERTIFICATE_BYTES = 65_536


@commands.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="A trail as downloaded, or a certificate of erasure.")],
    jwks: Annotated[Path, typer.Option(help="A file with the public keys of /.well-known/audit-jwks.json.")],
) -> None:
    """Check FILE with public keys alone, and print what was checked, or where it first breaks."""
    from auth.keys import InvalidKeySetError

    try:
        keys, certificate = _read_keys(jwks), _certificate(file)
        found = _trail(file, keys) if certificate is None else _certified(certificate, keys)
    except (OSError, InvalidKeySetError) as error:
        raise _refusal(str(error)) from None
    typer.echo(found)


def _read_keys(file: Path) -> "AuditKeys":
    from auth.audit_signatures import AuditKeys

    return AuditKeys.from_json(file.read_bytes())


def _certificate(file: Path) -> str | None:
    """Return the certificate in a file, or None if the file holds anything else."""
    with file.open("rb") as opened:
        begin = opened.read(_MAX_CERTIFICATE_BYTES).strip()
    return begin.decode("ascii") if begin.isascii() and begin.startswith(b"ey") else None


def _trail(file: Path, keys: "AuditKeys") -> str:
    from auth import audit_files
    from auth.audit_trail import TrailBreakError

    try:
        with file.open("rb") as opened:
            return _reported(audit_files.verify_trail(opened, keys))
    except TrailBreakError as error:
        raise _refusal(f"The trail breaks at event {error.seq} ({error.reason}): {error.message}") from None


def _certified(certificate: str, keys: "AuditKeys") -> str:
    from auth import audit_files

    payload = audit_files.verify_certificate(certificate, keys)
    if payload is None:
        raise _refusal("The certificate is not signed with any of the keys.")
    return "\n".join(["The certificate is genuine.", *_stated(payload)])


def _reported(report: "TrailReport") -> str:
    counted = f"The trail is intact: {report.events} events, {report.checkpoints} checkpoints."
    lines = [counted, f"organization {report.organization}", f"head {report.events} {report.hash}"]
    if report.events:
        lines.append(f"from {report.first_at} to {report.last_at}")
    return "\n".join([*lines, f"signed {report.signed_at}"])


def _stated(payload: Mapping[str, Any]) -> list[str]:
    """Return what a certificate says, one line a statement."""
    flat: dict[str, Any] = {}
    for name, value in payload.items():
        flat |= {f"{name}.{part}": one for part, one in value.items()} if isinstance(value, dict) else {name: value}
    return [f"{name} {value}" for name, value in flat.items()]


def _refusal(message: str) -> typer.Exit:
    typer.echo(f"tenantry: {message}", err=True)
    return typer.Exit(1)
