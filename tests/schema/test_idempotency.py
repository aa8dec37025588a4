"""Requests sent again under one key, through the interface that clients see."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from storage.database import Database, new_id
from tests.api import API, PASSWORD, Member

KEY = "Zm9vYmFy: 1/2 ~"
AT_ONCE = 8
BUSY = [{"code": "CONFLICT", "path": ["idempotencyKey"], "retryable": True}]
MISMATCH = [{"code": "IDEMPOTENCY_MISMATCH", "path": ["idempotencyKey"], "retryable": False}]


@dataclass(frozen=True, slots=True)
class Case:
    """A mutation: its arguments, others, what it answers, and how often it has taken effect."""

    mutation: str
    arguments: Callable[[Member, str], dict[str, Any]]
    others: dict[str, Any]
    selection: str
    effect: dict[str, Any]


def _own(**arguments: Any) -> Callable[[Member, str], dict[str, Any]]:  # noqa: ANN401 - as the inputs take them
    return lambda member, _: {"organizationId": member.organization_id, **arguments}


DOCUMENT = {"type": "note", "data": {"total": 1.5, "nested": [{"deep": [None, True, 2**53]}]}}
WRITTEN = {"kind": "DOCUMENTS", "changes.0.kind": "CREATED"}
REMOVED = {"kind": "DOCUMENTS", "changes.0.kind": "DELETED"}
NEWCOMER = {"name": "Newcomer", "email": "ada@example.com", "password": PASSWORD}
CASES = [
    Case(
        "createOrg",
        lambda *_: dict(NEWCOMER),
        {"name": "Another"},
        "organization { id name slug createdAt updatedAt } admin { id email }",
        {"action": "organization:created"},
    ),
    Case(
        "renameOrg",
        _own(name="Goal"),
        {"name": "Elsewhere"},
        "organization { slug updatedAt tenantStore { collection } } migration { id state finishedAt }",
        {"action": "store:move_started"},
    ),
    Case(
        "renameOrg",
        _own(name="START"),
        {"name": "start"},
        "organization { name slug updatedAt } migration { id }",
        {"action": "organization:updated"},
    ),
    Case(
        "moveTenantStore",
        _own(strategy="SHARED"),
        {"strategy": "DATABASE"},
        "organization { slug tenantStore { strategy } } migration { id state }",
        {"action": "store:move_started"},
    ),
    Case(
        "createDocument",
        _own(**DOCUMENT),
        {"data": {"total": 2}},
        "document { id type data version createdAt }",
        WRITTEN,
    ),
    Case(
        "createDocuments",
        _own(documents=[DOCUMENT, {"type": "note", "data": {}}]),
        {"documents": [DOCUMENT]},
        "documents { id data version }",
        WRITTEN,
    ),
    Case(
        "deleteDocument",
        lambda _, document_id: {"id": document_id},
        {"expectedVersion": 1},
        "deletedId",
        REMOVED,
    ),
    Case(
        "deleteDocuments",
        lambda _, document_id: {"documents": [{"id": document_id, "expectedVersion": 1}]},
        {"documents": []},
        "deletedIds",
        REMOVED,
    ),
    Case(
        "declareIndex",
        _own(type="note", fields=["total"]),
        {"fields": ["other"]},
        "documentType { name indexes { fields state } }",
        {"action": "document_type:index_declared"},
    ),
    Case(
        "deleteOrg",
        _own(confirmSlug="start"),
        {"confirmSlug": "star"},
        "organization { id status deletedAt deletedBy { id displayName } tenantStore { database } purgeAt }",
        {"action": "organization:deleted"},
    ),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.mutation}-{case.selection[:24]}")


async def send(
    api: API, mutation: str, given: dict[str, Any], selection: str, token: str | None = None
) -> dict[str, Any]:
    """Send a mutation, which has to be answered with data, and return the payload."""
    data = await api.data(text(mutation, selection), {"input": given}, token=token)
    payload: dict[str, Any] = data[mutation]
    return payload


def text(mutation: str, selection: str) -> str:
    """Return the text of an operation."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
    fields = f"{selection} errors {{ code path retryable }}"
    return f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ {fields} }} }}"


