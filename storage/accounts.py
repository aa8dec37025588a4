"""Changes that touch an account and its sessions together, each one transaction."""

from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from pymongo.errors import DuplicateKeyError

from auth.identifiers import SessionId
from storage import admins, sessions
from storage.admins import AccountRecord, AdminRecord, OperatorRecord
from storage.conflicts import EmailTakenError
from storage.database import Database, Session
from storage.sessions import SessionRecord


class AdminChanges(TypedDict, total=False):
    """The fields of an admin that it can change itself."""

    name: str | None
    email: str
    password_hash: str


class PasswordChangedError(Exception):
    """The password is no longer the one that was checked."""


async def create_operator(database: Database, operator: OperatorRecord) -> None:
    """Store a new operator; raise `EmailTakenError` if the email has an account."""
    try:
        await admins.insert_operator(database, operator)
    except DuplicateKeyError:
        raise EmailTakenError from None


async def log_in(
    database: Database, account: AccountRecord, session: SessionRecord, *, at: datetime, password_hash: str
) -> AccountRecord:
    """Open a session for an account whose password was checked, and store its hash anew if it was rehashed.

    Raises `PasswordChangedError`; no session is opened then.
    """

    async def write(tx: Session) -> None:
        if not await admins.record_login(database, tx, account, at=at, password_hash=password_hash):
            raise PasswordChangedError
        await sessions.insert(database, tx, session)

    await database.transaction(write)
    return replace(account, last_login_at=at, password_hash=password_hash)


async def change_admin(
    database: Database, admin: AdminRecord, changes: AdminChanges, *, session_id: SessionId
) -> AdminRecord:
    """Change an admin; a new email or password ends its other sessions.

    Raises `EmailTakenError`, or `PasswordChangedError` if the admin's password is no longer the given record's.
    """

    async def write(tx: Session) -> AdminRecord:
        changed = await admins.update(database, tx, admin.id, changes, password_hash=admin.password_hash)
        if changed is None:
            raise PasswordChangedError
        if "email" in changes or "password_hash" in changes:
            await sessions.revoke_others(database, tx, admin.id, keep=session_id)
        return changed

    try:
        return await database.transaction(write)
    except DuplicateKeyError:
        raise EmailTakenError from None
