"""Access tokens in the header field `Authorization` (RFC 6750)."""

_SCHEME = "bearer "


def token(authorization: str | None) -> str | None:
    """Return what stands behind `Bearer`, or None without a header; another scheme is a token that does not count."""
    if authorization is None:
        return None
    return authorization[len(_SCHEME) :].strip() if authorization.lower().startswith(_SCHEME) else ""
