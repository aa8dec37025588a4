"""What a unique index has decided against."""


class SlugTakenError(Exception):
    """Another organization has this slug."""


class EmailTakenError(Exception):
    """Another account has this email address."""
