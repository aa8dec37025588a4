"""How tests wait for mails."""

from storage.database import Database
from tests.storage import directory


async def until_sent(database: Database) -> None:
    """Wait until nothing is left to be sent, so that the sender changes nothing any more."""

    async def sent() -> bool:
        return await database["outbox"].count_documents({"due_at": {"$exists": True}}) == 0

    await directory.until_it_is(sent)
