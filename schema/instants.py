"""Instants as clients give them."""

from datetime import UTC, datetime

from auth.errors import BadRequestError


def in_utc(instant: datetime | None) -> datetime | None:
    """Return an instant in UTC, which is what one without an offset is in; raise `BadRequestError` out of range."""
    if instant is None:
        return None
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:
        raise BadRequestError("This instant is out of range.") from None
