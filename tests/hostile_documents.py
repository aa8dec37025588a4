"""Documents that nobody sends who means well, by what they try."""

from collections.abc import Mapping


def _nested(opening: str, times: int, inner: str = "id", closing: str = "}") -> str:
    return opening * times + inner + closing * times


def _chain(times: int, inner: str) -> str:
    return (
        '{ organization(slug: "acme") '
        + _nested("{ admins(first: 1) { edges { node { organization ", times, "{ " + inner + " }", "} } } }")
        + " }"
    )


def _fragments(count: int, body: str) -> str:
    return " ".join(f"fragment F{n} on Viewer {{ {body.format(n=n, next=(n + 1) % count)} }}" for n in range(count))


TOO_COMPLEX: Mapping[str, str] = {
    "long": "{ viewer { permissions } } #" + "x" * 1_000_000,
    "many tokens": "{ viewer { " + "permissions " * 1_600 + "} }",
    "deep": _chain(5, "id"),
    "deep within fragments": "{ ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(40))
    + " fragment F40 on Query "
    + _chain(5, "id"),
    "a hundred thousand aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(100_000)) + " }",
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }",
    "aliased logins": "mutation { "
    + " ".join(f'a{n}: login(input: {{email: "a", password: "b"}}) {{ errors {{ code }} }}' for n in range(25))
    + " }",
    "aliases that double in fragments": "{ viewer { ...F0 } } "
    + " ".join(f"fragment F{n} on Viewer {{ a{n}: permissions ...F{n + 1} ...F{n + 1} }}" for n in range(10))
    + " fragment F10 on Viewer { permissions }",
    "operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(250)),
    "huge literal": '{ node(id: "' + "x" * 1_000_000 + '") { id } }',
    "long list": "{ node(id: [" + "1 " * 100_000 + "]) { id } }",
    "directives": "{ viewer { permissions " + "@include(if: true) " * 31 + "} }",
    "fields at the root": "{ " + "viewer { permissions } " * 21 + "}",
    "the same field": "{ viewer { " + "permissions " * 100 + "} }",
    "the same object": "{ viewer { " + "admin { id } " * 100 + "} }",
    "the same object in fragments": "{ viewer { "
    + " ".join(f"...F{n}" for n in range(40))
    + " } } "
    + _fragments(40, "admin {{ id }}"),
    "fragments": "{ viewer { permissions } } " + _fragments(51, "permissions"),
    "lists within lists": "{ organizations(first: 1) { edges { node { admins(first: 1) { edges { node { organization "
    "{ documentTypes { indexes { fields } } } } } } } } } }",
    "expensive": "{ organizations(first: 100) { edges { node { admins(first: 100) { edges { node { id } } } } } } }",
    "expensive by a variable": "query ($n: Int = 100) { organizations(first: $n) { edges { node { admins(first: $n) "
    "{ edges { node { id } } } } } } }",
}
"""Beyond a limit: refused as `QUERY_TOO_COMPLEX`."""

INVALID: Mapping[str, str] = {
    "very deep": _nested("{ a ", 400, "", "}"),
    "very deep list": "{ node(id: " + "[" * 700 + "]" * 700 + ") { id } }",
    "very deep object": "{ node(id: " + "{a: " * 350 + "1" + "}" * 350 + ") { id } }",
    "fragments in a circle": "{ viewer { ...F0 } } " + _fragments(40, "...F{next}"),
    "fragment in itself": "{ viewer { ...F } } fragment F on Viewer { permissions ...F }",
    "huge number": "{ organizations(first: " + "1" * 15_000 + ") { pageInfo { hasNextPage } } }",
    "huge text": '{ viewer(id: "' + "x" * 19_000 + '") { permissions } }',
    "escapes": '{ viewer(id: "' + "\\u0041" * 3_000 + '") { permissions } }',
    "broken surrogates": '{ node(id: "\\uD800\\uD800") { id } }',
    "block of lines": '{ viewer(id: """' + "\n  x" * 4_500 + '""") { permissions } }',
    "nothing but commas": "," * 19_000,
    "nothing but brackets": "{" * 1_400,
    "unknown fields": "{ " + " ".join(f"u{n}" for n in range(20)) + " }",
    "unknown arguments": "{ node(" + " ".join(f"u{n}: 1" for n in range(300)) + ") { id } }",
    "unknown variables": "{ node(id: [" + " ".join(f"$u{n}" for n in range(450)) + "]) { id } }",
    "unused variables": "query (" + " ".join(f"$u{n}: Int" for n in range(220)) + ") { viewer { permissions } }",
    "colliding fields": "{ viewer { " + "x: permissions x: admin { id } " * 9 + "} }",
    "colliding objects": "{ "
    + " ".join(f"...F{n}" for n in range(18))
    + " } "
    + " ".join(
        f"fragment F{n} on Query {{ x: organizations(first: {n}) {{ edges {{ cursor }} }} }}" for n in range(18)
    ),
    "operations without a name": "query { __typename } " * 150,
    "operations of one name": "query Q { __typename } " * 150,
    "unknown directives": "{ viewer { permissions " + " ".join(f"@d{n}(if: true)" for n in range(30)) + "} }",
    "unknown fragments": "{ viewer { " + " ".join(f"...F{n}" for n in range(300)) + " } }",
    "unknown types": "query (" + " ".join(f"$v{n}: T{n}" for n in range(200)) + ") { __typename }",
    "unknown fields of an input": "mutation { login(input: {"
    + " ".join(f"u{n}: 1" for n in range(300))
    + "}) { admin { id } } }",
    "huge fraction": "{ organizations(first: 1" + "0" * 9_000 + "." + "9" * 9_000 + ") { edges { cursor } } }",
    "control characters": "{ viewer \x00\x01 { permissions } }",
    "reversed text": "{ \u202eviewer { permissions } }",
    "look-alikes": "{ vi\u0435wer { permissions } }",
    "characters of no width": "{ view\u200b\u200d\u2060er { permissions } }",
    "characters beyond 16 bits": "{ \U0001d553 }",
    "characters that are none": "{ viewer { permissions \ufffe\uffff } }",
    "combining characters": "{ viewe\u0301r { permissions } }",
    "other spaces": "{\u00a0viewer\u2028{ permissions } }",
    "broken escapes": '{ node(id: "\\u{110000}") { id } }',
    "byte order marks": "\ufeff" * 5_000 + "{",
}
"""Within the limits, and wrong: refused as `BAD_REQUEST`."""
