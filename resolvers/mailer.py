"""The mailer: writes letters and has them delivered, as the settings say."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from resolvers.letters import LetterWriter
from resolvers.mail_delivery import FolderDelivery, MailDelivery, SMTPDelivery
from resolvers.mail_settings import MailSettings, smtp_server
from storage.mail_contents import MailContents
from storage.outbox import Entry

_SENDER = "Tenantry <tenantry@localhost>"


@dataclass(frozen=True, slots=True)
class Mailer:
    """How mails leave."""

    writer: LetterWriter
    delivery: MailDelivery

    async def send(self, entry: Entry, contents: MailContents) -> None:
        """Send a mail. Raises `MailRefusedError` or `MailPostponedError`."""
        await self.delivery.deliver(self.writer.write(entry, contents))


def mailer(settings: MailSettings, *, address: str, folder: Path) -> Mailer:
    """Return the mailer of the settings; without a server in them, one that writes into a folder.

    `address` is where links lead unless the settings say.
    """
    public_url = settings.public_url or address
    if settings.smtp_url is None:
        return Mailer(LetterWriter(public_url), FolderDelivery(folder, settings.mail_from or _SENDER))
    server = smtp_server(settings.smtp_url.get_secret_value())
    name = urlsplit(public_url).hostname or "localhost"
    return Mailer(LetterWriter(public_url), SMTPDelivery(server, settings.mail_from or _SENDER, name=name))
