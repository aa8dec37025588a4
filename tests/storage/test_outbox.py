"""The outbox: what is due is one worker's, and who asks for mails gets few."""

import asyncio
from datetime import timedelta

from storage import outbox
from storage.database import Database, Session, now
from storage.outbox import Entry, Mail, MailKind

MAIL = Mail(MailKind.PASSWORD_CHANGED, "ada@example.com")
RESET = Mail(MailKind.PASSWORD_RESET, "Ada@example.com")


async def put(database: Database, mail: Mail = MAIL) -> None:
    """Put a mail into the outbox."""

    async def write(tx: Session) -> None:
        await outbox.put(database, tx, mail)

    await database.transaction(write)


async def back(database: Database, **by: timedelta) -> None:
    """Set instants of everything in the outbox back."""
    changes = {name: {"$subtract": [f"${name}", time // timedelta(milliseconds=1)]} for name, time in by.items()}
    async for found in database["outbox"].find():
        await database["outbox"].update_one({"_id": found["_id"]}, [{"$set": changes}])


async def requests_back(database: Database, time: timedelta) -> None:
    """Set when mails were asked for back."""
    async for found in database["outbox"].find():
        earlier = [at - time for at in found["requests"]]
        await database["outbox"].update_one({"_id": found["_id"]}, {"$set": {"requests": earlier}})


async def claimed(database: Database) -> Entry:
    """Claim the one mail that is due."""
    (entry,) = await outbox.claim_due(database, 8)
    return entry


async def test_mail_is_claimed_once(database: Database) -> None:
    """Of many workers at the same moment one gets a mail, and the others nothing."""
    await put(database)
    found = await asyncio.gather(*[outbox.claim_due(database, 8) for _ in range(8)])
    (entry,) = [entry for entries in found for entry in entries]
    assert (entry.mail, entry.attempts, entry.stays) == (MAIL, 1, False)
    await outbox.finish(database, entry)
    assert await database["outbox"].count_documents({}) == 0


async def test_claim_runs_out(database: Database) -> None:
    """What a worker left behind becomes due by itself, and that worker can do nothing more about it."""
    await put(database)
    lost = await claimed(database)
    assert await outbox.claim_due(database, 8) == []
    await back(database, due_at=timedelta(minutes=5))
    again = await claimed(database)
    assert again.attempts == 2
    assert not await database.transaction(lambda tx: outbox.hold(database, tx, lost))
    await outbox.finish(database, lost)
    await outbox.postpone(database, lost, now())
    assert await outbox.claim_due(database, 8) == []
    assert await database.transaction(lambda tx: outbox.hold(database, tx, again))


async def test_postponed_mail_is_due_later(database: Database) -> None:
    """A mail that could not be sent is found again when its time has come, and not before."""
    await put(database)
    await outbox.postpone(database, await claimed(database), now() + timedelta(minutes=1))
    assert await outbox.claim_due(database, 8) == []
    await back(database, due_at=timedelta(minutes=1))
    assert (await claimed(database)).attempts == 2


async def test_no_more_is_claimed_than_asked_for(database: Database) -> None:
    """A worker takes what it can send at once."""
    for _ in range(3):
        await put(database)
    assert len(await outbox.claim_due(database, 2)) == 2
    assert len(await outbox.claim_due(database, 2)) == 1


async def test_requests_within_a_minute_are_one_mail(database: Database) -> None:
    """However the address is spelled, and also when the first mail is sent already."""
    await asyncio.gather(*[outbox.request(database, RESET) for _ in range(5)])
    await outbox.request(database, Mail(MailKind.PASSWORD_RESET, "aDA@EXAMPLE.com"))
    entry = await claimed(database)
    assert (entry.attempts, entry.stays) == (1, True)
    await outbox.finish(database, entry)
    await outbox.request(database, RESET)
    assert await outbox.claim_due(database, 8) == []
    assert await database["outbox"].count_documents({}) == 1


async def test_requests_are_five_an_hour(database: Database) -> None:
    """The sixth is a mail when the first is an hour ago."""
    for _ in range(5):
        await outbox.request(database, RESET)
        await outbox.finish(database, await claimed(database))
        await requests_back(database, timedelta(minutes=2))
    await outbox.request(database, RESET)
    assert await outbox.claim_due(database, 8) == []
    await requests_back(database, timedelta(minutes=51))
    await outbox.request(database, RESET)
    assert (await claimed(database)).mail == RESET


async def test_kinds_and_addresses_are_counted_apart(database: Database) -> None:
    """Who asks for a reset can still have an address verified."""
    for kind in (MailKind.PASSWORD_RESET, MailKind.EMAIL_VERIFICATION):
        for to in ("ada@example.com", "eve@example.com"):
            await outbox.request(database, Mail(kind, to))
    assert len(await outbox.claim_due(database, 8)) == 4


async def test_newer_request_takes_a_mail_over(database: Database) -> None:
    """A mail that is being sent when it is asked for again is sent again, and the first worker leaves that alone."""
    await outbox.request(database, RESET)
    first = await claimed(database)
    await requests_back(database, timedelta(minutes=2))
    await outbox.request(database, RESET)
    await outbox.finish(database, first)
    assert (await claimed(database)).attempts == 1


async def test_address_is_no_expression(database: Database) -> None:
    """An address that begins with a dollar sign is stored as it is."""
    for to in ("$created_at@example.com", "$$NOW@example.com", "$attempts"):
        await outbox.request(database, Mail(MailKind.PASSWORD_RESET, to))
        assert (await claimed(database)).mail.to == to


async def test_requests_are_forgotten(database: Database) -> None:
    """What is counted by goes an hour after the request, if the mail is sent: until then it stays."""
    await outbox.request(database, RESET)
    entry = await claimed(database)
    (unsent,) = await database["outbox"].find().to_list(None)
    assert unsent["expires_at"] - now() > timedelta(days=3)
    await outbox.finish(database, entry)
    (sent,) = await database["outbox"].find().to_list(None)
    assert abs(sent["expires_at"] - now() - timedelta(hours=1)) < timedelta(minutes=1)
    indexes = await database["outbox"].index_information()
    assert indexes["end"]["expireAfterSeconds"] == 0
