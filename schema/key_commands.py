"""The commands `keys …`."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from auth.algorithms import Algorithm

if TYPE_CHECKING:
    from auth.key_sets import KeySet

_Audit = Annotated[bool, typer.Option("--audit", help="The keys of audit trails, not those of access tokens.")]
_Kid = Annotated[str, typer.Argument(help="The id of the key, as `keys list` shows it.")]
_Now = Annotated[bool, typer.Option("--now", help="At once: for a key that somebody else may have.")]


def commands(key_set: Callable[[bool], "KeySet"]) -> typer.Typer:
    """Return the commands for the key sets of an installation: that of audit trails, or that of access tokens."""
    group = typer.Typer(help="The keys that access tokens and audit trails are signed with.", no_args_is_help=True)
    group.command("generate")(generate)

    @group.command("list")
    def show(*, audit: _Audit = False) -> None:
        """Show the keys, the newest first."""
        _list(key_set(audit))

    @group.command("rotate")
    def rotate(*, audit: _Audit = False) -> None:
        """Put a new key in front, which signs from now on; the others go on verifying."""
        _rotate(key_set(audit))

    @group.command("retire", context_settings={"ignore_unknown_options": True})  # One id in 64 begins with a dash.
    def retire(kid: _Kid, *, now: _Now = False, audit: _Audit = False) -> None:
        """Take a key out when no token needs it any more; of a key of audit trails the public half stays for good."""
        _retire(key_set(audit), kid, now=now)

    return group


def generate(algorithm: Algorithm = Algorithm.EDDSA) -> None:
    """Print a new set of one private key, for TENANTRY_JWT_KEYS or TENANTRY_AUDIT_KEYS."""
    from auth import keys

    typer.echo(keys.generate(algorithm))


def _list(key_set: "KeySet") -> None:
    from auth.keys import InvalidKeySetError

    try:
        found = key_set.summaries()
    except InvalidKeySetError as error:
        _refuse(error)
    for key in found:
        use = "signs, verifies" if key.signs else "verifies" if key.private else "verifies (public half)"
        typer.echo(f"{key.kid}  {key.algorithm.value}  {_day(key.created_at)}  {use}")


def _rotate(key_set: "KeySet") -> None:
    from auth.keys import InvalidKeySetError

    try:
        text = key_set.rotate()
    except InvalidKeySetError as error:
        _refuse(error)
    _tell(key_set, text, "A new key signs; the others go on verifying.")


def _retire(key_set: "KeySet", kid: str, *, now: bool) -> None:
    from auth.keys import InvalidKeySetError

    try:
        text = key_set.retire(kid, now=now)
    except InvalidKeySetError as error:
        _refuse(error)
    kept = key_set.token_lifetime is None
    _tell(key_set, text, f"{kid} {'verifies only: its private half is gone' if kept else 'counts no more'}.")


def _tell(key_set: "KeySet", text: str, done: str) -> None:
    """Say what was done to a file; a set that is in the settings themselves is printed to be put there."""
    if key_set.file is not None:
        typer.echo(f"{done} Servers that run follow within seconds.")
        return
    typer.echo("Nothing is changed yet: put this set in place of the one in the settings, and restart.", err=True)
    typer.echo(text)


def _day(at: datetime | None) -> str:
    return "unknown" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _refuse(error: Exception) -> NoReturn:
    typer.echo(f"tenantry: {error}", err=True)
    sys.exit(1)
