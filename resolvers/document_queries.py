"""What clients ask of documents, as a query that a declared index serves; anything else is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auth.errors import BadRequestError
from auth.identifiers import OrganizationId
from resolvers.context import RequestContext
from resolvers.document_names import require_field, require_type
from storage import document_json, document_queries, document_types
from storage.document_json import UnstorableError
from storage.document_queries import DocumentQuery, Position, ValueRange
from storage.document_types import DocumentTypeRecord, IndexState
from storage.document_values import class_of


class Comparison(StrEnum):
    """How a field can be compared, by the name that clients see."""

    EQUALS = "equals"
    GREATER_THAN = "greaterThan"
    AT_LEAST = "atLeast"
    LESS_THAN = "lessThan"
    AT_MOST = "atMost"


_LOWER = {Comparison.GREATER_THAN: document_queries.behind, Comparison.AT_LEAST: document_queries.before}
_UPPER = {Comparison.LESS_THAN: document_queries.before, Comparison.AT_MOST: document_queries.behind}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field of the data is compared with: one value that it equals, or one or two bounds."""

    field: str
    comparisons: Mapping[Comparison, object]


async def build(
    context: RequestContext,
    organization_id: OrganizationId,
    *,
    kind: str | None,
    conditions: Sequence[Condition],
    order: str | None,
    descending: bool,
) -> DocumentQuery:
    """Return the query; `order` is a field, or None for that of a range, or else of creation.

    Raises `BadRequestError`, which names the index to declare where there is none that serves the query.
    """
    if kind is not None:
        require_type(kind)
    elif conditions or order is not None:
        raise BadRequestError("Conditions and an order by a field need filter.type.")
    equals, ranges = _sort_out(conditions)
    order = next(iter(ranges), None) if order is None else require_field(order)
    if set(ranges) - {order} or order in equals:
        raise BadRequestError("At most one field has bounds; it is the one that the order is by, and equals no value.")
    query = DocumentQuery(kind, equals, order, ranges.get(order or ""), descending)
    if kind is not None and (equals or order is not None):
        found = await document_types.find(context.services.database, organization_id, kind)
        _require_index(found, query)
    return query


def _sort_out(conditions: Sequence[Condition]) -> tuple[dict[str, object], dict[str, ValueRange]]:
    equals: dict[str, object] = {}
    ranges: dict[str, ValueRange] = {}
    for condition in conditions:
        field = require_field(condition.field)
        if field in equals or field in ranges:
            raise BadRequestError(f"There are two conditions on {field}: join them.")
        if Comparison.EQUALS not in condition.comparisons:
            ranges[field] = _range(condition)
        elif len(condition.comparisons) == 1:
            equals[field] = _value(field, condition.comparisons[Comparison.EQUALS])
        else:
            raise BadRequestError(f"The condition on {field} has equals or bounds, not both.")
    return equals, ranges


def _range(condition: Condition) -> ValueRange:
    low = [_LOWER[one](_value(condition.field, value)) for one, value in condition.comparisons.items() if one in _LOWER]
    high = [
        _UPPER[one](_value(condition.field, value)) for one, value in condition.comparisons.items() if one in _UPPER
    ]
    classes = {class_of(position.value) for position in low + high}
    if len(low) > 1 or len(high) > 1 or len(classes) != 1:
        raise BadRequestError(
            f"The condition on {condition.field} has one lower bound, one upper bound, or both, of the same type."
        )
    (value_class,) = classes
    assert value_class is not None  # noqa: S101 - _value() has raised otherwise
    return ValueRange(value_class, _only(low), _only(high))


def _only(positions: Sequence[Position]) -> Position | None:
    return positions[0] if positions else None


def _value(field: str, given: object) -> object:
    """Return what a field is compared with as it is stored: nothing that an index cannot hold."""
    try:
        value: object = document_json.decode_value(given)
    except UnstorableError as error:
        raise BadRequestError(f"The condition on {field}: {error.message}") from None
    if class_of(value) is None:
        raise BadRequestError(f"{field} is compared with null, a number, a boolean, a date or a short text.")
    return value


def _require_index(found: DocumentTypeRecord | None, query: DocumentQuery) -> None:
    """Raise `BadRequestError` unless an index begins with the fields that equal values and ends with the order's."""
    ending = () if query.order is None else (query.order,)
    for index in found.indexes if found else ():
        fields = index.fields
        if set(fields) == {*query.equals, *ending} and fields[len(query.equals) :] == ending:
            if index.state is IndexState.READY:
                return
            raise BadRequestError(f"The index on {_shown(fields)} of the type {query.type} is not ready yet.")
    wanted = _shown((*query.equals, *ending))
    raise BadRequestError(f"No index of the type {query.type} serves this: declare one on {wanted}.")


def _shown(fields: Sequence[str]) -> str:
    return f"[{', '.join(fields)}]"
