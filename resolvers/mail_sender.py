"""The sender: mails leave the outbox, a few at a time, again and later when they could not be delivered.

What was accepted by the SMTP server and not yet taken out of the outbox when the process died is sent a second time.
"""

import asyncio
import random
from datetime import datetime, timedelta

import structlog

from resolvers import metrics
from resolvers.mail_delivery import MailPostponedError, MailRefusedError
from resolvers.services import Services
from storage import mail_contents, outbox
from storage.database import now
from storage.outbox import Entry, MailKind

_AT_ONCE = 8
_POLL_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
_MAX_DOUBLINGS = 16
_RESET_COUNTS, _OTHERS_COUNT = timedelta(minutes=30), timedelta(days=3)
_log = structlog.get_logger()


async def keep_sending(services: Services) -> None:
    """Send what is due until cancelled; what is under way then comes to its end in the background."""
    under_way: set[asyncio.Task[None]] = set()
    while True:
        try:
            claimed = await outbox.claim_due(services.database, _AT_ONCE - len(under_way))
            under_way |= {services.background.start(send(services, entry)) for entry in claimed}
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
            _log.warning("mails postponed", error=type(error).__name__)
        if not under_way:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        timeout = None if len(under_way) == _AT_ONCE else _POLL_SECONDS
        _, under_way = await asyncio.wait(under_way, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


async def send(services: Services, entry: Entry) -> None:
    """Send a mail that was claimed, unless nobody wants it any more, or give it up, or let it be tried again."""
    if now() >= _end(entry):
        await _give_up(services, entry, "too late")
        return
    contents = await mail_contents.prepare(services.database, entry)
    if contents is None:
        await outbox.finish(services.database, entry)
        return
    try:
        await services.mailer.send(entry, contents)
    except MailRefusedError as error:
        await _give_up(services, entry, str(error))
    except MailPostponedError as error:
        await outbox.postpone(services.database, entry, now() + _pause(entry.attempts))
        metrics.MAILS.labels(entry.mail.kind.value, "postponed").inc()
        _log.warning("mail postponed", kind=entry.mail.kind.value, id=entry.id, reason=str(error))
    else:
        metrics.MAILS.labels(entry.mail.kind.value, "sent").inc()
        await outbox.finish(services.database, entry)


async def _give_up(services: Services, entry: Entry, reason: str) -> None:
    """Say so, without the part of the address that names a person."""
    domain = entry.mail.to.rpartition("@")[2]
    metrics.MAILS.labels(entry.mail.kind.value, "given_up").inc()
    _log.warning("mail given up", kind=entry.mail.kind.value, id=entry.id, domain=domain, reason=reason)
    await outbox.finish(services.database, entry)


def _end(entry: Entry) -> datetime:
    """Return from when on a mail is of no use."""
    reset = entry.mail.kind is MailKind.PASSWORD_RESET
    return entry.created_at + (_RESET_COUNTS if reset else _OTHERS_COUNT)


def _pause(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: between half of it and all."""
    pause: timedelta = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts - 1, _MAX_DOUBLINGS))
    return pause / 2 + pause / 2 * random.random()  # noqa: S311 - jitter
