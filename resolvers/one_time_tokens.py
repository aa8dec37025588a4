"""One-time tokens: what is said of one that does not count."""

from auth.errors import UserError, UserErrorCode


def token_invalid() -> UserError:
    """Return the error for a token that does not count, for whatever reason: all are alike."""
    return UserError(UserErrorCode.TOKEN_INVALID, "The token is spent, old, or none of ours.", ("token",))
