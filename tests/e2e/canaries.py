"""Secrets that can be found again wherever they turn up, and what a server has said that could hold one."""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from schema import assembly

_SECRET_NAME = re.compile(r"password|token|secret|data|equals|greaterThan|atLeast|lessThan|atMost", re.IGNORECASE)
_SECRET_TYPES = {"String", "ID", "JSON"}
_NO_SECRET = {"schema"}
_ROOTS = ("query", "mutation", "subscription")

Place = tuple[str, str]
"""An input type, or a field with arguments, and the name of its field or argument."""


class Canaries:
    """All secrets that a test has sent or been given."""

    def __init__(self) -> None:
        self.all: set[str] = set()

    def new(self, kind: str) -> str:
        """Return a new secret."""
        canary = f"canary-{kind}-{secrets.token_hex(8)}"
        self.all.add(canary)
        return canary

    def given(self, token: str) -> str:
        """Take note of a token that the server has made; of a signed one its signature is looked for, too."""
        self.all |= {token, token.rpartition(".")[2]}
        return token

    def found_in(self, text: str) -> set[str]:
        """Return those that are in a text, as they are or as the usual encodings write them."""
        return {canary for canary in self.all if any(form in text for form in _forms(canary))}


class Answers:
    """What a server has answered, without the fields that legitimately return what they do."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def record(self, response: httpx.Response) -> None:
        """Take note of an answer: an event hook of a client."""
        await response.aread()
        headers = [f"{name}: {value}" for name, value in response.headers.items() if name != "set-cookie"]
        self.add(response.text, f"{response.status_code} {' '.join(headers)} ")

    def add(self, text: str, head: str = "") -> None:
        """Take note of a text: of JSON with data, all but the data, and the errors within these."""
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        self.seen.append(head + (text if body is None else json.dumps(list(_said(body)), ensure_ascii=False)))


def schema() -> GraphQLSchema:
    """Return the schema that clients see."""
    return build_schema(assembly.build(explorable=True).as_str())


def root_fields(known: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """Yield the kind of operation, the name and the field of everything that has arguments."""
    roots = zip(_ROOTS, (known.query_type, known.mutation_type, known.subscription_type), strict=True)
    for kind, root in roots:
        assert root is not None
        yield from ((kind, name, field) for name, field in root.fields.items() if field.args)


def secret_places(known: GraphQLSchema) -> set[Place]:
    """Return where secrets are sent: inputs and arguments by whose names one would expect some."""
    inputs: dict[str, Mapping[str, Any]] = {
        name: kind.fields for name, kind in known.type_map.items() if isinstance(kind, GraphQLInputObjectType)
    }
    arguments = {name: field.args for _, name, field in root_fields(known)}
    return {
        (owner, name)
        for owner, fields in (inputs | arguments).items()
        for name, field in fields.items()
        if _SECRET_NAME.search(name) and get_named_type(field.type).name in _SECRET_TYPES
    }


def places_of(known: GraphQLSchema, owner: str, types: Mapping[str, GraphQLInputType], values: Any) -> Iterator[Place]:  # noqa: ANN401 - as in JSON
    """Yield the places that values stand in, those within each other included."""
    for name, value in values.items():
        yield owner, name
        kind = get_named_type(types[name])
        if isinstance(kind, GraphQLInputObjectType):
            inner = {field: one.type for field, one in kind.fields.items()}
            for one in value if isinstance(value, list) else [value]:
                yield from places_of(known, kind.name, inner, one or {})


def filled(kind: GraphQLInputType, canary: str, name: str, ids: Mapping[str, str], *, fitting: bool) -> Any:  # noqa: ANN401 - as in JSON
    """Return a value with a canary in each place that can hold one; unless it is to be fitting, of wrong types."""
    if isinstance(kind, GraphQLNonNull):
        return filled(kind.of_type, canary, name, ids, fitting=fitting)
    if isinstance(kind, GraphQLList):
        return [filled(kind.of_type, canary, name, ids, fitting=fitting)]
    if isinstance(kind, GraphQLInputObjectType):
        fields = {one: filled(field.type, canary, one, ids, fitting=fitting) for one, field in kind.fields.items()}
        return fields if fitting else fields | {"unknown": canary}
    if name in _NO_SECRET:
        return None
    fits: dict[str, Any] = {"String": canary, "ID": ids.get(name, canary), "JSON": {"secret": canary}}
    others: dict[str, Any] = {"Boolean": True, "Int": 1, "BigInt": 1, "DateTime": "2026-01-01T00:00:00Z"}
    if fitting:
        return next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else (fits | others)[kind.name]
    return {"oops": [canary]} if kind.name in {"String", "ID", "JSON"} else canary


def _said(body: Any) -> Iterator[Any]:  # noqa: ANN401 - as in JSON
    if not isinstance(body, dict):
        yield body
        return
    payload = body.get("payload")
    yield {name: value for name, value in body.items() if name not in {"data", "payload"}}
    if payload is not None:
        yield from _said(payload)
    yield from _errors_in(body.get("data"))


def _errors_in(value: Any) -> Iterator[Any]:  # noqa: ANN401 - as in JSON
    for one in value if isinstance(value, list) else []:
        yield from _errors_in(one)
    for name, one in value.items() if isinstance(value, dict) else []:
        if name == "errors":
            yield one
        else:
            yield from _errors_in(one)


def _forms(canary: str) -> Iterable[str]:
    coded = base64.b64encode(canary.encode()).decode().rstrip("=")
    return canary, coded[: len(coded) // 4 * 4], canary.encode().hex()
