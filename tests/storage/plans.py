"""How the database would answer a query."""

from collections.abc import Sequence
from typing import Any

from storage.database import Database, Document

SORTS = {"SORT", "$sort", "COLLSCAN"}
"""What no page is to need."""


async def stages(
    database: Database, collection: str, query: Document, sort: Sequence[tuple[str, int]] = ()
) -> list[str]:
    """Return the stages of the winning plan of a query in the master database, from the top."""
    explained = await _explain(database, {"find": collection, "filter": query, "sort": dict(sort), "limit": 11})
    return stages_of(explained["queryPlanner"]["winningPlan"])


async def stages_of_page(
    database: Database, collection: str, pipeline: list[Document], *, heeded: Document
) -> list[str]:
    """Return the same for the aggregation that reads a page, with what is not part of the plan.

    The embedded database is asked about what its planner heeds, and always sorts.
    """
    if not (await database.capabilities()).drops_at_once:
        return await stages(database, collection, heeded)
    explained = await _explain(database, {"aggregate": collection, "pipeline": pipeline, "cursor": {}})
    cursor, *later = explained.get("stages", [{"$cursor": explained}])
    return [*(name for stage in later for name in stage), *stages_of(cursor["$cursor"]["queryPlanner"]["winningPlan"])]


def stages_of(plan: dict[str, Any]) -> list[str]:
    """Return the stages of a plan, from the top."""
    return [plan["stage"], *(stages_of(plan["inputStage"]) if "inputStage" in plan else [])]


async def _explain(database: Database, command: Document) -> dict[str, Any]:
    return await database.client[database.name].command("explain", command)
