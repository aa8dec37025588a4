"""JSON and BSON: what is written is what is read, and what is read can be written."""

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson import Decimal128, Int64
from bson.codec_options import CodecOptions, DatetimeConversion
from hypothesis import given as for_all
from hypothesis import strategies as st

from storage import document_json
from storage.document_json import UnstorableError

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
keys = texts.filter(lambda key: "\0" not in key and not key.startswith("$"))
wrapped = st.one_of(
    st.integers(0, 253_402_300_799).map(lambda seconds: {"$date": _instant(seconds)}),
    st.integers(-(10**12), -1).map(lambda number: {"$date": {"$numberLong": str(number)}}),
    st.integers(-(10**12), 10**12).map(lambda number: {"$numberDecimal": str(Decimal128(str(number)))}),
    st.binary(min_size=12, max_size=12).map(lambda content: {"$oid": content.hex()}),
    st.sampled_from(
        [
            {"$numberDouble": "NaN"},
            {"$numberDouble": "-Infinity"},
            {"$numberDecimal": "1.50"},
            {"$numberDecimal": "NaN"},
            {"$timestamp": {"t": 1, "i": 2**32 - 1}},
            {"$regularExpression": {"pattern": "^a+$", "options": "im"}},
            {"$code": "return 1"},
            {"$minKey": 1},
            {"$maxKey": 1},
            {"$binary": {"base64": "AAEC", "subType": "80"}},
        ]
    ),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | texts | wrapped,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def read_back(data: object) -> Any:  # noqa: ANN401 - JSON
    """Store data and read it."""
    return document_json.encode(bson.decode(bson.encode(document_json.decode(data)), CODEC))


@for_all(st.dictionaries(keys, values, max_size=5))
def test_what_is_written_is_what_is_read(data: dict[str, Any]) -> None:
    """JSON and the relaxed form of other types come back as they were given, types included."""
    assert exact(read_back(data)) == exact(data)


def exact(value: object) -> object:
    """Return a value in a form that tells 1, 1.0 and true, and 0.0 and -0.0 apart."""
    if isinstance(value, dict):
        return {key: exact(one) for key, one in value.items()}
    return [exact(one) for one in value] if isinstance(value, list) else (type(value), repr(value))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"$numberInt": "-5"}, -5),
        ({"$numberLong": "9223372036854775807"}, 2**63 - 1),
        ({"$numberDouble": "1e3"}, 1000.0),
        ({"$date": "2026-01-31T13:00:00+01:00"}, {"$date": "2026-01-31T12:00:00Z"}),
        ({"$date": {"$numberLong": "0"}}, {"$date": "1970-01-01T00:00:00Z"}),
        (
            {"$uuid": "00010203-0405-0607-0809-0a0b0c0d0e0f"},
            {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}},
        ),
    ],
)
def test_other_forms_of_a_value_are_read_in_the_relaxed_one(given: object, read: object) -> None:
    """Canonical forms are understood; what is read of them can be written, too."""
    assert exact(read_back({"a": given})) == exact({"a": read})
    assert exact(read_back({"a": read})) == exact({"a": read})


@pytest.mark.parametrize(
    "value",
    [
        {"$oid": "x" * 24},
        {"$oid": 1},
        {"$date": "2026-01-31"},
        {"$date": "2026-02-30T12:00:00Z"},
        {"$date": "2026-01-31T12:00:00.1234Z"},
        {"$date": "0001-01-01T00:00:00+10:00"},
        {"$date": 0},
        {"$date": {"$numberLong": "9223372036854775807"}},
        {"$numberInt": "2147483648"},
        {"$numberInt": 1},
        {"$numberLong": "9223372036854775808"},
        {"$numberLong": "1.5"},
        {"$numberDouble": "infinite"},
        {"$numberDecimal": "x"},
        {"$numberDecimal": "1" * 35},
        {"$binary": {"base64": "!", "subType": "00"}},
        {"$binary": {"base64": "AAEC", "subType": "100"}},
        {"$binary": {"base64": "AAEC"}},
        {"$binary": "AAEC"},
        {"$uuid": "x"},
        {"$timestamp": {"t": -1, "i": 0}},
        {"$timestamp": {"t": True, "i": 0}},
        {"$regularExpression": {"pattern": "a\0", "options": ""}},
        {"$regularExpression": {"pattern": "a", "options": "g"}},
        {"$code": "x", "$scope": {}},
        {"$ref": "notes", "$id": 1},
        {"$minKey": 2},
        {"$undefined": True},
        {"$gt": 1},
        {"$": 1},
    ],
)
def test_malformed_types_are_refused(value: dict[str, Any]) -> None:
    """What is not exactly a type's form is refused at its first key, at any depth."""
    with pytest.raises(UnstorableError) as refused:
        document_json.decode({"a": [{"b": value}]})
    assert refused.value.path[:4] == ["a", "0", "b", next(iter(value))]


def test_numbers_are_finite_and_bounded() -> None:
    """Numbers that JSON has no form for, or BSON no type, are refused."""
    for number in (float("nan"), float("inf"), 2**63, -(2**63) - 1):
        with pytest.raises(UnstorableError):
            document_json.decode({"a": number})


def test_text_is_unicode() -> None:
    """Half of a surrogate pair cannot be stored."""
    with pytest.raises(UnstorableError):
        document_json.size({"a": "\ud800"})


@pytest.mark.parametrize("value", [None, True, 1, Int64(2**40), 1.0, -0.5, "text", Decimal128("2.50"), Int64(7)])
def test_exact_text_keeps_the_type(value: object) -> None:
    """A scalar in a cursor is the same one again."""
    read = document_json.from_exact_text(document_json.exact_text(value))
    assert (type(read), read) == (type(value), value)
