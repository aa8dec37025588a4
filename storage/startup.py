"""Readies a database for use: the right kind of server, all indexes built, what a crash left finished."""

from pymongo import IndexModel
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

from storage import (
    admins,
    audit_events,
    audit_trails,
    burned_names,
    checkpoints,
    document_types,
    events,
    idempotency,
    import_records,
    import_staging,
    invitations,
    migrations,
    one_time_tokens,
    organizations,
    outbox,
    persisted_operations,
    rate_budgets,
    recovery,
    sessions,
    slugs,
    throttles,
)
from storage.capabilities import Capabilities
from storage.database import Database
from storage.failures import is_temporary

_AUTHENTICATION_FAILED = 18
_UNAUTHORIZED = 13

INDEXES: dict[str, list[IndexModel]] = {
    rate_budgets.COLLECTION: rate_budgets.INDEXES,
    organizations.COLLECTION: organizations.INDEXES,
    admins.COLLECTION: admins.INDEXES,
    sessions.COLLECTION: sessions.INDEXES,
    slugs.COLLECTION: slugs.INDEXES,
    audit_events.COLLECTION: audit_events.INDEXES,
    audit_trails.CHECKPOINTS: checkpoints.INDEXES,
    events.COLLECTION: events.INDEXES,
    migrations.COLLECTION: migrations.INDEXES,
    burned_names.COLLECTION: burned_names.INDEXES,
    document_types.COLLECTION: document_types.INDEXES,
    import_records.COLLECTION: import_records.INDEXES,
    import_staging.CHUNKS: import_staging.CHUNK_INDEXES,
    idempotency.COLLECTION: idempotency.INDEXES,
    one_time_tokens.COLLECTION: one_time_tokens.INDEXES,
    outbox.COLLECTION: outbox.INDEXES,
    throttles.COLLECTION: throttles.INDEXES,
    invitations.COLLECTION: invitations.INDEXES,
    persisted_operations.COLLECTION: persisted_operations.INDEXES,
}


class DatabaseStartupError(Exception):
    """The database cannot be used; the message is one line for the person who started the server."""


def connect(uri: str, name: str) -> Database:
    """Return the database behind a connection string; nothing is sent yet."""
    try:
        return Database(uri, name)
    except (ConfigurationError, InvalidURI, ValueError):
        raise DatabaseStartupError(
            "TENANTRY_MONGODB_URI is not a connection string that can be used: "
            "expected mongodb://[user:password@]host[:port]/ or mongodb+srv://…, its host names resolvable."
        ) from None


async def prepare(database: Database, *, alone: bool) -> None:
    """Check the server, build the indexes, and finish what a crash left; moves and imports go on when the server runs.

    `alone` says that no other server can be at work on this database, so that nobody's work need be waited for.
    Raises `DatabaseStartupError`.
    """
    try:
        _refuse_standalone(await database.capabilities())
        for collection, indexes in INDEXES.items():
            await database[collection].create_indexes(indexes)
        await recovery.recover_organizations(database, expired_only=not alone)
        if alone:
            await recovery.release(database)
    except PyMongoError as error:
        raise _explain(error) from error


def _refuse_standalone(capabilities: Capabilities) -> None:
    if not capabilities.transactions:
        raise DatabaseStartupError(
            "The database is a standalone mongod, which has no transactions. Make it a replica set of one: "
            "start it with `mongod --replSet rs0`, then run `mongosh --eval 'rs.initiate()'`."
        )


def _explain(error: PyMongoError) -> DatabaseStartupError:
    if isinstance(error, OperationFailure) and error.code == _AUTHENTICATION_FAILED:
        return DatabaseStartupError(
            "The database refused the user name or password: correct TENANTRY_MONGODB_URI (and its authSource)."
        )
    if isinstance(error, OperationFailure) and error.code == _UNAUTHORIZED:
        return DatabaseStartupError(
            "The database user of TENANTRY_MONGODB_URI may not do what is needed: "
            "give it the role readWriteAnyDatabase, and a user name if the string has none."
        )
    if is_temporary(error):
        return DatabaseStartupError(
            "The database does not answer: check that it runs and that the host, port and TLS settings of "
            "TENANTRY_MONGODB_URI are right and not blocked on the way."
        )
    return DatabaseStartupError(f"The database refused to be set up ({type(error).__name__}): {error}")
