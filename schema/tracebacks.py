"""Tracebacks for the log: where and what kind of error, never its message or a variable, which may hold a secret."""

import traceback
from collections.abc import Iterator

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def text(error: BaseException) -> str:
    """Return the traceback of an error, and of those that led to it, each once."""
    return "".join(_lines(error, set())).rstrip("\n")


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield _CONTEXT if error.__cause__ is None else _CAUSE
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{_name(error)}\n"
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        if id(one) not in seen:
            yield from _lines(one, seen)


def _name(error: BaseException) -> str:
    """Return the type of an error, with its code if it is a number, as the database's are."""
    kind, code = type(error), getattr(error, "code", None)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    return f"{name} ({code})" if isinstance(code, int) else name
