"""Tenantry's server: settings from the environment, the application, and the command line.

The application's own modules are imported by the functions that need them: they load while the embedded database
starts, so that a second start answers within 2.5 seconds.
"""

import asyncio
import contextlib
import gc
import getpass
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Self, TypedDict, TypeVar

import typer
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

import schema.lean_imports as _lean  # noqa: F401 - before others import what it keeps out
from auth.algorithms import Algorithm
from resolvers.mail_settings import MailSettings
from resolvers.setting_types import CommaSeparated, Lifetime, Networks, Retention
from schema import audit_commands, key_commands, metric_files, operation_commands, transfer_commands
from schema.limits import DocumentLimits, DocumentTrust, TrafficLimits
from schema.metric_settings import MetricSettings
from storage import descriptors, parent_process
from storage.embedded import EmbeddedDatabase, EmbeddedDatabaseError, running_uri
from storage.placements import StoreStrategy

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from auth.key_sets import KeySet
    from auth.keys import KeyRing
    from resolvers.services import Services
    from storage.database import Database

_SHUTDOWN_SECONDS = 30
_PREFIX = "TENANTRY_"
_GARBAGE = (5_000, 2, 2)  # At 700 it takes a twentieth of the processor time; at 10, 10 a worker grows by 10 MB.
_T = TypeVar("_T")
_REQUEST_HEADERS = ["apollo-require-preflight", "graphql-preflight", "Upload-Id", "Upload-Offset"]


