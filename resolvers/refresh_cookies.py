"""The cookie that a browser keeps a refresh token in, out of the reach of scripts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class RefreshCookie:
    """The refresh token that came in the cookie, and whether the answer is to change the cookie.

    `token` is what the cookie holds, as far as this request knows: None if there is none.
    """

    token: str | None
    expires_at: datetime | None = None
    changed: bool = False

    def keep(self, token: str, expires_at: datetime) -> None:
        """Have the browser keep this token, until then."""
        self.token, self.expires_at, self.changed = token, expires_at, True

    def remove(self) -> None:
        """Have the browser forget what it keeps."""
        self.token, self.expires_at, self.changed = None, None, True
