"""The indexes of tenant stores: those that every store has, and those that members declare on fields of their data.

In the shared collection each is led by the organization and serves all that declare it.
"""

from collections.abc import Sequence

from pymongo import ASCENDING, IndexModel


def standing(*, shared: bool) -> list[IndexModel]:
    """Return the indexes that every store has."""
    by_type = _index("by_type", [], shared=shared)
    by_id = IndexModel([("_id.org", ASCENDING), ("_id.id", ASCENDING)], name="by_id")
    return [by_id, by_type] if shared else [by_type]


def on_fields(fields: Sequence[str], *, shared: bool) -> IndexModel:
    """Return the index on these fields of the data, in this order, within each type."""
    return _index(f"by_type:{','.join(fields)}", [f"data.{field}" for field in fields], shared=shared)


def _index(name: str, paths: Sequence[str], *, shared: bool) -> IndexModel:
    fields = ["_id.org", "type", *paths, "_id.id"] if shared else ["type", *paths, "_id"]
    return IndexModel([(field, ASCENDING) for field in fields], name=name)
