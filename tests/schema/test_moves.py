"""Renaming an organization through the interface that clients see."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from storage import tenant_stores
from storage.database import Database
from storage.placements import Placement, StoreStrategy
from tests.api import API, Member
from tests.storage import directory

RENAME = """
mutation ($input: RenameOrgInput!) {
  renameOrg(input: $input) {
    organization { name slug tenantStore { database collection documentCount } migration { id } }
    migration {
      id kind state documentsDone documentsTotal error finishedAt
      from { slug strategy collection } to { slug strategy collection }
    }
    errors { code path message }
  }
}
"""
BY_SLUG = "query ($slug: String) { organization(slug: $slug) { id name slug } }"
strategies = pytest.mark.parametrize("changed_settings", [{"tenant_store": strategy} for strategy in StoreStrategy])


async def rename(api: API, member: Member, name: str, slug: str | None = None) -> dict[str, Any]:
    """Rename an organization as its owner and return the payload."""
    variables = {"input": {"organizationId": member.organization_id, "name": name, "slug": slug}}
    payload: dict[str, Any] = (await api.data(RENAME, variables, token=member.token))["renameOrg"]
    return payload


async def store_of(database: Database, slug: str) -> tenant_stores.TenantStore:
    """Return the store of the organization that has this slug now."""
    document = await database["organizations"].find_one({"slug": slug})
    assert document is not None
    placement = Placement.from_document(document["placement"])
    return tenant_stores.TenantStore(database, document["_id"], placement)


async def fill(database: Database, slug: str, count: int) -> list[dict[str, Any]]:
    """Put documents and an index into an organization's store; return the documents as stored."""
    document = await database["organizations"].find_one({"slug": slug})
    assert document is not None
    placement, organization_id = document["placement"], document["_id"]
    collection = database.client[placement["database"]][placement["collection"]]
    shared = placement["strategy"] == StoreStrategy.SHARED
    documents = [
        {"_id": {"org": organization_id, "id": n} if shared else n, "n": n, "text": "ö" * (n % 50)}
        for n in range(count)
    ]
    await collection.insert_many(documents)
    if not shared:
        await collection.create_index([("n", -1)], name="by_n", unique=True)
    return documents


async def contents(database: Database, slug: str) -> list[dict[str, Any]]:
    """Return all documents of an organization's store."""
    document = await database["organizations"].find_one({"slug": slug})
    assert document is not None
    placement = document["placement"]
    query = {"_id.org": document["_id"]} if placement["strategy"] == StoreStrategy.SHARED else {}
    collection = database.client[placement["database"]][placement["collection"]]
    return await collection.find(query).sort("_id").to_list(None)


@strategies
async def test_rename_carries_every_document(api: API, database: Database) -> None:
    """After a rename the store has another place, unless it is shared, and the same contents and indexes."""
    member = await api.sign_up(name="Old Name")
    other = await api.sign_up(name="Bystander")
    theirs = await fill(database, other.slug, 10)
    documents = await fill(database, member.slug, 600)
    source = await store_of(database, member.slug)
    before = await source.content()
    payload = await rename(api, member, "New Name")
    assert payload["errors"] == []
    assert payload["organization"]["name"] == "New Name"
    assert payload["organization"]["slug"] == "new-name"
    assert payload["organization"]["migration"] is None
    assert payload["organization"]["tenantStore"]["documentCount"] == 600
    assert payload["migration"]["state"] == "CLEANED"
    target = await store_of(database, "new-name")
    assert await target.content() == before
    assert await contents(database, "new-name") == documents
    assert await contents(database, "bystander") == theirs
    if not source.is_shared:
        assert payload["migration"]["documentsDone"] == 600
        assert await source.count() == 0
        names = await database.client[source.placement.database].list_collection_names()
        assert source.placement.same_place(target.placement) is False
        assert source.placement.collection not in names


async def test_old_slug_leads_there_for_thirty_days(api: API) -> None:
    """The old address works for 30 days, is nobody else's in that time, and is free after it."""
    member = await api.sign_up(name="Old Name")
    await rename(api, member, "New Name")
    assert (await api.data(BY_SLUG, {"slug": "old-name"}))["organization"]["slug"] == "new-name"
    assert (await api.create_org(name="OLD name"))["errors"][0]["code"] == "SLUG_TAKEN"
    with time_machine.travel(timedelta(days=30, minutes=1), tick=True):
        assert (await api.data(BY_SLUG, {"slug": "old-name"}))["organization"] is None
        newcomer = await api.sign_up(name="OLD name")
        assert (await api.data(BY_SLUG, {"slug": "old-name"}))["organization"]["id"] == newcomer.organization_id


async def test_rename_there_and_back(api: API, database: Database) -> None:
    """One's own old slug can be taken again, and the documents come along."""
    member = await api.sign_up(name="Old Name")
    documents = await fill(database, member.slug, 5)
    await rename(api, member, "New Name")
    payload = await rename(api, member, "Old Name")
    assert payload["errors"] == []
    assert await contents(database, "old-name") == documents
    assert (await api.data(BY_SLUG, {"slug": "new-name"}))["organization"]["slug"] == "old-name"


