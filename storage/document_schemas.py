"""JSON Schemas (draft 2020-12) for the data of documents: of bounded work, whatever they and the data are like."""

import itertools
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import jsonschema_rs
import orjson
from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from auth.identifiers import OrganizationId
from storage import document_json

MAX_BYTES = 64 * 1024
MAX_SUBSCHEMAS = 500
MAX_VIOLATIONS = 20
_MASK = "the value"  # Instead of what a document holds there: messages are kept by clients and proxies.
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_MAX_NESTING = 100
_MAX_MESSAGE = 300
_MAX_ERRORS, _MAX_ERROR_BYTES = 20_000, 10_000_000
_MAX_PATTERNS, _PATTERN_BYTES = 32, 128 * 1024
_CACHED = 64
_ONE = {
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_MAPS = {"dependentSchemas", "dependencies", "patternProperties", "properties"}
_ELSEWHERE = {"$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$vocabulary"}


class SchemaRefusedError(Exception):
    """A schema is not one that documents can be checked against; the message says why."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Where data breaks a schema, as a path within the data, and how."""

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """A schema made ready; `subschemas` bounds the work of checking one value."""

    validator: Draft202012Validator
    subschemas: int


class SchemaCache:
    """The schemas last used, by their version; None where a version is that there is none."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[tuple[OrganizationId, str, int], CompiledSchema | None] = OrderedDict()

    def __contains__(self, key: tuple[OrganizationId, str, int]) -> bool:
        return key in self._compiled

    def get(self, key: tuple[OrganizationId, str, int]) -> CompiledSchema | None:
        """Return a schema that is here."""
        self._compiled.move_to_end(key)
        return self._compiled[key]

    def put(self, key: tuple[OrganizationId, str, int], text: str | None) -> None:
        """Keep a schema, given as stored, and let go of the one not used for longest."""
        self._compiled[key] = None if text is None else compile_schema(orjson.loads(text))
        if len(self._compiled) > _CACHED:
            self._compiled.popitem(last=False)


def to_text(schema: object) -> str:
    """Return a schema as it is stored. Raises `SchemaRefusedError`."""
    if not isinstance(schema, dict):
        raise SchemaRefusedError("A schema is a JSON object.")
    try:
        text = orjson.dumps(schema)
    except TypeError:
        raise SchemaRefusedError("The schema is not JSON, or nested too deeply.") from None
    if len(text) > MAX_BYTES:
        raise SchemaRefusedError(f"A schema has at most {MAX_BYTES} bytes.")
    compile_schema(orjson.loads(text))
    return text.decode()


def compile_schema(schema: Mapping[str, Any]) -> CompiledSchema:
    """Make a schema ready. Raises `SchemaRefusedError`."""
    if schema.get("$schema", _DRAFT) != _DRAFT:
        raise SchemaRefusedError(f"Schemas are of the draft 2020-12: {_DRAFT}.")
    subschemas = _Measure(schema).of(schema, 0)
    linear = RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
    try:
        validator = Draft202012Validator(
            dict(schema), retriever=_refuse, pattern_options=linear, validate_formats=False, mask=_MASK
        )
    except (ValidationError, jsonschema_rs.ReferencingError) as error:
        raise SchemaRefusedError(f"This is no valid JSON Schema: {error.message[:_MAX_MESSAGE]}") from None
    return CompiledSchema(validator, subschemas)


def violations(schema: CompiledSchema, data: object) -> list[Violation]:
    """Return how data breaks a schema: the first twenty ways, or one where all could be too many to look for."""
    if schema.validator.is_valid(data):
        return []
    if _are_few(schema, data):
        found = itertools.islice(schema.validator.iter_errors(data), MAX_VIOLATIONS)
        return [_violation(error) for error in found]
    try:
        schema.validator.validate(data)
    except ValidationError as error:
        return [_violation(error)]
    return []


class _Measure:
    """Counts the subschemas that a value can meet, those behind references as often as they are referred to."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[int, int] = {}
        self._open: set[int] = set()
        self._patterns = 0

    def of(self, schema: object, nesting: int) -> int:
        """Return the number. Raises `SchemaRefusedError` for too many, for cycles and for references elsewhere."""
        if not isinstance(schema, dict):
            return 1
        if id(schema) in self._open:
            raise SchemaRefusedError("A reference leads back to where it stands: schemas are not recursive here.")
        if nesting > _MAX_NESTING:
            raise SchemaRefusedError(f"Subschemas and references are nested at most {_MAX_NESTING} deep.")
        if id(schema) not in self._known:
            self._open.add(id(schema))
            count = 1
            for part in self._parts(schema):
                count += self.of(part, nesting + 1)
            if count > MAX_SUBSCHEMAS:
                raise SchemaRefusedError(
                    f"With its references resolved a schema has at most {MAX_SUBSCHEMAS} subschemas and enum values."
                )
            self._open.remove(id(schema))
            self._known[id(schema)] = count
        return self._known[id(schema)]

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[object]:
        if found := sorted(_ELSEWHERE & schema.keys()):
            raise SchemaRefusedError(f"{found[0]} is not used here: references are of the form #/$defs/name.")
        self._count_patterns(schema)
        for keyword, value in schema.items():
            if keyword in _ONE:
                yield value
            elif keyword in _LISTS or keyword == "enum":
                yield from self._listed(keyword, value)
            elif keyword in _MAPS and isinstance(value, dict):
                yield from value.values()
            elif keyword == "$ref":
                yield self._resolve(value)

    def _count_patterns(self, schema: Mapping[str, Any]) -> None:
        self._patterns += ("pattern" in schema) + len(schema.get("patternProperties") or ())
        if self._patterns > _MAX_PATTERNS:
            raise SchemaRefusedError(f"A schema has at most {_MAX_PATTERNS} regular expressions.")

    @staticmethod
    def _listed(keyword: str, value: object) -> Iterator[object]:
        """Yield subschemas; of an enum, each value counts as one unless all are texts, which are looked up at once."""
        if not isinstance(value, list) or (keyword == "enum" and all(isinstance(one, str) for one in value)):
            return
        yield from itertools.repeat(None, len(value)) if keyword == "enum" else value

    def _resolve(self, reference: object) -> object:
        """Return what a JSON Pointer (RFC 6901) in a fragment leads to."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")) or "%" in reference:
            raise SchemaRefusedError("A $ref is of the form #/$defs/name, without percent signs.")
        found: Any = self._root
        for part in reference.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (LookupError, ValueError, TypeError):
                raise SchemaRefusedError(f"The reference {reference[:_MAX_MESSAGE]} leads nowhere.") from None
        return found


def _are_few(schema: CompiledSchema, data: object) -> bool:
    """Tell whether all violations together, each of which repeats a part of the data, are few enough to be listed."""
    if document_json.size(data) * schema.subschemas > _MAX_ERROR_BYTES:
        return False
    return _count(data) * schema.subschemas <= _MAX_ERRORS


def _count(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(_count(one) for one in value.values())
    return 1 + sum(_count(one) for one in value) if isinstance(value, list) else 1


def _violation(error: ValidationError) -> Violation:
    return Violation(tuple(str(part) for part in error.instance_path), error.message[:_MAX_MESSAGE])


def _refuse(uri: str) -> NoReturn:
    raise LookupError(uri)
