"""Counting commands in MongoDB's wire protocol, whatever pieces it comes in."""

import bson
import pytest
from pymongo import message

from benchmarks.wire_messages import Messages


def _message(command: dict[str, object]) -> bytes:
    """Return a command as the driver sends it."""
    _, encoded, _, _ = message._op_msg(0, command, "directory", None, bson.codec_options.DEFAULT_CODEC_OPTIONS)  # noqa: SLF001 - the driver's own encoder
    return encoded


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_commands_are_told_apart_in_pieces_of_any_size(size: int) -> None:
    """Two commands in one piece are two, one in many is one, and the driver's own are none."""
    sent = _message({"find": "organizations", "filter": {}}) + _message({"hello": 1}) + _message({"insert": "admins"})
    messages = Messages()
    found = [name for start in range(0, len(sent), size) for name in messages.feed(sent[start : start + size])]
    assert found == ["find", "insert"]


def test_documents_may_stand_before_the_command() -> None:
    """A section of documents in front of the body is passed over, and other operations are no commands."""
    body = b"\0" + bson.encode({"insert": "admins", "$db": "directory"})
    documents = b"documents\0" + bson.encode({"_id": 1})
    section = b"\1" + (4 + len(documents)).to_bytes(4, "little") + documents
    content = bytes(4) + section + body
    head = [16 + len(content), 1, 0, 2013]
    sent = b"".join(field.to_bytes(4, "little") for field in head) + content
    old = b"".join(field.to_bytes(4, "little") for field in (20, 1, 0, 2004)) + bytes(4)
    assert list(Messages().feed(old + sent)) == ["insert"]
