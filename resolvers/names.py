"""What is acceptable as the name of an organization or a person, and as a description."""

import unicodedata

from auth.errors import UserError, UserErrorCode

MIN_LENGTH = 2
MAX_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 2000
_INVISIBLE = {0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF}
_LINE_BREAKS = "\n\r\t"


def check_name(name: str, path: str) -> str:
    """Return the name without spaces around it; raise `UserError` unless it is 2 to 100 printable characters."""
    name = name.strip()
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH:
        raise UserError(UserErrorCode.INVALID, f"A name has {MIN_LENGTH} to {MAX_LENGTH} characters.", (path,))
    if has_controls(name):
        raise UserError(UserErrorCode.INVALID, "A name has no control characters.", (path,))
    return name


def check_description(description: str) -> str:
    """Return the description without spaces around it; raise `UserError` if it is longer than 2,000 characters."""
    description = description.strip()
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise UserError(
            UserErrorCode.INVALID, f"A description has at most {MAX_DESCRIPTION_LENGTH} characters.", ("description",)
        )
    if has_controls(description.translate({ord(character): None for character in _LINE_BREAKS})):
        raise UserError(UserErrorCode.INVALID, "A description has no control characters.", ("description",))
    return description


def has_controls(text: str) -> bool:
    """Tell whether the text has characters that hide or reorder others."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} or ord(character) in _INVISIBLE for character in text)
