"""What is acceptable as an email address (RFC 5321, 5322, 6531; by the email-validator library)."""

from auth.errors import UserError, UserErrorCode

_MAX_LENGTH = 254


def check_email(email: str) -> str:
    """Return the address in its normal form; raise `UserError` if it is none."""
    normal = normalize(email)
    if normal is None:
        raise UserError(UserErrorCode.INVALID, "This is not an email address that can be used.", ("email",))
    return normal


def normalize(email: str) -> str | None:
    """Return the address in its normal form, or None if it is none. Nothing is looked up in the DNS."""
    from email_validator import EmailNotValidError, validate_email  # Its expressions take 20 ms to compile.

    if len(email) > _MAX_LENGTH:
        return None
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def for_mail(email: str) -> str:
    """Return the address with its domain as the DNS has it; raise `ValueError` if it is none."""
    from email_validator import validate_email

    address = validate_email(email, check_deliverability=False)
    return f"{address.local_part}@{address.ascii_domain}"


def taken() -> UserError:
    """Return the error for an address that another account has."""
    return UserError(UserErrorCode.EMAIL_TAKEN, "Another account has this email address.", ("email",))
