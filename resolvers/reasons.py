"""What is acceptable as the reason that an operator gives for what it does."""

from auth.errors import UserError, UserErrorCode
from resolvers import names

MAX_LENGTH = 500


def check(reason: str) -> str:
    """Return the reason without spaces around it; raise `UserError` unless it is 1 to 500 printable characters."""
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_LENGTH:
        raise UserError(UserErrorCode.INVALID, f"A reason has 1 to {MAX_LENGTH} characters.", ("reason",))
    if names.has_controls(reason):
        raise UserError(UserErrorCode.INVALID, "A reason has no control characters.", ("reason",))
    return reason
