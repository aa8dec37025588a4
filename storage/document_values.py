"""The values that a declared index can hold: scalars, in BSON's order of types, each type in its own order."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from bson import DatetimeMS, Decimal128

MAX_TEXT_LENGTH = 1000
_MINIMA: Mapping["ValueClass", object]


class ValueClass(IntEnum):
    """The types that are compared among themselves, in their order; what is missing counts as null."""

    NULL = 0
    NUMBER = 1
    STRING = 2
    BOOLEAN = 3
    DATE = 4


class NotIndexableError(Exception):
    """A declared field holds what its index cannot order; `path` leads to it within the data."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(".".join(path))
        self.path = path


def class_of(value: object) -> ValueClass | None:
    """Return the class of a stored value, or None if it is not one that an index can hold."""
    if value is None:
        return ValueClass.NULL
    if isinstance(value, bool):
        return ValueClass.BOOLEAN
    if isinstance(value, int | float | Decimal128):
        return None if math.isnan(comparable(value)) else ValueClass.NUMBER
    if isinstance(value, str):
        return ValueClass.STRING if len(value) <= MAX_TEXT_LENGTH else None
    return ValueClass.DATE if isinstance(value, datetime | DatetimeMS) else None


def comparable(value: Any) -> Any:  # noqa: ANN401 - of any type of BSON
    """Return a stored value in a form that Python orders as the database does, within one class."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return DatetimeMS(value) if isinstance(value, datetime) else value


def minimum(value_class: ValueClass) -> object:
    """Return a value that no other of its class is less than."""
    return _MINIMA[value_class]


def field_value(data: Mapping[str, Any], field: str) -> Any:  # noqa: ANN401 - of any type of BSON
    """Return what the data has at a path of declared fields, or None. Raises `NotIndexableError`."""
    value: Any = data
    passed: tuple[str, ...] = ()
    for part in field.split("."):
        if isinstance(value, list):
            raise NotIndexableError(passed)
        value = value.get(part) if isinstance(value, Mapping) else None
        passed = (*passed, part)
    if class_of(value) is None:
        raise NotIndexableError(passed)
    return value


def is_indexable(data: Mapping[str, Any], field: str) -> bool:
    """Tell whether an index on this field can hold the data."""
    try:
        field_value(data, field)
    except NotIndexableError:
        return False
    return True


_MINIMA = {
    ValueClass.NULL: None,
    ValueClass.NUMBER: -math.inf,
    ValueClass.STRING: "",
    ValueClass.BOOLEAN: False,
    ValueClass.DATE: datetime.min.replace(tzinfo=UTC),
}
