"""JSON and BSON: what clients write of a document's data, checked and made BSON, and made JSON again for readers.

Beyond plain JSON there are the type wrappers of MongoDB's extended JSON (v2): an object with one key that begins with a
dollar sign. Readers are given the relaxed form, which writers can give back.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

import orjson
from bson import Binary, Code, DatetimeMS, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp, json_util
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from storage.database import Document

MAX_DEPTH = 64
_INT32, _INT64, _UINT32 = 2**31, 2**63, 2**32
_WHOLE = re.compile(r"-?\d{1,19}")
_DOUBLE = re.compile(r"-?(\d+(\.\d*)?([eE][+-]?\d+)?|Infinity)|NaN")
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
_SUBTYPE = re.compile(r"[0-9a-fA-F]{1,2}")
_REGEX_OPTIONS = re.compile(r"i?l?m?s?u?x?")


class UnstorableError(Exception):
    """A value cannot be stored; `path` leads to it from where the reading began."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str] = []


def decode(data: object) -> Document:
    """Return the data of a document as it is stored. Raises `UnstorableError`."""
    if not isinstance(data, dict):
        raise UnstorableError("The data of a document is a JSON object.")
    decoded = _decode(data, 1)
    if not isinstance(decoded, dict):
        raise UnstorableError("The data of a document is a JSON object, not one value.")
    return decoded


def decode_value(value: object) -> Any:  # noqa: ANN401 - of any type of BSON
    """Return any value as it is stored. Raises `UnstorableError`."""
    return _decode(value, 1)


def encode(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a stored value as relaxed extended JSON."""
    if isinstance(value, dict):
        return {key: encode(one) for key, one in value.items()}
    if isinstance(value, list):
        return [encode(one) for one in value]
    if value is None or type(value) is str:
        return value
    return json_util.default(value, json_util.RELAXED_JSON_OPTIONS)


def exact_text(value: object) -> str:
    """Return a stored scalar as text that has its type, too: canonical extended JSON."""
    return orjson.dumps(json_util.default(value, json_util.CANONICAL_JSON_OPTIONS)).decode()


def from_exact_text(text: str) -> Any:  # noqa: ANN401 - of any type of BSON
    """Return the scalar that `exact_text` wrote. Raises `UnstorableError`."""
    try:
        return decode_value(orjson.loads(text))
    except orjson.JSONDecodeError:
        raise UnstorableError("This is not a value of ours.") from None


def size(data: object) -> int:
    """Return how many bytes checked data has as JSON; raise `UnstorableError` for text that is not Unicode."""
    try:
        return len(orjson.dumps(data))
    except TypeError:
        raise UnstorableError("A text holds half of a surrogate pair, which is no character.") from None


def _decode(value: object, depth: int) -> Any:  # noqa: ANN401 - of any type of BSON
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return _in_range(value, _INT64)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnstorableError("A number is finite.")
        return value
    if depth > MAX_DEPTH:
        raise UnstorableError(f"Objects and arrays are nested at most {MAX_DEPTH} deep.")
    if isinstance(value, dict):
        return _decode_object(value, depth)
    if isinstance(value, list):
        return [_decode_at(str(index), one, depth) for index, one in enumerate(value)]
    raise UnstorableError("This is not JSON.")


def _decode_at(key: str, value: object, depth: int) -> Any:  # noqa: ANN401 - of any type of BSON
    try:
        return _decode(value, depth + 1)
    except UnstorableError as error:
        error.path.insert(0, key)
        raise


def _decode_object(value: Mapping[str, object], depth: int) -> Any:  # noqa: ANN401 - of any type of BSON
    for key in value:
        if key.startswith("$"):
            return _unwrap(key, value)
        if "\0" in key:
            raise UnstorableError("A key holds no NUL.")
    return {key: _decode_at(key, one, depth) for key, one in value.items()}


def _unwrap(key: str, value: Mapping[str, object]) -> Any:  # noqa: ANN401 - of any type of BSON
    wrapper = _refuse if len(value) != 1 else _WRAPPERS.get(key, _refuse)
    try:
        return wrapper(value[key])
    except (ValueError, TypeError, ArithmeticError, BSONError):
        problem = UnstorableError(f"This is not what {key} wraps in MongoDB's extended JSON (v2).")
        problem.path.insert(0, key)
        raise problem from None
    except UnstorableError as error:
        error.path.insert(0, key)
        raise


def _refuse(_: object) -> NoReturn:
    raise UnstorableError("A key begins with a dollar sign only as the one key of a type of MongoDB's extended JSON.")


def _in_range(number: int, limit: int) -> int:
    if not -limit <= number < limit:
        raise UnstorableError(f"A whole number has at most {limit.bit_length()} bits.")
    return number


def _matching(form: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise ValueError(value)
    return value


def _members(value: object, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(value)
    return value


def _whole(limit: int) -> Callable[[object], int]:
    return lambda value: _in_range(int(_matching(_WHOLE, value)), limit)


def _long(value: object) -> Int64:
    return Int64(_whole(_INT64)(value))


def _date(value: object) -> datetime:
    if isinstance(value, dict):
        milliseconds = _long(_members(value, {"$numberLong"})["$numberLong"])
        return DatetimeMS(milliseconds).as_datetime(CodecOptions(tz_aware=True))
    return datetime.fromisoformat(_matching(_INSTANT, value)).astimezone(UTC)


def _binary(value: object) -> Binary:
    members = _members(value, {"base64", "subType"})
    content = base64.b64decode(members["base64"], validate=True)
    return Binary(content, int(_matching(_SUBTYPE, members["subType"]), 16))


def _uuid(value: object) -> Binary:
    if not isinstance(value, str):
        raise TypeError(value)
    return Binary.from_uuid(UUID(value), UuidRepresentation.STANDARD)


def _timestamp(value: object) -> Timestamp:
    members = _members(value, {"t", "i"})
    if not all(type(member) is int and 0 <= member < _UINT32 for member in members.values()):
        raise ValueError(value)
    return Timestamp(members["t"], members["i"])


def _regex(value: object) -> Regex[str]:
    members = _members(value, {"pattern", "options"})
    pattern = members["pattern"]
    if not isinstance(pattern, str) or "\0" in pattern:
        raise ValueError(value)
    return Regex(pattern, _matching(_REGEX_OPTIONS, members["options"]))


def _code(value: object) -> Code:
    if not isinstance(value, str):
        raise TypeError(value)
    return Code(value)


def _key_bound(bound: MinKey | MaxKey) -> Callable[[object], MinKey | MaxKey]:
    def read(value: object) -> MinKey | MaxKey:
        if type(value) is not int or value != 1:
            raise ValueError(value)
        return bound

    return read


_WRAPPERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "$oid": lambda value: ObjectId(_matching(_OBJECT_ID, value)),
        "$date": _date,
        "$numberInt": _whole(_INT32),
        "$numberLong": _long,
        "$numberDouble": lambda value: float(_matching(_DOUBLE, value)),
        "$numberDecimal": lambda value: Decimal128(_matching(re.compile(".{1,100}"), value)),
        "$binary": _binary,
        "$uuid": _uuid,
        "$timestamp": _timestamp,
        "$regularExpression": _regex,
        "$code": _code,
        "$minKey": _key_bound(MinKey()),
        "$maxKey": _key_bound(MaxKey()),
    }
)
