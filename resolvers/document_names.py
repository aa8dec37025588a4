"""What types of documents and fields of their data may be called."""

import re

from auth.errors import BadRequestError, UserError, UserErrorCode

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,3}")
_MAX_FIELD_LENGTH = 100
_TYPE_FORM = "A type has 1 to 64 characters: a letter, then letters, digits, _ and -."
_FIELD_FORM = "A field has 1 to 100 characters: up to four parts with dots between them, of letters, digits and _."


def check_type(name: str, path: tuple[str, ...]) -> str:
    """Return a name of a type; raise `UserError` with this path unless it is acceptable."""
    if _TYPE.fullmatch(name) is None:
        raise UserError(UserErrorCode.INVALID, _TYPE_FORM, path)
    return name


def check_field(name: str, path: tuple[str, ...]) -> str:
    """Return a path of a field; raise `UserError` with this path unless it is acceptable."""
    if len(name) > _MAX_FIELD_LENGTH or _FIELD.fullmatch(name) is None:
        raise UserError(UserErrorCode.INVALID, _FIELD_FORM, path)
    return name


def require_type(name: str) -> str:
    """Return a name of a type; raise `BadRequestError` unless there can be such a type."""
    try:
        return check_type(name, ())
    except UserError as error:
        raise BadRequestError(error.message) from None


def require_field(name: str) -> str:
    """Return a path of a field; raise `BadRequestError` unless there can be such a field."""
    try:
        return check_field(name, ())
    except UserError as error:
        raise BadRequestError(error.message) from None