async def prepare(api: API, case: Case) -> tuple[Member, dict[str, Any]]:
    """Make an organization with a document in it, and return its owner, and the arguments of a case with a key."""
    member = await api.sign_up(name="Start")
    made = await create(api, member, None)
    return member, {**case.arguments(member, made["document"]["id"]), "idempotencyKey": KEY}


async def create(api: API, member: Member, key: str | None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as the input takes it
    """Make a document and return the payload."""
    given = {"organizationId": member.organization_id, **DOCUMENT, "idempotencyKey": key, **changes}
    return await send(api, "createDocument", given, "document { id }", member.token)


async def everything(database: Database) -> list[tuple[str, Any]]:
    """Return all that could show that something was done again."""
    names = ("organizations", "admins", "slugs", "sessions", "migrations", "events", "audit_events", "idempotency_keys")
    return [(name, await database[name].find().sort("_id").to_list(None)) for name in names]


@every_case
async def test_request_sent_again_is_answered_again(api: API, database: Database, case: Case) -> None:
    """The second answer is the first, whatever part of it is asked for, and nothing at all has changed."""
    member, given = await prepare(api, case)
    already = await database["events"].count_documents(case.effect)
    first = await send(api, case.mutation, given, case.selection, member.token)
    assert first["errors"] == []
    assert await database["events"].count_documents(case.effect) == already + 1
    before = await everything(database)
    assert await send(api, case.mutation, given, case.selection, member.token) == first
    assert await send(api, case.mutation, given, "", member.token) == {"errors": []}
    assert await everything(database) == before


@every_case
async def test_of_many_at_once_one_takes_effect(api: API, database: Database, case: Case) -> None:
    """The others are told to come again, or get the answer of the one; in the end all can have it."""
    member, given = await prepare(api, case)
    already = await database["events"].count_documents(case.effect)
    payloads = await asyncio.gather(
        *(send(api, case.mutation, given, case.selection, member.token) for _ in range(AT_ONCE))
    )
    assert await database["events"].count_documents(case.effect) == already + 1
    answer = await send(api, case.mutation, given, case.selection, member.token)
    assert answer["errors"] == []
    assert {str(payload["errors"]) for payload in payloads} <= {"[]", str(BUSY)}
    assert [payload["errors"] for payload in payloads].count([]) >= 1


@every_case
async def test_other_arguments_are_refused(api: API, database: Database, case: Case) -> None:
    """A key stands for one request: with other arguments nothing is done."""
    member, given = await prepare(api, case)
    await send(api, case.mutation, given, "", member.token)
    before = await everything(database)
    other = given | case.others
    if case.mutation == "deleteOrg":
        assert await api.error_code(text("deleteOrg", ""), {"input": other}, token=member.token) == "UNAUTHENTICATED"
    elif case.mutation == "deleteDocuments":
        payload = await send(api, case.mutation, other, case.selection, member.token)
        assert [error["code"] for error in payload["errors"]] == ["INVALID"]
    else:
        payload = await send(api, case.mutation, other, case.selection, member.token)
        assert payload.pop("errors") == MISMATCH
        assert set(payload.values()) == {None}
    assert await everything(database) == before


@every_case
async def test_malformed_key_is_refused(api: API, database: Database, case: Case) -> None:
    """Every mutation looks at its key before anything is done."""
    member, given = await prepare(api, case)
    before = await everything(database)
    payload = await send(api, case.mutation, given | {"idempotencyKey": "grüße"}, "", member.token)
    assert payload["errors"] == [{"code": "INVALID", "path": ["idempotencyKey"], "retryable": False}]
    assert await everything(database) == before


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "\x7f", "line\n", "é", "\u2028"])
async def test_key_has_a_form(api: API, database: Database, key: str) -> None:
    """A key has 1 to 255 printable ASCII characters; otherwise nothing is done."""
    member = await api.sign_up()
    before = await everything(database)
    assert [error["code"] for error in (await create(api, member, key))["errors"]] == ["INVALID"]
    assert await everything(database) == before


