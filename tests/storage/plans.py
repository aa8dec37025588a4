"""How the database would answer a query."""

from typing import Any

from storage.database import Database, Document


async def stages(database: Database, collection: str, query: Document, sort: list[tuple[str, int]]) -> list[str]:
    """Return the stages of the winning plan of a page's query in the master database, from the top."""
    command = {"find": collection, "filter": query, "sort": dict(sort), "limit": 11}
    explained = await database.client[database.name].command("explain", command)
    return stages_of(explained["queryPlanner"]["winningPlan"])


def stages_of(plan: dict[str, Any]) -> list[str]:
    """Return the stages of a plan, from the top."""
    return [plan["stage"], *(stages_of(plan["inputStage"]) if "inputStage" in plan else [])]
