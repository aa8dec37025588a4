"""Tells browsers what they may do with an answer: nothing but what the page at hand needs.

Values: OWASP REST Security Cheat Sheet. What a route says itself stands.
"""

from collections.abc import Iterable, Mapping

Header = tuple[bytes, bytes]

_FIELDS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _FIELDS.items()]
_TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def completed(given: Iterable[Header], scheme: str) -> list[Header]:
    """Return the header fields of an answer with ours; over TLS also that a year long there is to be no other way."""
    headers = list(given)
    names = {name for name, _ in headers}
    ours = [*_HEADERS, _TRANSPORT_SECURITY] if scheme == "https" else _HEADERS
    return [*headers, *(header for header in ours if header[0] not in names)]
