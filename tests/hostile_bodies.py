"""Bodies of requests that nobody sends who means well, by what they try."""

from collections.abc import Mapping

_QUERY = b'"query": "{ viewer { permissions } }"'
_DELETE = b'"query": "mutation ($i: DeleteDocumentsInput!) { deleteDocuments(input: $i) { errors { code } } }"'
_PAGE = b'"query": "query ($n: Int) { organizations(first: $n) { edges { cursor } } }"'
_MIB = 1024 * 1024
_KEYS = b",".join(b'"k%d": 1' % number for number in range(5_000))


def _page(size: bytes) -> bytes:
    return b"{" + _PAGE + b', "variables": {"n": ' + size + b"}}"


def _delete(given: bytes) -> bytes:
    return b"{" + _DELETE + b', "variables": {"i": ' + given + b"}}"


MALFORMED: Mapping[str, bytes] = {
    "nothing": b"",
    "spaces": b" " * (2 * _MIB),
    "brackets": b"[" * (2 * _MIB),
    "deep lists": b"{" + _QUERY + b', "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep objects": b"{" + _QUERY + b', "extensions": ' + b'{"a": ' * 50_000 + b"1" + b"}" * 50_001,
    "digits without end": b"{" + _QUERY + b', "variables": {"a": ' + b"1" * _MIB + b"}}",
    "no number": b"{" + _QUERY + b', "variables": {"a": NaN}}',
    "batch": b"[" + b",".join([b"{" + _QUERY + b"}"] * 1_000) + b"]",
    "text": b'"{ viewer { permissions } }"',
    "query that is a list": b'{"query": ["{ viewer { permissions } }"]}',
    "variables that are a list": b"{" + _QUERY + b', "variables": [1]}',
    "byte order mark": b"\xef\xbb\xbf{" + _QUERY + b"}",
    "overlong slash": b'{"query": "{ \xc0\xaf }"}',
    "overlong zero": b'{"query": "{ \xe0\x80\x80 }"}',
    "surrogate": b'{"query": "{ \xed\xa0\x80 }"}',
    "escaped surrogate": b'{"query": "{ \\ud800 }"}',
    "beyond Unicode": b'{"query": "{ \xf4\x90\x80\x80 }"}',
    "half a character": b'{"query": "{ \xe2\x82',
    "sixteen bits": "{}".encode("utf-16"),
    "escaped zero": b'{"query": "{ viewer\\u0000 { permissions } }"}',
    "the last of two": b"{" + _QUERY + b', "query": "{ nothing }"}',
    "one key without end": b"{" + b'"query": "{ viewer { permissions } }",' * 1_000 + b'"query": "{ nothing }"}',
    "prototype": b'{"__proto__": {"query": "{ viewer { permissions } }"}, "constructor": {}}',
    "huge number in a variable": _page(b"1" * 300),
    "number beyond 32 bits": _page(b"4294967296"),
    "huge exponent": _page(b"1e308"),
    "endless exponent": _page(b"1e999"),
    "fraction for a whole number": _page(b"1.5"),
    "text for a number": _page(b'"1"'),
    "list for a number": _page(b"[" + b"1," * 30_000 + b"1]"),
    "unknown fields of an input": _delete(b"{" + _KEYS + b"}"),
    "list of anything": _delete(b'{"documents": [' + b"{}," * 10_000 + b"1]}"),
    "missing fields": _delete(b'{"documents": [' + b"{}," * 10_000 + b"{}]}"),
}
"""Refused as `BAD_REQUEST`, whoever sends them."""

HEAVY: Mapping[str, bytes] = {
    "lists": b"{" + _QUERY + b', "variables": {"a": [' + b"[]," * (_MIB + 500_000) + b"[]]}}",
    "keys": b"{" + _QUERY + b', "variables": {' + b",".join(b'"%x": 1' % number for number in range(300_000)) + b"}}",
}
"""Small for their bytes, large once they are read."""
