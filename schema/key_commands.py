"""The command `keys generate`."""

import typer

from auth.algorithms import Algorithm

commands = typer.Typer(help="The keys that access tokens and audit trails are signed with.", no_args_is_help=True)


@commands.command("generate")
def generate(algorithm: Algorithm = Algorithm.EDDSA) -> None:
    """Print a new set of one private key, for TENANTRY_JWT_KEYS or TENANTRY_AUDIT_KEYS."""
    from auth import keys

    typer.echo(keys.generate(algorithm))
