"""Documents, through the interface that clients see."""

import asyncio
import base64
import itertools
from collections import Counter
from typing import Any

import pytest

from storage.database import Database
from storage.placements import StoreStrategy
from tests.api import API, Member

FIELDS = "id type data version createdAt updatedAt"
CREATE = f"""
mutation ($input: CreateDocumentInput!) {{
  createDocument(input: $input) {{ document {{ {FIELDS} }} errors {{ code path message }} }}
}}
"""
CREATE_MANY = f"""
mutation ($input: CreateDocumentsInput!) {{
  createDocuments(input: $input) {{ documents {{ {FIELDS} }} errors {{ code path message }} }}
}}
"""
UPDATE = f"""
mutation ($input: UpdateDocumentInput!) {{
  updateDocument(input: $input) {{ document {{ {FIELDS} }} errors {{ code path message }} }}
}}
"""
UPDATE_MANY = f"""
mutation ($input: UpdateDocumentsInput!) {{
  updateDocuments(input: $input) {{ documents {{ {FIELDS} }} errors {{ code path message }} }}
}}
"""
DELETE = """
mutation ($input: DeleteDocumentInput!) {
  deleteDocument(input: $input) { deletedId errors { code path message } }
}
"""
DELETE_MANY = """
mutation ($input: DeleteDocumentsInput!) {
  deleteDocuments(input: $input) { deletedIds errors { code path message } }
}
"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ id ... on Document {{ {FIELDS} }} }} }}"
PAGE = f"""
query (
  $id: ID, $first: Int, $after: String, $last: Int, $before: String, $filter: DocumentFilter, $orderBy: DocumentOrder
) {{
  organization(id: $id) {{
    documents(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {{
      edges {{ cursor node {{ {FIELDS} }} }}
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
    }}
  }}
}}
"""
RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
strategies = pytest.mark.parametrize("changed_settings", [{"tenant_store": strategy} for strategy in StoreStrategy])


async def send(api: API, member: Member, mutation: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - as the input takes it
    """Send a mutation as an organization's owner and return the payload."""
    data = await api.data(mutation, {"input": given}, token=member.token)
    (payload,) = data.values()
    return dict(payload)


async def create(api: API, member: Member, data: object, kind: str = "note") -> dict[str, Any]:
    """Make a document; it has to succeed."""
    payload = await send(api, member, CREATE, organizationId=member.organization_id, type=kind, data=data)
    assert payload["errors"] == []
    document: dict[str, Any] = payload["document"]
    return document


async def listed(api: API, member: Member, **variables: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as the query takes them
    """Return the documents on a page."""
    variables = {"id": member.organization_id, "first": 100} | variables
    data = await api.data(PAGE, variables, token=member.token)
    return [edge["node"] for edge in data["organization"]["documents"]["edges"]]


def told(payload: dict[str, Any]) -> list[tuple[str, list[str] | None]]:
    """Return code and path of each of a payload's errors."""
    return [(error["code"], error["path"]) for error in payload["errors"]]


@strategies
async def test_document_is_made_read_changed_and_deleted(api: API) -> None:
    """What is written is what is read, by id and in the listing, until it is deleted."""
    member = await api.sign_up()
    made = await create(api, member, {"text": "Grüße", "nested": {"list": [1, 2.5, None, True]}})
    assert (made["type"], made["version"]) == ("note", 1)
    assert made["createdAt"] == made["updatedAt"]
    assert (await api.data(NODE, {"id": made["id"]}, token=member.token))["node"] == made
    changed = (await send(api, member, UPDATE, id=made["id"], data={"text": "new"}, expectedVersion=1))["document"]
    assert (changed["data"], changed["version"], changed["createdAt"]) == ({"text": "new"}, 2, made["createdAt"])
    assert await listed(api, member) == await listed(api, member, filter={"type": "note"}) == [changed]
    assert await listed(api, member, filter={"type": "other"}) == []
    assert (await send(api, member, DELETE, id=made["id"]))["deletedId"] == made["id"]
    assert (await api.data(NODE, {"id": made["id"]}, token=member.token))["node"] is None
    assert await listed(api, member) == []
    assert told(await send(api, member, UPDATE, id=made["id"], data={})) == [("NOT_FOUND", ["id"])]
    assert told(await send(api, member, DELETE, id=made["id"])) == [("NOT_FOUND", ["id"])]


async def test_concurrent_changes_of_one_version_have_one_winner(api: API) -> None:
    """Of changes that expect the same version one is made, and the others are `CONFLICT`."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 0})
    payloads = await asyncio.gather(
        *(send(api, member, UPDATE, id=made["id"], data={"n": n}, expectedVersion=1) for n in range(1, 5))
    )
    won = [payload["document"] for payload in payloads if not payload["errors"]]
    lost = [told(payload) for payload in payloads if payload["errors"]]
    assert lost == [[("CONFLICT", ["expectedVersion"])]] * 3
    assert await listed(api, member) == won
    assert told(await send(api, member, DELETE, id=made["id"], expectedVersion=1)) == lost[0]
    assert await listed(api, member) == won


async def test_changes_without_a_version_follow_each_other(api: API) -> None:
    """None of many concurrent changes is lost: each counts as one version."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 0})
    await asyncio.gather(*(send(api, member, UPDATE, id=made["id"], data={"n": n}) for n in range(8)))
    (found,) = await listed(api, member)
    assert found["version"] == 9


@strategies
async def test_batch_is_written_whole_or_not_at_all(api: API) -> None:
    """One document that cannot be written keeps all others of its batch from being written."""
    member = await api.sign_up()
    own = member.organization_id
    good = [{"type": "note", "data": {"n": n}} for n in range(100)]
    bad = [*good[:3], {"type": "note", "data": {"price": {"$gt": 1}}}]
    payload = await send(api, member, CREATE_MANY, organizationId=own, documents=bad)
    assert told(payload) == [("INVALID", ["documents", "3", "data", "price", "$gt"])]
    assert await listed(api, member) == []
    made = (await send(api, member, CREATE_MANY, organizationId=own, documents=good))["documents"]
    assert await listed(api, member) == made
    stale = [{"id": one["id"], "data": {"n": 0}, "expectedVersion": 1 + (at == 7)} for at, one in enumerate(made)]
    assert told(await send(api, member, UPDATE_MANY, documents=stale)) == [
        ("CONFLICT", ["documents", "7", "expectedVersion"])
    ]
    assert await listed(api, member) == made
    twice = [{"id": made[0]["id"]}, {"id": made[1]["id"]}, {"id": made[0]["id"]}]
    assert told(await send(api, member, DELETE_MANY, documents=twice)) == [("INVALID", ["documents", "2", "id"])]
    changes = [{"id": one["id"], "data": {"n": -1}, "expectedVersion": 1} for one in made[:2]]
    changed = (await send(api, member, UPDATE_MANY, documents=changes))["documents"]
    assert await listed(api, member) == changed + made[2:]
    gone = [{"id": one["id"]} for one in made[1:]]
    assert (await send(api, member, DELETE_MANY, documents=gone))["deletedIds"] == [one["id"] for one in gone]
    assert await listed(api, member) == changed[:1]
    absent = [{"id": made[0]["id"]}, {"id": made[5]["id"]}]
    assert told(await send(api, member, DELETE_MANY, documents=absent)) == [("NOT_FOUND", ["documents", "1", "id"])]
    assert await listed(api, member) == changed[:1]


def nested(depth: int) -> dict[str, Any]:
    """Return objects in objects."""
    return {"in": nested(depth - 1)} if depth > 1 else {}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], []),
        ("text", []),
        (None, None),
        ({"$where": "1"}, ["$where"]),
        ({"a": [0, {"b": {"$set": {"c": 1}}}]}, ["a", "1", "b", "$set"]),
        ({"$date": "2026-01-01T00:00:00Z"}, []),
        ({"when": {"$date": "tomorrow"}}, ["when", "$date"]),
        ({"when": {"$date": "2026-01-01T00:00:00Z", "more": 1}}, ["when", "$date"]),
        ({"n": 2**63}, ["n"]),
        ({"a\0b": 1}, []),
        (nested(65), ["in"] * 64),
        ({"text": "x" * 1024 * 1024}, []),
    ],
)
async def test_data_that_cannot_be_stored_is_told_with_its_path(api: API, data: object, path: list[str] | None) -> None:
    """What is no object of bounded JSON is `INVALID`, and nothing is stored."""
    member = await api.sign_up()
    variables = {"input": {"organizationId": member.organization_id, "type": "note", "data": data}}
    body = await api.execute(CREATE, variables, token=member.token)
    if path is None:
        assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_REQUEST"]
    else:
        assert told(body["data"]["createDocument"]) == [("INVALID", ["data", *path])]
    assert await listed(api, member) == []


