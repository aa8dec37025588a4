"""The base error and the errors that every layer may raise."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """What a client must be able to handle at any field, as `extensions.code` of a GraphQL error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_REQUEST = "BAD_REQUEST"
    RATE_LIMITED = "RATE_LIMITED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    PERSISTED_OPERATION_NOT_FOUND = "PERSISTED_OPERATION_NOT_FOUND"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class UserErrorCode(StrEnum):
    """What a user can cause and mend, as the `code` of an entry in a payload's `errors`."""

    INVALID = "INVALID"
    SLUG_TAKEN = "SLUG_TAKEN"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    WEAK_PASSWORD = "WEAK_PASSWORD"  # noqa: S105 - an error code
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 - an error code
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    LAST_OWNER = "LAST_OWNER"
    ORG_MIGRATING = "ORG_MIGRATING"
    ORG_SUSPENDED = "ORG_SUSPENDED"
    ORG_DELETED = "ORG_DELETED"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"


class TenantryError(Exception):
    """Base of all errors that a client may see: `message` is written for the client."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def details(self) -> Mapping[str, object]:
        """What a client is told beside the message, in `extensions`."""
        return {}


class UnauthenticatedError(TenantryError):
    """The field needs a signed-in caller, and there is none."""

    code = ErrorCode.UNAUTHENTICATED

    def __init__(self, message: str = "Sign in to use this field.") -> None:
        super().__init__(message)


class ForbiddenError(TenantryError):
    """The caller is known and may not do this; said alike for what is hidden and what is absent."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, message: str = "You may not do this.") -> None:
        super().__init__(message)


class BadRequestError(TenantryError):
    """The request cannot be understood: a malformed id or cursor, arguments that exclude each other."""

    code = ErrorCode.BAD_REQUEST


class RateLimitedError(TenantryError):
    """The caller, or its organization, has as much as it may have at once; the same request may succeed later.

    `retry_after` is in seconds, where that is known.
    """

    code = ErrorCode.RATE_LIMITED
    retryable = True

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def details(self) -> Mapping[str, object]:
        """When to try again, if that is known."""
        return {} if self.retry_after is None else {"retryAfter": self.retry_after}


class QueryTooComplexError(TenantryError):
    """The document has too much of something: `found` where `limit` is allowed."""

    code = ErrorCode.QUERY_TOO_COMPLEX

    def __init__(self, message: str, measure: str, found: int, limit: int) -> None:
        super().__init__(message)
        self._details = {"measure": measure, "found": found, "limit": limit}

    @property
    def details(self) -> Mapping[str, object]:
        """What was measured, and how much of it is allowed."""
        return self._details


class PersistedOperationNotFoundError(TenantryError):
    """The document is named by an id that is not known, or it is not registered where only such are executed.

    The words are those that Apollo Client and urql look for before they send the document itself.
    """

    code = ErrorCode.PERSISTED_OPERATION_NOT_FOUND

    def __init__(self, message: str = "PersistedQueryNotFound") -> None:
        super().__init__(message)


class UnavailableError(TenantryError):
    """The service cannot answer now; the same request may succeed later."""

    code = ErrorCode.UNAVAILABLE
    retryable = True

    def __init__(self, message: str = "The service is temporarily unavailable. Try again shortly.") -> None:
        super().__init__(message)


class UserError(Exception):
    """Something that the user can mend: it becomes data, an entry in a payload's `errors`.

    `path` leads into the mutation's input (`("email",)`), so that a form can show the message there. `retryable` says
    that the same request may succeed later.
    """

    def __init__(
        self, code: UserErrorCode, message: str, path: tuple[str, ...] | None = None, *, retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.retryable = retryable


class UserErrors(Exception):  # noqa: N818 - a group, like ExceptionGroup
    """All that is wrong with one input, found in one go."""

    def __init__(self, errors: list[UserError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
