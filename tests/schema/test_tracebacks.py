"""Tracebacks in the log: where something failed, and nothing of what it was about."""

import asyncio
import gc
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from pymongo.errors import OperationFailure

from schema import logs, tracebacks

_SECRET = "canary-traceback"


def fail(secret: str) -> None:
    """Fail, with a secret in the message, a variable and the error that led to it."""
    found = {"password": secret}
    try:
        int(secret)
    except ValueError as error:
        raise LookupError(f"no {found}") from error


def failure() -> BaseException:
    """Return the error of such a failure."""
    try:
        fail(_SECRET)
    except LookupError as error:
        return error
    raise AssertionError


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, as in production."""
    root, text = logging.getLogger(), io.StringIO()
    handlers, level, filters = root.handlers, root.level, logging.getLogger("asyncio").filters
    monkeypatch.setattr(sys, "stderr", text)
    logs.configure(as_json=True)
    yield text
    structlog.reset_defaults()
    root.handlers, root.level, logging.getLogger("asyncio").filters = handlers, level, filters[:-1]


def test_traceback_says_where_and_of_what_kind() -> None:
    """Frames and types of all errors in the chain, and no message."""
    text = tracebacks.text(failure())
    assert text.count("Traceback (most recent call last)") == 2
    assert text.index("ValueError") < text.index("direct cause") < text.index("LookupError")
    assert ", in fail" in text
    assert _SECRET not in text


def test_groups_are_told_of_one_by_one() -> None:
    """Each error in a group has its frames; one that is in its own chain is told of once."""
    error = failure()
    error.__context__ = group = ExceptionGroup(_SECRET, [ValueError(_SECRET), TypeError(_SECRET)])
    group.__context__ = error
    text = tracebacks.text(group)
    assert [text.count(name) for name in ("ExceptionGroup", "ValueError", "TypeError")] == [1, 2, 1]
    assert _SECRET not in text


def test_codes_of_the_database_are_said() -> None:
    """They are numbers, and say what its message would."""
    assert tracebacks.text(OperationFailure(_SECRET, 11000)).endswith("pymongo.errors.OperationFailure (11000)")


async def test_what_asyncio_says_is_logged_without_details(log: io.StringIO) -> None:
    """A task whose error nobody has looked at is logged with its traceback, and not shown itself."""

    async def fail_alone() -> None:
        fail(_SECRET)

    await asyncio.wait({asyncio.create_task(fail_alone())})
    gc.collect()
    (line,) = (json.loads(line) for line in log.getvalue().splitlines())
    assert line["event"] == "Task exception was never retrieved"
    assert ", in fail" in line["exception"]
    assert _SECRET not in log.getvalue()


def test_errors_are_logged_without_their_messages(log: io.StringIO) -> None:
    """Ours, and those that libraries log."""
    structlog.get_logger().error("ours", exc_info=failure())
    logging.getLogger("library").error("theirs", exc_info=failure())
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == ["ours", "theirs"]
    assert log.getvalue().count('"exception":"Traceback') == 2
    assert _SECRET not in log.getvalue()
