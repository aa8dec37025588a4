"""Export and import as clients see them."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from schema import ids
from storage import exports, organizations, patient_writes, tenant_stores, transfer_format
from storage.database import Database
from storage.organizations import OrganizationRecord
from tests.api import API, Member
from tests.storage import directory, transfers

FILE = transfers.file_of([transfers.api_document(n) for n in range(1, 4)])
STAGED = ("imports", "import_chunks", "import_undo")


async def organization_of(database: Database, member: Member) -> OrganizationRecord:
    """Return a member's organization as stored."""
    found = await directory.read(database, ids.decode_organization(member.organization_id))
    assert found is not None
    return found


async def send(
    api: API,
    member: Member,
    body: bytes | AsyncIterator[bytes] = FILE,
    *,
    token: str | None = None,
    query: str = "",
    **headers: str,
) -> httpx.Response:
    """Send a file to be imported; `upload_id="…"` stands for a header field."""
    fields = {"Authorization": f"Bearer {member.token if token is None else token}"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.http.post(f"/organizations/{member.organization_id}/import{query}", content=body, headers=fields)


async def export(api: API, member: Member, token: str | None = None) -> httpx.Response:
    """Ask for an export."""
    headers = {"Authorization": f"Bearer {member.token if token is None else token}"}
    return await api.http.get(f"/organizations/{member.organization_id}/export", headers=headers)


async def look_up(api: API, member: Member, upload_id: str, token: str | None = None) -> httpx.Response:
    """Ask how far an import has come."""
    headers = {"Authorization": f"Bearer {member.token if token is None else token}"}
    return await api.http.get(f"/organizations/{member.organization_id}/import/{upload_id}", headers=headers)


async def left(database: Database) -> list[int]:
    """Return how many records, chunks and journal entries there are."""
    return [await database[name].count_documents({}) for name in STAGED]


def code_of(response: httpx.Response) -> str:
    """Return the code of a problem."""
    (error,) = response.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


async def test_export_is_lines_with_header_and_manifest(api: API, database: Database) -> None:
    """The answer is a file of lines of canonical extended JSON, named after organization and time."""
    member = await api.sign_up(name="Acme")
    organization = await organization_of(database, member)
    await transfers.fill(database, organization, [transfers.api_document(7, when=transfers.AT)])
    response = await export(api, member)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    assert re.fullmatch(r'attachment; filename="acme-\d{8}T\d{6}Z\.ndjson"', response.headers["content-disposition"])
    header, document, manifest = (json.loads(line) for line in response.text.splitlines())
    assert header["tenantry"]["organization"] == member.organization_id
    assert (header["tenantry"]["format"], header["tenantry"]["slug"]) == (1, "acme")
    assert document["data"] == {
        "n": {"$numberInt": "7"},
        "when": {"$date": {"$numberLong": "1770091506789"}},
    }
    digest = transfer_format.hash_of(await transfers.content_of(database, organization))
    types = {"note": {"documents": 1, "hash": digest}}
    expected = {"documents": 1, "types": types, "hash": digest, "indexes": [], "schemas": {}}
    assert manifest == {"manifest": expected}


async def test_import_answers_with_what_it_has_done(api: API, database: Database) -> None:
    """The answer has numbers and the hash of what is in the store now, and can be looked up afterwards."""
    member = await api.sign_up()
    response = await send(api, member)
    assert response.status_code == 200
    answer = response.json()
    content = await transfers.content_of(database, await organization_of(database, member))
    assert answer == {
        "uploadId": answer["uploadId"],
        "state": "DONE",
        "onConflict": "fail",
        "received": len(FILE),
        "documents": 3,
        "hash": transfer_format.hash_of(content),
        "inserted": 3,
        "replaced": 0,
        "skipped": 0,
        "verified": True,
        "indexes": [],
        "schemas": {},
        "errors": [],
    }
    assert (await look_up(api, member, answer["uploadId"])).json() == answer
    assert (await send(api, member, upload_id=answer["uploadId"])).json() == answer


@pytest.mark.parametrize(
    ("on_conflict", "status", "expected"),
    [("fail", 422, None), ("skip", 200, (2, 0, 1)), ("replace", 200, (2, 1, 0))],
)
async def test_documents_that_are_there(
    api: API, database: Database, on_conflict: str, status: int, expected: tuple[int, int, int] | None
) -> None:
    """They are a reason to refuse the file, or are left, or replaced, as the client wants."""
    member = await api.sign_up()
    organization = await organization_of(database, member)
    await transfers.fill(database, organization, [transfers.api_document(2, old=True)])
    before = await transfers.contents_of(database, organization)
    response = await send(api, member, query=f"?onConflict={on_conflict}")
    assert response.status_code == status
    contents = await transfers.contents_of(database, organization)
    if expected is None:
        (error,) = response.json()["errors"]
        assert (error["line"], error["path"], error["extensions"]["code"]) == (3, ["_id"], "INVALID")
        assert contents == before
    else:
        answer = response.json()
        assert (answer["inserted"], answer["replaced"], answer["skipped"]) == expected
        fresh = [transfers.api_document(n) for n in range(1, 4)]
        assert contents == (fresh if on_conflict == "replace" else [fresh[0], *before, fresh[2]])


async def test_faults_are_named_by_line(api: API, database: Database) -> None:
    """All that is wrong is said at once, and nothing is written."""
    member = await api.sign_up()
    lines = FILE.splitlines()
    lines[1] = b'{"_id": 1, "a": {"$oid": "no"}}'
    lines[2] = b'{"_id": 2, "a": [{"$where": "1"}]}'
    response = await send(api, member, b"\n".join(lines))
    assert response.status_code == 422
    errors = [(error["line"], error["path"]) for error in response.json()["errors"]]
    assert errors == [(2, None), (3, ["a", "0", "$where"])]
    assert await transfers.contents_of(database, await organization_of(database, member)) == []


async def test_broken_upload_goes_on_at_its_offset(api: API, database: Database) -> None:
    """What has come before a connection broke is kept; the rest, sent from there on, completes the file."""
    member, upload_id = await api.sign_up(), str(uuid.uuid4())
    cut_off = await send(api, member, FILE[:100], upload_id=upload_id)
    assert (cut_off.status_code, cut_off.headers["upload-offset"]) == (422, "100")
    seen = await look_up(api, member, upload_id)
    assert (seen.json()["state"], seen.json()["received"], seen.headers["upload-offset"]) == ("RECEIVING", 100, "100")
    for wrong in ("0", "99", "101"):
        refused = await send(api, member, FILE[100:], upload_id=upload_id, upload_offset=wrong)
        assert (refused.status_code, refused.headers["upload-offset"]) == (409, "100")
    done = await send(api, member, FILE[100:], upload_id=upload_id, upload_offset="100")
    assert (done.status_code, done.json()["verified"]) == (200, True)
    assert await transfers.contents_of(database, await organization_of(database, member)) == [
        transfers.api_document(n) for n in range(1, 4)
    ]


async def test_second_request_with_the_same_upload_waits_its_turn(api: API) -> None:
    """While one request sends an upload, another is refused and disturbs nothing."""
    member, upload_id = await api.sign_up(), str(uuid.uuid4())
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        begun.set()
        yield FILE[:50]
        await may_end.wait()
        yield FILE[50:]

    first = asyncio.create_task(send(api, member, slowly(), upload_id=upload_id))
    await begun.wait()
    second = await send(api, member, upload_id=upload_id)
    may_end.set()
    assert (second.status_code, code_of(second)) == (409, "CONFLICT")
    answer = await first
    assert (answer.status_code, answer.json()["inserted"]) == (200, 3)


async def test_two_imports_at_once_are_enough(api: API, database: Database) -> None:
    """A third one is refused until one of the others is over; another organization is not concerned."""
    member, other = await api.sign_up(), await api.sign_up()
    begun, may_end = [asyncio.Event(), asyncio.Event()], asyncio.Event()

    async def slowly(number: int) -> AsyncIterator[bytes]:
        begun[number].set()
        yield transfers.file_of([transfers.api_document(100 + number)])
        await may_end.wait()

    running = [asyncio.create_task(send(api, member, slowly(number))) for number in range(2)]
    await asyncio.gather(*(event.wait() for event in begun))
    third = await send(api, member)
    elsewhere = await send(api, other)
    may_end.set()
    assert (third.status_code, "retry-after" in third.headers) == (429, True)
    assert elsewhere.status_code == 200
    assert [answer.status_code for answer in await asyncio.gather(*running)] == [200, 200]
    assert (await send(api, member)).status_code == 200
    assert len(await transfers.contents_of(database, await organization_of(database, member))) == 5


async def test_uploads_are_an_organizations_own(api: API, database: Database) -> None:
    """Another organization's upload is not found, and its id can be used without touching it."""
    member, other, upload_id = await api.sign_up(), await api.sign_up(), str(uuid.uuid4())
    await send(api, member, FILE[:100], upload_id=upload_id)
    assert (await look_up(api, other, upload_id)).status_code == 404
    assert (await look_up(api, member, upload_id, token=other.token)).status_code == 403
    assert (await send(api, other, upload_id=upload_id)).status_code == 200
    assert (await look_up(api, member, upload_id)).json()["received"] == 100
    assert await transfers.contents_of(database, await organization_of(database, member)) == []


@pytest.mark.parametrize("who", ["anonymous", "forged", "viewer", "other", "operator"])
async def test_strangers_neither_read_nor_change_anything(
    api: API, database: Database, operator_token: str, who: str
) -> None:
    """Whoever is no admin or owner of the organization is refused, alike for one that does not exist."""
    member, other = await api.sign_up(), await api.sign_up()
    organization = await organization_of(database, member)
    await transfers.fill(database, organization, [transfers.api_document(9)])
    if who == "viewer":
        await database["admins"].update_one({"organization_id": organization.id}, {"$set": {"role": "VIEWER"}})
    tokens = {"anonymous": "", "forged": "x.y.z", "viewer": member.token, "other": other.token}
    token = operator_token if who == "operator" else tokens[who]
    status = 401 if who in {"anonymous", "forged"} else 403
    answers = [await export(api, member, token), await send(api, member, token=token or "none")]
    answers.append(await look_up(api, member, str(uuid.uuid4()), token=token))
    absent = ids.encode(ids.NodeType.ORGANIZATION, "f" * 24)
    headers = {"Authorization": f"Bearer {token}"}
    answers.append(await api.http.get(f"/organizations/{absent}/export", headers=headers))
    assert [answer.status_code for answer in answers] == [status] * 4
    assert len({code_of(answer) for answer in answers}) == 1
    assert len({json.dumps(answer.json()["errors"][0]["message"]) for answer in answers}) == 1
    assert await left(database) == [0, 0, 0]
    assert await transfers.contents_of(database, organization) == [transfers.api_document(9)]


@pytest.mark.parametrize("role", ["OWNER", "ADMIN"])
async def test_admins_and_owners_transfer(api: API, database: Database, role: str) -> None:
    """Both may export and import."""
    member = await api.sign_up()
    organization = await organization_of(database, member)
    await database["admins"].update_one({"organization_id": organization.id}, {"$set": {"role": role}})
    assert (await send(api, member)).status_code == 200
    assert (await export(api, member)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/..%2F..%2Fgraphql/export",
        "/organizations/%00/export",
        "/organizations/' OR 1=1 --/export",
        '/organizations/{"$ne":null}/export',
        "/organizations/QWRtaW46YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh/export",
        "/organizations/T3JnYW5pemF0aW9uOi4uLy4uL2V0Yy9wYXNzd2Q=/export",
    ],
)
async def test_ids_that_are_none_lead_nowhere(api: API, path: str) -> None:
    """What is no id of an organization is refused, whatever it would mean to a file system or a database."""
    member = await api.sign_up()
    response = await api.http.get(path, headers={"Authorization": f"Bearer {member.token}"})
    assert response.status_code in {400, 404}
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?onConflict=overwrite", {}),
        ("", {"upload_id": "../../x"}),
        ("", {"upload_offset": "-1"}),
        ("", {"upload_offset": "9" * 30}),
    ],
)
async def test_wrong_parameters_are_refused(api: API, database: Database, query: str, headers: dict[str, Any]) -> None:
    """A parameter that cannot be understood leaves nothing behind."""
    response = await send(api, await api.sign_up(), query=query, **headers)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert await left(database) == [0, 0, 0]


