"""Operators: made on the command line, never by the API."""

from auth.identifiers import OperatorId
from resolvers import emails
from resolvers.services import Services
from storage import accounts
from storage.admins import OperatorRecord
from storage.conflicts import EmailTakenError
from storage.database import new_id, now


async def create(services: Services, *, email: str, password: str) -> None:
    """Create an operator; raise `UserError` for what is wrong with email or password."""
    address = emails.check_email(email)
    await services.passwords.check_strength(password, known=[address])
    password_hash = await services.passwords.hash(password)
    try:
        await accounts.create_operator(
            services.database, OperatorRecord(OperatorId(new_id()), address, password_hash, now())
        )
    except EmailTakenError:
        raise emails.taken() from None