async def test_keys_of_the_longest_and_the_shortest_form_count(api: API) -> None:
    """One character and 255 of them are keys."""
    member = await api.sign_up()
    for key in (" ", "x" * 255):
        first = await create(api, member, key)
        assert (first["errors"], await create(api, member, key)) == ([], first)


async def test_key_is_free_after_an_error(api: API, database: Database) -> None:
    """What has not taken effect has used no key: with arguments that will do, it does."""
    member = await api.sign_up(name="Start")
    assert (await create(api, member, KEY, type="no type"))["errors"][0]["code"] == "INVALID"
    assert (await create(api, member, KEY))["errors"] == []
    newcomer = NEWCOMER | {"idempotencyKey": KEY}
    for wrong, code in (({"password": "short"}, "WEAK_PASSWORD"), ({"name": "Start"}, "SLUG_TAKEN")):
        payload = await send(api, "createOrg", newcomer | wrong, "", None)
        assert [error["code"] for error in payload["errors"]] == [code]
    assert (await send(api, "createOrg", newcomer, ""))["errors"] == []
    deletion = {"organizationId": member.organization_id, "confirmSlug": "other", "idempotencyKey": KEY}
    assert (await send(api, "deleteOrg", deletion, "", member.token))["errors"][0]["code"] == "INVALID"
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})
    assert await api.error_code(text("deleteOrg", ""), {"input": deletion}, token=member.token) == "FORBIDDEN"
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "OWNER"}})
    assert (await send(api, "deleteOrg", deletion | {"confirmSlug": "start"}, "", member.token))["errors"] == []


async def test_key_counts_for_one_actor_organization_and_mutation(api: API, database: Database) -> None:
    """The same key of another admin, in another organization, or of another mutation is another one."""
    member, other = await api.sign_up(), await api.sign_up()
    owner = await database["admins"].find_one({"email": member.email})
    assert owner is not None
    await database["admins"].insert_one(owner | {"_id": new_id(), "email": "b@b.com", "email_key": "b@b.com"})
    colleague = replace(member, token=(await api.login("b@b.com"))["session"]["accessToken"])
    made = [(await create(api, one, KEY))["document"]["id"] for one in (member, other, colleague)]
    given = {"organizationId": member.organization_id, "documents": [DOCUMENT], "idempotencyKey": KEY}
    payload = await send(api, "createDocuments", given, "documents { id }", member.token)
    assert len({*made, payload["documents"][0]["id"]}) == 4


async def test_key_is_forgotten_after_a_day(api: API, database: Database) -> None:
    """For 24 hours the answer is the same; then the key stands for nothing, even while its record is there."""
    member = await api.sign_up()
    first = await create(api, member, KEY)
    for later, same in ((timedelta(hours=23, minutes=59), True), (timedelta(hours=24, minutes=1), False)):
        with time_machine.travel(later, tick=True):
            token = (await api.login(member.email))["session"]["accessToken"]
            again = await create(api, replace(member, token=token), KEY)
            assert again["errors"] == []
            assert (again == first) is same
    assert await database["idempotency_keys"].count_documents({}) == 1


async def test_documents_deleted_since_are_not_found(api: API) -> None:
    """What was made and is gone is not made again: the answer says so, for each of a batch."""
    member = await api.sign_up()
    first = await create(api, member, KEY)
    batch = {"organizationId": member.organization_id, "documents": [DOCUMENT, DOCUMENT], "idempotencyKey": KEY}
    made = (await send(api, "createDocuments", batch, "documents { id }", member.token))["documents"]
    for document in (first["document"], made[1]):
        await send(api, "deleteDocument", {"id": document["id"]}, "", member.token)
    gone = {"code": "NOT_FOUND", "path": None, "retryable": False}
    assert await create(api, member, KEY) == {"document": None, "errors": [gone]}
    payload = await send(api, "createDocuments", batch, "documents { id }", member.token)
    assert payload == {"documents": None, "errors": [gone | {"path": ["documents", "1"]}]}