class Environment(StrEnum):
    """Where the server runs: production takes no defaults for what has to be kept safe."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SignUp(StrEnum):
    """Who may sign organizations up."""

    OPEN = "open"
    OPERATOR = "operator"


def _not_reserved(name: str) -> str:
    if name in {"admin", "config", "local"}:
        raise ValueError("belongs to MongoDB itself")
    return name


class Settings(DocumentLimits, TrafficLimits, DocumentTrust, MetricSettings, MailSettings, BaseSettings):
    """The settings, each from the environment variable of its name with the prefix `TENANTRY_`, or from `.env`.

    Lifetimes are seconds or ISO 8601 durations (`PT10M`, `P14D`); lists are separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    data_dir: Path = Path("data")
    mongodb_uri: SecretStr | None = None
    database: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,17}$"), AfterValidator(_not_reserved)] = "tenantry"
    tenant_store: StoreStrategy = StoreStrategy.COLLECTION
    environment: Environment = Environment.DEVELOPMENT
    explorable: bool | None = None
    access_token_ttl: Lifetime = timedelta(minutes=10)
    refresh_token_ttl: Lifetime = timedelta(days=14)
    delete_retention: Retention = timedelta(0)
    signup: SignUp = SignUp.OPEN
    cors_origins: CommaSeparated = []
    trusted_proxies: Networks = []
    jwt_algorithm: Algorithm = Algorithm.EDDSA
    jwt_keys: SecretStr | None = None
    jwt_issuer: str = "tenantry"
    jwt_audience: str = "tenantry"
    audit_keys: SecretStr | None = None
    subscriptions_per_organization: Annotated[int, Field(ge=1, le=100_000)] = 1000

    @property
    def is_explorable(self) -> bool:
        """Whether everybody may read the schema."""
        return self.environment is Environment.DEVELOPMENT if self.explorable is None else self.explorable

    @model_validator(mode="after")
    def _explicit_in_production(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("jwt_keys", "audit_keys", "mongodb_uri", "smtp_url", "public_url", "mail_from"):
                if getattr(self, name) is None:
                    raise ValueError(f"{_PREFIX}{name.upper()} has to be set in production")
        return self


class StartupError(Exception):
    """The server cannot start; the message is one line for the person who started it."""


class State(TypedDict):
    """What the lifespan gives to every request."""

    services: "Services"
    keys: "KeyRing"


def load_settings() -> Settings:
    """Read the settings; raise `StartupError` that names the first key that is wrong, without its value."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    if unknown := sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known):
        raise StartupError(f"{unknown[0]}: there is no setting of this name.")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = f"{_PREFIX}{str(first['loc'][0]).upper()}: " if first["loc"] else ""
        raise StartupError(f"{key}{first['msg'].removeprefix('Value error, ')}.") from None


def key_set(settings: Settings, *, audit: bool = False) -> "KeySet":
    """Return where the keys of access tokens are, or those of audit trails: given, or in the data folder."""
    from auth.key_sets import KeySet

    algorithm = Algorithm.EDDSA if audit else settings.jwt_algorithm
    given = settings.audit_keys if audit else settings.jwt_keys
    path = settings.data_dir / ("audit-keys.json" if audit else f"keys.{algorithm.value}.json")
    lifetime = None if audit else settings.access_token_ttl
    return KeySet(algorithm, None if given is None else given.get_secret_value(), path, lifetime)


def load_keys(settings: Settings, *, audit: bool = False) -> "KeyRing":
    """Read the keys of the settings, or those of the data folder, made at the first start. Raises `StartupError`."""
    from auth.keys import InvalidKeySetError

    found = key_set(settings, audit=audit)
    try:
        return found.load()
    except InvalidKeySetError as error:
        name = "DATA_DIR" if found.given is None else "AUDIT_KEYS" if audit else "JWT_KEYS"
        raise StartupError(f"{_PREFIX}{name}: {error}") from None


def connect(settings: Settings) -> "Database":
    """Return the database of the settings, or the embedded one that runs in the data folder. Raises `StartupError`."""
    from storage import startup

    uri = running_uri(settings.data_dir) if settings.mongodb_uri is None else settings.mongodb_uri.get_secret_value()
    if uri is None:
        raise StartupError(f"No embedded database runs in {settings.data_dir}: start one with `python server.py`.")
    try:
        return startup.connect(uri, settings.database)
    except startup.DatabaseStartupError as error:
        raise StartupError(str(error)) from None


def create_app(settings: Settings) -> "Starlette":
    """Build the application: routes, middleware, and a lifespan that opens and closes what requests share."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.responses import RedirectResponse
    from starlette.routing import BaseRoute, Route

    from resolvers import upkeep
    from schema import assembly, audit_downloads, graphql_routes, health, jwks, playground, problems, transfers
    from schema.edge import Application
    from schema.exposition import routes as metric_routes
    from schema.overload import Capacity

    schema = assembly.build(explorable=settings.is_explorable, limits=settings)
    graphql = graphql_routes.routes(
        schema,
        Capacity(settings.max_requests_at_once),
        origins=settings.cors_origins,
        secure_cookies=settings.environment is Environment.PRODUCTION,
    )
    routes: list[BaseRoute] = [
        *graphql,
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/.well-known/jwks.json", jwks.jwks),
        Route("/.well-known/audit-jwks.json", jwks.audit_jwks),
        *metric_routes(settings, os.environ, guarded=settings.environment is Environment.PRODUCTION),
        *transfers.routes(),
        *audit_downloads.routes(),
    ]
    if settings.is_explorable:
        routes += [*playground.routes(), Route("/", RedirectResponse("/graphiql"))]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials="*" not in settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=[*_REQUEST_HEADERS, "Authorization", "Content-Type", "X-Request-ID"],
        expose_headers=["X-Request-ID", "Upload-Id", "Upload-Offset"],
        max_age=3600,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with open_state(settings) as state, upkeep.kept_up(state["services"]):
            yield state

    return Application(
        direct=graphql[:1],
        routes=routes,
        lifespan=lifespan,
        middleware=[cors],
        exception_handlers={HTTPException: problems.http_exception},
    )


@contextlib.asynccontextmanager
async def open_state(settings: Settings) -> AsyncIterator[State]:
    """Open what all requests share, as the settings say; close it at the end."""
    from auth.audit_signatures import AuditSigner
    from auth.tokens import AccessTokens
    from resolvers import services
    from resolvers.mailer import mailer

    keys = load_keys(settings)
    async with services.opened(
        connect(settings),
        tokens=AccessTokens(
            keys, issuer=settings.jwt_issuer, audience=settings.jwt_audience, ttl=settings.access_token_ttl
        ),
        signer=AuditSigner(load_keys(settings, audit=True)),
        mailer=mailer(settings, address=_address(settings), folder=_mails(settings)),
        policy=services.Policy(
            open_signup=settings.signup is SignUp.OPEN,
            store_strategy=settings.tenant_store,
            session_idle=settings.refresh_token_ttl,
            delete_retention=settings.delete_retention,
            verification_period=None if settings.smtp_url is None else settings.verification_period,
            subscriptions_per_organization=settings.subscriptions_per_organization,
            rate_limit=settings.rate_limit,
            anonymous_rate_limit=settings.anonymous_rate_limit,
            rate_limit_url=settings.rate_limit_url,
            most_waiting=settings.max_requests_at_once // 2,
            trusted_documents=settings.trusted_documents,
        ),
    ) as opened:
        yield {"services": opened, "keys": keys}


async def prepare(settings: Settings, *, alone: bool) -> None:
    """Check the database, build its indexes, and finish what a crash left. Raises `StartupError`."""
    from storage import startup

    database = connect(settings)
    try:
        await startup.prepare(database, alone=alone)
    except startup.DatabaseStartupError as error:
        raise StartupError(str(error)) from None
    finally:
        await database.close()


@contextlib.contextmanager
def embedded_database(settings: Settings) -> Iterator[EmbeddedDatabase | None]:
    """Launch the embedded database unless the settings name another; stop it at the end. Raises `StartupError`."""
    if settings.mongodb_uri is not None:
        yield None
        return
    database = EmbeddedDatabase(settings.data_dir)
    try:
        database.launch()
        yield database
    except EmbeddedDatabaseError as error:
        raise StartupError(str(error)) from None
    finally:
        database.stop()


def worker_app() -> "Starlette":
    """Build the application in a worker process, which ends with the server that started it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        parent_process.die_with_parent(server.pid)  # Not os.getppid(): the server may be dead by now.
    settings = load_settings()
    _configure_logging(settings)
    return _load_app(settings)


def _load_app(settings: Settings) -> "Starlette":
    """Build the application of a server process, and have garbage collections pass it over: each would be a pause."""
    gc.disable()
    app = create_app(settings)
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    gc.enable()
    return app


cli = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="The GraphQL server in front of your organizations."
)
operator_cli = typer.Typer(help="The people who run the installation.", no_args_is_help=True)
cli.add_typer(operator_cli, name="operator")
cli.add_typer(key_commands.commands(lambda audit: key_set(load_settings(), audit=audit)), name="keys")
cli.add_typer(operation_commands.commands(load_settings, lambda work: _run(load_settings(), work)), name="operations")
cli.add_typer(transfer_commands.commands)
cli.add_typer(audit_commands.commands, name="audit")


@cli.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Serve, unless a command is given."""
    if context.invoked_subcommand is None:
        serve()


@cli.command()
def serve() -> None:
    """Start the server, and the embedded database unless TENANTRY_MONGODB_URI names another."""
    settings = load_settings()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: sys.exit(0))
    with embedded_database(settings) as embedded:
        import uvicorn
        from uvicorn.supervisors import Multiprocess

        _configure_logging(settings)
        load_keys(settings)
        load_keys(settings, audit=True)
        config = _uvicorn_config(settings)
        if embedded is not None:
            embedded.wait_until_ready()
            embedded.watch()
        asyncio.run(prepare(settings, alone=embedded is not None))
        listener = _listen(settings, config.backlog)
        _announce(settings)
        if settings.workers == 1:
            uvicorn.Server(config).run(sockets=[listener])
        else:
            with metric_files.shared(os.environ):
                Multiprocess(config, sockets=[listener]).run()