@pytest.mark.parametrize("kind", ["", "1st", "a b", "a.b", "x" * 65, "$note", "ä"])
async def test_type_that_cannot_be_is_refused(api: API, kind: str) -> None:
    """Types have a form: `INVALID` where one is made, `BAD_REQUEST` where one is looked for."""
    member = await api.sign_up()
    payload = await send(api, member, CREATE, organizationId=member.organization_id, type=kind, data={})
    assert told(payload) == [("INVALID", ["type"])]
    variables = {"id": member.organization_id, "filter": {"type": kind}}
    assert await api.error_code(PAGE, variables, token=member.token) == "BAD_REQUEST"
    assert await listed(api, member) == []


async def test_size_of_a_batch_is_bounded(api: API) -> None:
    """A batch has 1 to 100 documents and at most 4 MiB."""
    member = await api.sign_up()
    large = {"type": "note", "data": {"text": "x" * 900_000}}
    for documents in ([], [{"type": "note", "data": {}}] * 101, [large] * 5):
        payload = await send(api, member, CREATE_MANY, organizationId=member.organization_id, documents=documents)
        assert told(payload) == [("INVALID", ["documents"])]
    assert await listed(api, member) == []


async def test_other_types_of_bson_are_written_as_they_are_read(api: API) -> None:
    """Dates, decimals and the like come back in the relaxed form, which can be written again."""
    member = await api.sign_up()
    data = {
        "date": {"$date": "2026-01-31T12:00:00.500Z"},
        "past": {"$date": {"$numberLong": "-86400000"}},
        "decimal": {"$numberDecimal": "1.50"},
        "id": {"$oid": "5f0c0c0c0c0c0c0c0c0c0c0c"},
        "bytes": {"$binary": {"base64": "AAEC", "subType": "00"}},
        "large": 2**62,
        "dotted.key": {"": 1},
    }
    made = await create(api, member, data)
    assert made["data"] == data
    assert await listed(api, member) == [made]
    long = await create(api, member, {"n": {"$numberLong": "5"}})
    assert long["data"] == {"n": 5}


