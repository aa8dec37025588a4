"""Keeping documents in another way, and plans of moves, through the interface that clients see."""

import asyncio
from typing import Any

import pytest

from storage import tenant_stores
from storage.database import Database
from storage.placements import Placement, StoreStrategy
from tests.api import API, Member
from tests.storage import directory

MOVE = """
mutation ($input: MoveTenantStoreInput!) {
  moveTenantStore(input: $input) {
    organization { slug tenantStore { strategy database collection documentCount } }
    migration {
      kind way state documentsDone documentsTotal bytesDone bytesTotal documentsPerSecond secondsLeft error
      from { slug strategy } to { slug strategy database collection }
    }
    plan {
      way from { strategy } to { strategy database collection }
      documents bytes indexes estimatedFenceMilliseconds
    }
    errors { code path message }
  }
}
"""
PLAN_RENAME = """
mutation ($input: RenameOrgInput!) {
  renameOrg(input: $input) {
    organization { name slug }
    migration { id }
    plan { way from { slug collection } to { slug collection } documents bytes }
    errors { code path }
  }
}
"""


async def move(api: API, member: Member, strategy: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Move an organization's store as its owner and return the payload."""
    variables = {"input": {"organizationId": member.organization_id, "strategy": strategy, "dryRun": dry_run}}
    payload: dict[str, Any] = (await api.data(MOVE, variables, token=member.token))["moveTenantStore"]
    return payload


async def plan_rename(api: API, member: Member, name: str) -> dict[str, Any]:
    """Ask what a rename would do."""
    variables = {"input": {"organizationId": member.organization_id, "name": name, "dryRun": True}}
    payload: dict[str, Any] = (await api.data(PLAN_RENAME, variables, token=member.token))["renameOrg"]
    return payload


async def fill(database: Database, slug: str, count: int) -> tenant_stores.Content:
    """Put documents into an organization's store, and return what is in it."""
    store = await store_of(database, slug)
    contents = [tenant_stores.to_content({"_id": f"{number:024x}", "n": number}) for number in range(count)]
    await database.transaction(lambda tx: store.insert(tx, contents))
    return await store.content()


async def store_of(database: Database, slug: str) -> tenant_stores.TenantStore:
    """Return the store that an organization has now."""
    record = await database["organizations"].find_one({"slug": slug})
    assert record is not None
    return tenant_stores.TenantStore(database, record["_id"], Placement.from_document(record["placement"]))


async def everything(database: Database) -> list[Any]:
    """Return what a dry run must not change."""
    names = ["organizations", "slugs", "migrations", "burned_names"]
    return [await database[name].find().to_list(None) for name in names] + [await directory.stores(database)]


async def test_store_goes_from_strategy_to_strategy(api: API, database: Database) -> None:
    """Along the way the documents stay what they are, the name stays, and the old places are gone."""
    member = await api.sign_up(name="Acme")
    await api.sign_up(name="Other")
    content, theirs = await fill(database, "acme", 40), await fill(database, "other", 7)
    for strategy in ("DATABASE", "SHARED", "COLLECTION", "SHARED", "DATABASE", "COLLECTION"):
        payload = await move(api, member, strategy)
        assert payload["errors"] == []
        assert payload["plan"] is None
        assert payload["organization"]["slug"] == "acme"
        assert payload["organization"]["tenantStore"]["strategy"] == strategy
        assert payload["organization"]["tenantStore"]["documentCount"] == 40
        migration = payload["migration"]
        assert (migration["kind"], migration["way"], migration["state"]) == ("MOVE", "COPY", "CLEANED")
        assert (migration["documentsDone"], migration["documentsTotal"]) == (40, 40)
        assert migration["bytesDone"] == content.size
        assert migration["documentsPerSecond"] > 0
        assert migration["secondsLeft"] == 0
        assert await (await store_of(database, "acme")).content() == content
    assert await (await store_of(database, "other")).content() == theirs
    assert await directory.stores(database) == ["_tenants.org_acme", "_tenants.org_other"]


async def test_move_to_where_it_is_does_nothing(api: API, database: Database) -> None:
    """There is no migration, and no plan."""
    member = await api.sign_up(name="Acme")
    before = await everything(database)
    for dry_run in (False, True):
        payload = await move(api, member, "COLLECTION", dry_run=dry_run)
        assert (payload["migration"], payload["plan"], payload["errors"]) == (None, None, [])
    assert await everything(database) == before


async def test_plan_of_a_move_changes_nothing(api: API, database: Database) -> None:
    """It says what would be copied, from where to where."""
    member = await api.sign_up(name="Acme")
    content = await fill(database, "acme", 40)
    before = await everything(database)
    payload = await move(api, member, "DATABASE", dry_run=True)
    assert payload["errors"] == []
    assert payload["migration"] is None
    plan = payload["plan"]
    assert plan.pop("estimatedFenceMilliseconds") >= 0
    assert plan == {
        "way": "COPY",
        "from": {"strategy": "COLLECTION"},
        "to": {"strategy": "DATABASE", "database": f"{database.name}_org_acme", "collection": "documents"},
        "documents": 40,
        "bytes": content.size,
        "indexes": 1,
    }
    assert await everything(database) == before


async def test_plan_of_a_rename_changes_nothing(api: API, database: Database) -> None:
    """It is refused where the rename would be, and else says what would be done."""
    member = await api.sign_up(name="Acme")
    await api.sign_up(name="Taken")
    await fill(database, "acme", 40)
    before = await everything(database)
    planned = await plan_rename(api, member, "New Name")
    assert planned["errors"] == []
    assert (planned["organization"]["name"], planned["migration"]) == ("Acme", None)
    assert planned["plan"]["to"] == {"slug": "new-name", "collection": "org_new_name"}
    assert planned["plan"]["documents"] == 40
    taken = await plan_rename(api, member, "taken!")
    assert [(error["code"], error["path"]) for error in taken["errors"]] == [("SLUG_TAKEN", ["name"])]
    respelled = await plan_rename(api, member, "ACME")
    assert (respelled["plan"], respelled["errors"]) == (None, [])
    assert await everything(database) == before


async def test_plan_to_the_own_alias_is_not_refused(api: API) -> None:
    """One's own old name is free for oneself."""
    member = await api.sign_up(name="Acme")
    variables = {"input": {"organizationId": member.organization_id, "name": "Other"}}
    await api.data("mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }", variables,
                   token=member.token)  # fmt: skip
    assert (await plan_rename(api, member, "Acme"))["errors"] == []


async def test_move_is_for_owners_of_the_organization(api: API, database: Database, operator_token: str) -> None:
    """Others, operators included, are refused, and the store stays where it is."""
    member, other = await api.sign_up(name="Mine"), await api.sign_up(name="Theirs")
    before = await everything(database)
    for dry_run in (False, True):
        variables = {"input": {"organizationId": member.organization_id, "strategy": "DATABASE", "dryRun": dry_run}}
        assert await api.error_code(MOVE, variables) == "UNAUTHENTICATED"
        assert await api.error_code(MOVE, variables, token=other.token) == "FORBIDDEN"
        assert await api.error_code(MOVE, variables, token=operator_token) == "FORBIDDEN"
    assert await everything(database) == before


@pytest.mark.parametrize("changed_settings", [{"tenant_store": StoreStrategy.SHARED}])
async def test_moves_at_once_follow_each_other_or_are_refused(api: API, database: Database) -> None:
    """The store ends in one place, with all that was in it."""
    member = await api.sign_up(name="Acme")
    content = await fill(database, "acme", 60)
    payloads = await asyncio.gather(*(move(api, member, goal) for goal in ("DATABASE", "COLLECTION") * 3))
    codes = {error["code"] for payload in payloads for error in payload["errors"]}
    assert codes <= {"ORG_MIGRATING", "CONFLICT"}
    assert await (await store_of(database, "acme")).content() == content
    strategies = (await store_of(database, "acme")).placement.strategy
    assert strategies in {StoreStrategy.DATABASE, StoreStrategy.COLLECTION}
    shared = database.client[f"{database.name}_tenants"]["documents"]
    assert await shared.count_documents({}) == 0