@cli.command()
def schema() -> None:
    """Print the schema in the schema definition language."""
    from schema import assembly

    typer.echo(assembly.build(explorable=True).as_str())


@operator_cli.command("create")
def create_operator(email: str) -> None:
    """Make EMAIL an operator; the password is asked for, or read from standard input."""
    settings = load_settings()
    password = _ask_password()
    from resolvers import operators

    _run(settings, lambda services: operators.create(services, email=email, password=password))
    typer.echo(f"{email} is an operator now and logs in with the mutation `login`.")


@audit_commands.commands.command("erase")
def erase_admin(admin_id: str) -> None:
    """Erase what is personal about the admin ADMIN_ID (its global id) from the audit trail, which stays verifiable."""
    from resolvers import erasures
    from schema import ids

    count = _run(load_settings(), lambda services: erasures.erase(services, ids.decode_admin(admin_id)))
    typer.echo(f"The personal values of {count} audit events are erased.")


def _run(settings: Settings, work: Callable[["Services"], Awaitable[_T]]) -> _T:
    """Do something with the database, beside a running server or without one. Raises `StartupError`."""
    with contextlib.ExitStack() as stack:
        if settings.mongodb_uri is None and running_uri(settings.data_dir) is None:
            embedded = stack.enter_context(embedded_database(settings))
            if embedded is not None:
                embedded.wait_until_ready()
        return asyncio.run(_do(settings, work))