# Who may do what.


async def join(api: API, database: Database, member: Member, role: str) -> str:
    """Give an organization's owner another role; return its token, which lasts."""
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": role}})
    payload = await api.login(member.email)
    token: str = payload["session"]["accessToken"]
    return token


def writes(member: Member, document_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every way to write to an organization's documents."""
    new = {"type": "note", "data": {"mine": True}}
    change = {"id": document_id, "data": {"mine": True}}
    return [
        (CREATE, {"organizationId": member.organization_id, **new}),
        (CREATE_MANY, {"organizationId": member.organization_id, "documents": [new]}),
        (UPDATE, change),
        (UPDATE_MANY, {"documents": [change]}),
        (DELETE, {"id": document_id}),
        (DELETE_MANY, {"documents": [{"id": document_id}]}),
    ]


async def test_viewers_read_and_do_not_write(api: API, database: Database) -> None:
    """A viewer sees documents and changes none."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 1})
    token = await join(api, database, member, "VIEWER")
    assert (await api.data(NODE, {"id": made["id"]}, token=token))["node"] == made
    for mutation, given in writes(member, made["id"]):
        assert await api.error_code(mutation, {"input": given}, token=token) == "FORBIDDEN"
    assert await listed(api, member) == [made]


async def test_operators_see_no_documents(api: API, operator_token: str) -> None:
    """Operators neither list nor find nor write a tenant's documents."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 1})
    assert await api.error_code(PAGE, {"id": member.organization_id}, token=operator_token) == "FORBIDDEN"
    assert (await api.data(NODE, {"id": made["id"]}, token=operator_token))["node"] is None
    for mutation, given in writes(member, made["id"]):
        assert await api.error_code(mutation, {"input": given}, token=operator_token) == "FORBIDDEN"
    assert await listed(api, member) == [made]


@strategies
async def test_organizations_are_out_of_each_others_reach(api: API) -> None:
    """Another's documents are neither seen nor changed, nor with an id in which the organization is exchanged."""
    member, other = await api.sign_up(), await api.sign_up()
    theirs, mine = await create(api, member, {"n": 1}), await create(api, other, {"n": 2})
    assert await api.error_code(PAGE, {"id": member.organization_id}, token=other.token) == "FORBIDDEN"
    assert await api.error_code(PAGE, {"id": member.organization_id}) == "UNAUTHENTICATED"
    assert (await api.data(NODE, {"id": theirs["id"]}, token=other.token))["node"] is None
    assert (await api.data(NODE, {"id": theirs["id"]}))["node"] is None
    for mutation, given in writes(member, theirs["id"]):
        assert await api.error_code(mutation, {"input": given}, token=other.token) == "FORBIDDEN"
        assert await api.error_code(mutation, {"input": given}) == "UNAUTHENTICATED"
    forged = forge(other, theirs["id"])
    assert (await api.data(NODE, {"id": forged}, token=other.token))["node"] is None
    for mutation, given in writes(other, forged)[2:]:
        ((code, _),) = told(await send(api, other, mutation, **given))
        assert code == "NOT_FOUND"
    mixed = [{"id": mine["id"]}, {"id": theirs["id"]}]
    assert told(await send(api, other, DELETE_MANY, documents=mixed)) == [("INVALID", ["documents", "1", "id"])]
    assert await listed(api, member) == [theirs]
    assert await listed(api, other) == [mine]


def forge(member: Member, document_id: str) -> str:
    """Return the global id of a document with another organization in it."""
    organization = base64.b64decode(member.organization_id).decode().split(":")[1]
    kind, _, key = base64.b64decode(document_id).decode().split(":")
    return base64.b64encode(f"{kind}:{organization}:{key}".encode()).decode()


@pytest.mark.parametrize(
    "key", ["Document:1", "Document:" + "a" * 24, "Document:" + "a" * 24 + ":x", "Admin:" + "a" * 24]
)
async def test_ids_that_are_none_of_a_document_are_refused(api: API, key: str) -> None:
    """An id of another form or type is `BAD_REQUEST`."""
    member = await api.sign_up()
    forged = base64.b64encode(key.encode()).decode()
    assert await api.error_code(DELETE, {"input": {"id": forged}}, token=member.token) == "BAD_REQUEST"


@pytest.mark.parametrize("status", ["SUSPENDED", "DELETED"])
async def test_organization_that_is_not_active_is_not_written_to(api: API, database: Database, status: str) -> None:
    """A suspended organization is read and not written; of a deleted one nothing is left to see."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 1})
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"status": status}})
    for mutation, given in writes(member, made["id"]):
        if status == "SUSPENDED":
            assert told(await send(api, member, mutation, **given)) == [("ORG_SUSPENDED", None)]
        else:
            assert await api.error_code(mutation, {"input": given}, token=member.token) == "FORBIDDEN"
    if status == "SUSPENDED":
        assert await listed(api, member) == [made]
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"status": "ACTIVE"}})
    assert await listed(api, member) == [made]


async def test_fenced_organization_answers_that_it_is_being_moved(api: API, database: Database) -> None:
    """While the end of a move keeps writers out, they are told to retry, and nothing is written."""
    member = await api.sign_up()
    made = await create(api, member, {"n": 1})
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"access": "FENCED"}})
    for mutation, given in writes(member, made["id"]):
        assert told(await send(api, member, mutation, **given)) == [("ORG_MIGRATING", None)]
    assert await listed(api, member) == [made]


# Pages, and moves.


@strategies
async def test_pages_by_creation_are_the_whole(api: API) -> None:
    """Walking the pages either way gives every document of a type, or of all types, once and in order."""
    member = await api.sign_up()
    made = [await create(api, member, {"n": n}, "even" if n % 2 == 0 else "odd") for n in range(7)]
    for narrow, expected in (({}, made), ({"filter": {"type": "even"}}, made[::2])):
        for direction in ("ASC", "DESC"):
            asked = {"id": member.organization_id, "orderBy": {"direction": direction}, **narrow}
            wanted = expected if direction == "ASC" else expected[::-1]
            assert await walk(api, member, asked, backwards=False) == wanted
            assert await walk(api, member, asked, backwards=True) == wanted


async def walk(
    api: API, member: Member, asked: dict[str, Any], *, backwards: bool, at_once: int = 3
) -> list[dict[str, Any]]:
    """Return the documents of all pages."""
    size, start, end, more = (
        ("last", "before", "startCursor", "hasPreviousPage")
        if backwards
        else ("first", "after", "endCursor", "hasNextPage")
    )
    found: list[dict[str, Any]] = []
    info: dict[str, Any] = {end: None, more: True}
    while info[more]:
        data = await api.data(PAGE, {**asked, size: at_once, start: info[end]}, token=member.token)
        page = data["organization"]["documents"]
        nodes = [edge["node"] for edge in page["edges"]]
        found, info = (nodes + found if backwards else found + nodes), page["pageInfo"]
    return found


@pytest.mark.parametrize(
    "variables",
    [
        {"filter": {"where": [{"field": "n", "equals": 1}]}},
        {"orderBy": {"field": "n"}},
        {"filter": {"type": "note", "where": [{"field": "n", "equals": 1}]}},
        {"filter": {"type": "note"}, "orderBy": {"field": "n"}},
        {"filter": {"type": "note", "where": [{"field": "$n", "equals": 1}]}},
        {"filter": {"type": "note", "where": [{"field": "a.b.c.d.e", "equals": 1}]}},
        {"filter": {"type": "note", "where": [{"field": "n", "equals": {"$gt": 1}}]}},
        {"filter": {"type": "note", "where": [{"field": "n", "equals": [1]}]}},
        {"filter": {"type": "note", "where": [{"field": "n"}]}},
        {"filter": {"type": "note", "where": [{"field": "n", "atLeast": 1, "atMost": "x"}]}},
        {"filter": {"type": "note", "where": [{"field": "n", "atLeast": 1, "greaterThan": 1}]}},
        {"after": base64.urlsafe_b64encode(b'["documents:note::ASC","s","","x"]').decode()},
    ],
)
async def test_what_no_index_serves_is_the_clients_error(api: API, variables: dict[str, Any]) -> None:
    """Conditions and orders without an index, malformed values and foreign cursors are `BAD_REQUEST`."""
    member = await api.sign_up()
    await create(api, member, {"n": 1})
    asked = {"id": member.organization_id, **variables}
    assert await api.error_code(PAGE, asked, token=member.token) == "BAD_REQUEST"


@strategies
async def test_writes_during_renames_are_all_there_afterwards(api: API) -> None:
    """Every document that was acknowledged while the store was moved is there once, whatever others were told."""
    member = await api.sign_up(name="Name 0")
    done = asyncio.Event()
    acknowledged: list[int] = []
    numbers = itertools.count()

    async def keep_writing() -> None:
        while not done.is_set():
            number = next(numbers)
            given = {"organizationId": member.organization_id, "type": "note", "data": {"n": number}}
            body = await api.execute(CREATE, {"input": given}, token=member.token)
            if "errors" in body:
                assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAVAILABLE"]
            elif not body["data"]["createDocument"]["errors"]:
                acknowledged.append(number)
            else:
                assert told(body["data"]["createDocument"]) == [("ORG_MIGRATING", None)]

    writers = [asyncio.create_task(keep_writing()) for _ in range(8)]
    try:
        for number in range(1, 4):
            before = len(acknowledged)
            while len(acknowledged) < before + 8:
                ended, _ = await asyncio.wait(writers, timeout=0.01)
                assert not ended
            await rename(api, member, f"Name {number}")
    finally:
        done.set()
        await asyncio.gather(*writers)
    found = await walk(api, member, {"id": member.organization_id}, backwards=False, at_once=100)
    counts = Counter(one["data"]["n"] for one in found)
    assert not [number for number in acknowledged if counts[number] != 1]
    assert set(counts.values()) == {1}


async def rename(api: API, member: Member, name: str) -> None:
    """Rename an organization once the move before is over, which may be between a refusal and its explanation."""
    while True:
        renamed = await send(api, member, RENAME, organizationId=member.organization_id, name=name)
        if not renamed["errors"]:
            return
        assert renamed["errors"][0]["code"] in {"ORG_MIGRATING", "CONFLICT"}
