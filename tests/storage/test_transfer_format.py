"""The form of exported documents: what BSON can hold comes back as it was, and what JSON can say does no harm."""

import json

import bson
import pytest
from bson import json_util
from hypothesis import given
from hypothesis import strategies as st

from storage import transfer_format
from storage.tenant_stores import to_content
from storage.transfer_format import DocumentLine, LineError, Tally
from tests.storage import transfers

WORDS = ["$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$binary", "$regex", "$code"]
WORDS += ["$timestamp", "$uuid", "$ref", "$id", "$symbol", "$scope", "$options", "$regularExpression", "base64", "a"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=8,
)


def round_trip(content: bytes) -> tuple[bytes, bytes]:
    """Return the line of a document, and the document that is read of it."""
    line = transfer_format.write([content], Tally())
    found = transfer_format.read(line)
    assert isinstance(found, DocumentLine)
    return line, found.content


@pytest.mark.parametrize("content", transfers.foreign_documents())
def test_documents_come_back_as_they_were(content: bytes) -> None:
    """Every type of value and of id is canonical extended JSON in one line, and the same bytes again."""
    line, read_back = round_trip(content)
    assert read_back == content
    assert line.count(b"\n") == 1
    assert b'"bson"' not in line


@pytest.mark.parametrize(
    "content",
    [
        *(to_content({"_id": 1, "at": far}) for far in transfers.FAR_DATES),
        to_content({"_id": 1, "a": {"$oid": "0123456789abcdef01234567"}}),
        to_content({"_id": 1, "a": {"$where": 1}}),
        b"\x11\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x06a\x00\x00",
        b"\x17\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x0ea\x00\x02\x00\x00\x00x\x00\x00",
        b"\x17\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x02a\x00\x02\x00\x00\x00\xff\x00\x00",
        b"\x1c\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x10a\x00\x02\x00\x00\x00\x00",
    ],
    ids=["late", "early", "words", "operator", "undefined", "symbol", "no UTF-8", "same key twice"],
)
def test_what_extended_json_cannot_say_comes_back_too(content: bytes) -> None:
    """Deprecated types, words of extended JSON as keys, broken text: bytes, where nothing else will do."""
    assert round_trip(content)[1] == content


@given(json_values)
def test_no_line_is_more_than_refused(value: object) -> None:
    """Whatever JSON a line is, it is a document that BSON can hold, or an error in words."""
    line = json.dumps({"_id": 1, "value": value}).encode()
    try:
        found = transfer_format.read(line)
    except LineError as error:
        assert str(error)
    else:
        assert isinstance(found, DocumentLine)
        assert bson.decode(found.content)["_id"] == 1


def test_longest_document_fits_into_a_line() -> None:
    """A document as large as may be imported is exported as a line that may be imported."""
    content = to_content({"_id": 1, "n": [1] * 1_290_000})
    assert len(content) < transfer_format.MAX_DOCUMENT_BYTES
    assert len(json_util.dumps(bson.decode(content), json_options=json_util.CANONICAL_JSON_OPTIONS)) > 20 * 1024**2
    line, read_back = round_trip(content)
    assert len(line) <= transfer_format.MAX_LINE_BYTES
    assert read_back == content
    assert len(b"x" * transfer_format.MAX_DOCUMENT_BYTES) * 4 / 3 + 100 < transfer_format.MAX_LINE_BYTES