async def _do(settings: Settings, work: Callable[["Services"], Awaitable[_T]]) -> _T:
    from auth.errors import TenantryError, UserError

    await prepare(settings, alone=False)
    async with open_state(settings) as state:
        try:
            return await work(state["services"])
        except (UserError, TenantryError) as error:
            raise StartupError(error.message) from None


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise StartupError("The passwords differ.")
    return password


def _uvicorn_config(settings: Settings) -> "uvicorn.Config":
    import uvicorn

    from schema.request_bodies import MAX_MESSAGE_BYTES

    return uvicorn.Config(
        _load_app(settings) if settings.workers == 1 else "server:worker_app",
        factory=settings.workers > 1,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="schema.server_protocols:HTTPProtocol",
        ws="schema.server_protocols:WebSocketProtocol",
        log_config=None,
        access_log=False,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        limit_concurrency=descriptors.affordable(settings.max_connections),
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def _listen(settings: Settings, backlog: int) -> socket.socket:
    """Return a socket that listens on the address of the settings. Raises `StartupError`."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        reason = f"{settings.host}:{settings.port} cannot be used: {error.strerror}"
        raise StartupError(f"{_PREFIX}HOST, {_PREFIX}PORT: {reason}.") from None
    return listener


def _configure_logging(settings: Settings) -> None:
    from schema import logs

    logs.configure(as_json=settings.environment is Environment.PRODUCTION)


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _mails(settings: Settings) -> Path:
    """Return the folder of the mails that no server sends."""
    return settings.data_dir.resolve() / "mails"


def _announce(settings: Settings) -> None:
    address = _address(settings)
    typer.echo(f"GraphQL endpoint  {address}/graphql")
    if settings.is_explorable:
        typer.echo(f"Playground        {address}/graphiql")
    where = settings.data_dir.resolve() if settings.mongodb_uri is None else f"database {settings.database}"
    typer.echo(f"Data              {where}")
    if settings.smtp_url is None:
        typer.echo(f"Mail              {_mails(settings)}")
    sys.stdout.flush()


def main() -> NoReturn:
    """Run the command line; a start that fails says why in one line."""
    try:
        cli(standalone_mode=True)
    except StartupError as error:
        typer.echo(f"tenantry: {error}", err=True)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