async def test_dry_run_takes_no_key(api: API, database: Database) -> None:
    """A plan can be asked for again and again, and the key stays free for the move itself."""
    member = await api.sign_up()
    given = {"organizationId": member.organization_id, "name": "Goal", "idempotencyKey": KEY}
    for _ in range(2):
        payload = await send(api, "renameOrg", given | {"dryRun": True}, "plan { way }", member.token)
        assert payload["plan"] is not None
    assert await database["idempotency_keys"].count_documents({}) == 0
    assert (await send(api, "renameOrg", given, "", member.token))["errors"] == []


async def test_what_there_was_no_need_for_is_not_done_later(api: API) -> None:
    """A move to where the store is answers the same again when the store is elsewhere."""
    member = await api.sign_up()
    given = {"organizationId": member.organization_id, "strategy": "COLLECTION", "idempotencyKey": KEY}
    assert (await send(api, "moveTenantStore", given, "migration { id }", member.token))["migration"] is None
    elsewhere = {"organizationId": member.organization_id, "strategy": "SHARED"}
    await send(api, "moveTenantStore", elsewhere, "", member.token)
    selection = "organization { tenantStore { strategy } } migration { id }"
    payload = await send(api, "moveTenantStore", given, selection, member.token)
    assert payload == {
        "organization": {"tenantStore": {"strategy": "SHARED"}},
        "migration": None,
        "errors": [],
    }


async def test_move_that_was_undone_is_not_tried_again(api: API, database: Database) -> None:
    """The answer is the error that the first request ended with."""
    member = await api.sign_up()
    given = {"organizationId": member.organization_id, "name": "Goal", "idempotencyKey": KEY}
    await send(api, "renameOrg", given, "", member.token)
    undone = {"$set": {"state": "ROLLED_BACK", "error": "The disk is full."}}
    await database["migrations"].update_one({}, undone)
    before = await everything(database)
    payload = await api.data(
        "mutation ($i: RenameOrgInput!) { renameOrg(input: $i) { migration { id } errors { code message } } }",
        {"i": given},
        token=member.token,
    )
    error = {"code": "CONFLICT", "message": "The move was undone. The disk is full."}
    assert payload["renameOrg"] == {"migration": None, "errors": [error]}
    assert await everything(database) == before


async def test_index_that_was_taken_back_is_not_declared_again(api: API, database: Database) -> None:
    """The answer is an error again, and the index stays away."""
    member = await api.sign_up()
    await create(api, member, None, data={"total": [1]})
    given = {"organizationId": member.organization_id, "type": "note", "fields": ["total"], "idempotencyKey": KEY}
    refused = [{"code": "INVALID", "path": ["fields"], "retryable": False}]
    assert (await send(api, "declareIndex", given, "", member.token))["errors"] == refused
    before = await everything(database)
    assert (await send(api, "declareIndex", given, "", member.token))["errors"] == refused
    assert await everything(database) == before


async def test_suspended_organization_still_answers_what_was_done(api: API, database: Database) -> None:
    """Answering again changes nothing, so a suspension does not stand in its way; new requests are refused."""
    member = await api.sign_up()
    first = await create(api, member, KEY)
    await database["organizations"].update_one({}, {"$set": {"status": "SUSPENDED"}})
    assert await create(api, member, KEY) == first
    assert (await create(api, member, "2"))["errors"][0]["code"] == "ORG_SUSPENDED"


async def test_migrating_organization_is_retryable_and_leaves_the_key_free(api: API, database: Database) -> None:
    """A write during the fence says that it can be sent again, and it can, under the same key."""
    member = await api.sign_up()
    await create(api, member, None)
    await database["organizations"].update_one({}, {"$set": {"access": "FENCED"}})
    fenced = [{"code": "ORG_MIGRATING", "path": None, "retryable": True}]
    assert (await create(api, member, KEY))["errors"] == fenced
    await database["organizations"].update_one({}, {"$unset": {"access": ""}})
    assert (await create(api, member, KEY))["errors"] == []
