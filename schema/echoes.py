"""Takes the values out of what graphql-core says about a document and its variables.

Names and types stay: they are the client's own document. A value may be a password that was given in a wrong place or
form, and what is said about it ends up in the logs of clients and proxies.
"""

import re

_REST = re.DOTALL
_REPRESENTED = re.compile(r"( cannot represent [^:]*): .*$", _REST)
_FOUND = re.compile(r"(?:, but encountered error|, found:) .*$", _REST)
_FOUND_BESIDE = re.compile(r"(?<=[.?]) Found: .*$", _REST)
_ENUM_VALUE = re.compile(r"Value '.*' does not exist in ", _REST)
_TOKEN = re.compile(r"(String|BlockString|Int|Float) '.*'\.$", _REST)


def without_values(message: str) -> str:
    """Return what is said about a value, without the value."""
    message = _ENUM_VALUE.sub("The value does not exist in ", _REPRESENTED.sub(r"\1.", message))
    return _FOUND.sub(".", _FOUND_BESIDE.sub("", message))


def without_token(message: str) -> str:
    """Return what is said about a text that is no document, without the value that did not belong there."""
    return _TOKEN.sub(r"\1.", message)