async def test_suspended_organization_is_exported_and_not_changed(api: API, database: Database) -> None:
    """Reading works, an import is refused."""
    member = await api.sign_up()
    await send(api, member)
    organization = await organization_of(database, member)
    await database[organizations.COLLECTION].update_one({"_id": organization.id}, {"$set": {"status": "SUSPENDED"}})
    refused = await send(api, member, transfers.file_of([transfers.api_document(50)]))
    assert (refused.status_code, code_of(refused)) == (409, "ORG_SUSPENDED")
    exported = await export(api, member)
    assert json.loads(exported.text.splitlines()[-1])["manifest"]["documents"] == 3


async def test_export_ends_when_the_session_does(api: API, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to somebody who is logged out meanwhile; the last line says why, and there is no manifest."""
    monkeypatch.setattr(tenant_stores, "_BATCH_DOCUMENTS", 1)
    member = await api.sign_up()
    await send(api, member)
    batches = exports.batches

    async def log_out_after_the_first(*arguments: Any) -> AsyncIterator[list[bytes]]:  # noqa: ANN401 - passed on
        async for batch in batches(*arguments):
            yield batch
            await database["sessions"].delete_one({})

    monkeypatch.setattr(exports, "batches", log_out_after_the_first)
    _, first, last = (await export(api, member)).text.splitlines()
    assert json.loads(first)["_id"] == f"{1:024x}"
    assert json.loads(last)["error"]["code"] == "UNAUTHENTICATED"


async def test_request_log_has_no_ids(api: API, capsys: pytest.CaptureFixture[str]) -> None:
    """The path in the log is the route."""
    member, upload_id = await api.sign_up(), str(uuid.uuid4())
    await look_up(api, member, upload_id)
    await export(api, member)
    lines = capsys.readouterr()
    assert "/organizations/-/import/-" in lines.out + lines.err
    assert "/organizations/-/export" in lines.out + lines.err
    assert member.organization_id not in lines.out + lines.err
    assert upload_id not in lines.out + lines.err


async def test_abandoned_uploads_make_room(api: API, database: Database) -> None:
    """Of uploads that nobody goes on with the last ones are kept; what was received of the others is gone."""
    member = await api.sign_up()
    uploads = [str(uuid.uuid4()) for _ in range(6)]
    for upload_id in uploads:
        await send(api, member, FILE[:100], upload_id=upload_id)
    states = [(await look_up(api, member, upload_id)).json()["state"] for upload_id in uploads]
    assert states == ["FAILED"] * 2 + ["RECEIVING"] * 4
    assert await database["import_chunks"].count_documents({}) == 4
    done = await send(api, member, FILE[100:], upload_id=uploads[-1], upload_offset="100")
    assert done.json()["state"] == "DONE"


async def test_head_of_an_export_is_its_headers(api: API) -> None:
    """Nothing is read for a request that wants no body."""
    member = await api.sign_up(name="Acme")
    headers = {"Authorization": f"Bearer {member.token}"}
    response = await api.http.head(f"/organizations/{member.organization_id}/export", headers=headers)
    assert (response.status_code, response.content) == (200, b"")
    assert "acme-" in response.headers["content-disposition"]


async def test_fenced_store_is_a_reason_to_come_again(
    api: API, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a move keeps the store still for too long, the answer says when to ask again, and nothing is left."""
    monkeypatch.setattr(patient_writes, "_FENCE_SECONDS", 0.2)
    member = await api.sign_up()
    organization = await organization_of(database, member)
    fence = {"access": "FENCED", "migration_id": "a" * 24}
    await database[organizations.COLLECTION].update_one({"_id": organization.id}, {"$set": fence})
    response = await send(api, member)
    assert (response.status_code, code_of(response), "retry-after" in response.headers) == (503, "ORG_MIGRATING", True)
    assert await left(database) == [0, 0, 0]
    await database[organizations.COLLECTION].update_one({"_id": organization.id}, {"$unset": fence})
    assert (await send(api, member)).status_code == 200