@pytest.mark.parametrize("spelling", ["Vic tim", "Vic_tim", "VIC-TIM", "víc  tim", "Ｖｉｃ tim"])
async def test_name_of_another_is_refused_however_spelled(api: API, database: Database, spelling: str) -> None:
    """A rename onto a name that is one slug with another's changes nothing of either organization's data."""
    victim = await api.sign_up(name="Vic Tim")
    member = await api.sign_up(name="Rascal")
    theirs, mine = await fill(database, victim.slug, 20), await fill(database, member.slug, 20)
    payload = await rename(api, member, spelling)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("SLUG_TAKEN", ["name"])]
    assert payload["organization"] is payload["migration"] is None
    assert await contents(database, "vic-tim") == theirs
    assert await contents(database, "rascal") == mine
    assert (await api.data(BY_SLUG, {"slug": "rascal"}))["organization"]["name"] == "Rascal"


async def test_respelling_moves_nothing(api: API, database: Database) -> None:
    """A name with the same slug is a new spelling: no move, the same place."""
    member = await api.sign_up(name="Acme Rockets")
    before = (await store_of(database, member.slug)).placement
    payload = await rename(api, member, "ACME rockets")
    assert payload["organization"]["name"] == "ACME rockets"
    assert payload["migration"] is None
    assert (await store_of(database, member.slug)).placement == before


async def test_rename_onto_documents_of_nobody_is_undone(api: API, database: Database) -> None:
    """A collection that holds documents is never merged into or dropped: the rename is undone and says why."""
    member = await api.sign_up(name="Old Name")
    documents = await fill(database, member.slug, 5)
    foreign = database.client[f"{database.name}_tenants"]["org_new_name"]
    await foreign.insert_one({"_id": 1})
    payload = await rename(api, member, "New Name")
    assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]
    assert await foreign.find().to_list(None) == [{"_id": 1}]
    assert await contents(database, "old-name") == documents
    (journal,) = await database["migrations"].find().to_list(None)
    assert journal["state"] == "ROLLED_BACK"
    assert "documents already" in journal["error"]
    assert (await api.create_org(name="Else", slug="new-name"))["errors"][0]["code"] == "SLUG_TAKEN"
    assert await database["slugs"].find_one({"_id": "new-name"}) is None


async def test_one_name_has_one_winner(api: API, database: Database) -> None:
    """Of `rename A→B`, `rename C→B` and sign-ups as B at the same instant, one gets the name."""
    first, second = await api.sign_up(name="A firm"), await api.sign_up(name="C firm")
    mine, theirs = await fill(database, first.slug, 30), await fill(database, second.slug, 30)
    renames = [rename(api, first, "B firm"), rename(api, second, "b-FIRM")]
    payloads = await asyncio.gather(*renames, *(api.create_org(name="B Firm") for _ in range(3)))
    assert [not payload["errors"] for payload in payloads].count(True) == 1
    assert {payload["errors"][0]["code"] for payload in payloads if payload["errors"]} == {"SLUG_TAKEN"}
    a_slug = "b-firm" if not payloads[0]["errors"] else "a-firm"
    c_slug = "b-firm" if not payloads[1]["errors"] else "c-firm"
    assert await contents(database, a_slug) == mine
    assert await contents(database, c_slug) == theirs


async def test_two_renames_of_one_organization_do_not_mix(api: API, database: Database) -> None:
    """Renames at the same instant follow each other or answer `ORG_MIGRATING`; the store ends in one place."""
    member = await api.sign_up(name="Start")
    documents = await fill(database, member.slug, 300)
    payloads = await asyncio.gather(*(rename(api, member, f"Goal {n}") for n in range(6)))
    assert {error["code"] for payload in payloads for error in payload["errors"]} <= {"ORG_MIGRATING"}
    current = (await api.data(BY_SLUG, {"slug": "start"}))["organization"]["slug"]
    assert current.startswith("goal-")
    assert await contents(database, current) == documents
    assert await directory.stores(database) == [f"_tenants.org_{current.replace('-', '_')}"]


async def test_rename_is_for_owners_of_the_organization(api: API, database: Database) -> None:
    """Others are refused alike, and the name stays."""
    member, other = await api.sign_up(name="Mine"), await api.sign_up(name="Theirs")
    variables = {"input": {"organizationId": member.organization_id, "name": "Stolen"}}
    assert await api.error_code(RENAME, variables) == "UNAUTHENTICATED"
    assert await api.error_code(RENAME, variables, token=other.token) == "FORBIDDEN"
    assert (await api.data(BY_SLUG, {"slug": "mine"}))["organization"]["name"] == "Mine"
    assert await database["migrations"].count_documents({}) == 0


@pytest.mark.parametrize(("name", "path"), [("A", "name"), ("A" * 10_000, "name"), ("🚀🚀", "slug"), ("Login", "name")])
async def test_bad_names_are_told_with_their_path(api: API, name: str, path: str) -> None:
    """A rename takes the same names as a sign-up."""
    member = await api.sign_up(name="Mine")
    payload = await rename(api, member, name)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", [path])]
