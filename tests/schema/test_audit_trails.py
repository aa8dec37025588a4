"""Checking, downloading and certifying audit trails as clients see it."""

import re
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from auth import audit_files
from auth.audit_signatures import AuditKeys
from auth.audit_trail import BreakReason, TrailBreakError
from schema import ids
from storage import audit_events, audit_trails
from storage.database import Database, now
from tests import trails
from tests.api import API, Member
from tests.storage import directory
from tests.storage.directory import until_it_is

VERIFY = """
query ($id: ID!, $from: Int) {
  verifyAuditTrail(organizationId: $id, fromSeq: $from) {
    intact checkedEvents firstBreak { seq reason message } nextSeq
  }
}
"""
DESCRIBE = """
mutation ($id: ID!, $text: String) {
  updateOrg(input: {organizationId: $id, description: $text}) { errors { code } }
}
"""
DELETE = """
mutation ($id: ID!, $slug: String!) {
  deleteOrg(input: {organizationId: $id, confirmSlug: $slug}) {
    organization { slug }
    erasureCertificate {
      issuedAt purgedAt jws destroyed { documents documentTypes imports sessions slugs emails }
    }
    errors { code }
  }
}
"""
CERTIFICATE = "query ($id: ID) { organization(id: $id) { erasureCertificate { jws destroyed { documents } } } }"
retained = pytest.mark.parametrize("changed_settings", [{"delete_retention": timedelta(days=7)}])


async def verify(api: API, member: Member, token: str | None = None, *, from_seq: int | None = None) -> dict[str, Any]:
    """Check a trail."""
    variables = {"id": member.organization_id, "from": from_seq}
    found: dict[str, Any] = (await api.data(VERIFY, variables, token=token or member.token))["verifyAuditTrail"]
    return found


async def download(api: API, member: Member, token: str | None = None, method: str = "GET") -> httpx.Response:
    """Download a trail."""
    headers = {"Authorization": f"Bearer {member.token if token is None else token}"}
    return await api.http.request(method, f"/organizations/{member.organization_id}/audit", headers=headers)


async def public_keys(api: API) -> AuditKeys:
    """Return the keys as anybody gets them."""
    response = await api.http.get("/.well-known/audit-jwks.json")
    assert response.headers["content-type"] == "application/jwk-set+json"
    return AuditKeys.from_json(response.content)


async def describe(api: API, member: Member, text: str) -> None:
    """Do something that is recorded."""
    payload = await api.data(DESCRIBE, {"id": member.organization_id, "text": text}, token=member.token)
    assert payload["updateOrg"] == {"errors": []}


async def recorded(database: Database) -> list[Any]:
    """Return everything that is recorded, and the heads."""
    found: list[Any] = await database[audit_events.COLLECTION].find().sort("_id", 1).to_list(None)
    return found + [one["audit"]["hash"] async for one in database["organizations"].find()]


async def make_viewer(api: API, database: Database, member: Member) -> str:
    """Make an owner a viewer; return a token of its."""
    await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})
    token: str = (await api.login(member.email))["session"]["accessToken"]
    return token


async def test_trail_is_checked(api: API, operator_token: str) -> None:
    """By its owner and by operators."""
    member = await api.sign_up()
    await describe(api, member, "One")
    for token in (member.token, operator_token):
        found = await verify(api, member, token)
        assert found == {"intact": True, "checkedEvents": 2, "firstBreak": None, "nextSeq": None}
    assert (await verify(api, member, from_seq=2))["checkedEvents"] == 1


async def test_break_is_shown(api: API, database: Database) -> None:
    """With its place, its reason, and words; a neighbour's trail is intact."""
    member, neighbour = await api.sign_up(), await api.sign_up()
    await describe(api, member, "One")
    organization_id = ids.decode_organization(member.organization_id)
    update = {"$set": {"changes.description.after": "Two"}}
    await database[audit_events.COLLECTION].update_one({"_id": f"{organization_id}:2"}, update)
    assert await verify(api, member) == {
        "intact": False,
        "checkedEvents": 1,
        "firstBreak": {
            "seq": 2,
            "reason": "CHANGED",
            "message": "Event 2 is not what was recorded: its hash differs.",
        },
        "nextSeq": None,
    }
    assert (await verify(api, neighbour))["intact"] is True


async def test_check_goes_on_where_it_stopped(api: API, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nextSeq` is where."""
    member = await api.sign_up()
    for text in ("One", "Two"):
        await describe(api, member, text)
    monkeypatch.setattr(audit_trails, "_BATCH", 1)
    monkeypatch.setattr(audit_trails, "MAX_EVENTS", 2)
    first = await verify(api, member)
    assert first == {"intact": True, "checkedEvents": 2, "firstBreak": None, "nextSeq": 3}
    last = await verify(api, member, from_seq=first["nextSeq"])
    assert last == {"intact": True, "checkedEvents": 1, "firstBreak": None, "nextSeq": None}
    assert await database[audit_events.COLLECTION].count_documents({}) == 3


@pytest.mark.parametrize("first", [0, -1, 9])
async def test_check_begins_at_an_event(api: API, first: int) -> None:
    """There is none before the first, and none behind the last."""
    member = await api.sign_up()
    variables = {"id": member.organization_id, "from": first}
    assert await api.error_code(VERIFY, variables, token=member.token) == "BAD_REQUEST"


async def test_trail_is_a_file_of_lines(api: API) -> None:
    """It is named after organization and time, has what was recorded, and is verified with the public keys alone."""
    member = await api.sign_up(name="Acme")
    await describe(api, member, "One")
    response = await download(api, member)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["cache-control"] == "no-store"
    disposition = response.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="acme-audit-\d{8}T\d{6}Z\.ndjson"', disposition)
    header, created, updated, end = map(orjson.loads, response.content.splitlines())
    key = ids.decode_organization(member.organization_id)
    assert header == {"kind": "header", "format": 1, "organization": key}
    assert (created["action"], updated["action"]) == ("organization:created", "organization:updated")
    assert updated["changes"] == {"description": {"before": None, "after": "One"}}
    assert created["personalValues"]["values"]["changes"]["email"] == {"before": None, "after": member.email}
    assert (end["kind"], updated["previous"]) == ("end", created["hash"])
    assert trails.verify(response.content, await public_keys(api)).events == 2
    cut_off = b"".join(response.content.splitlines(keepends=True)[:-1])
    with pytest.raises(TrailBreakError) as caught:
        trails.verify(cut_off, await public_keys(api))
    assert caught.value.reason is BreakReason.CUT_OFF


async def test_headers_of_a_trail_can_be_asked_for(api: API) -> None:
    """Without the lines."""
    member = await api.sign_up()
    response = await download(api, member, method="HEAD")
    assert (response.status_code, response.content) == (200, b"")
    assert "attachment" in response.headers["content-disposition"]


async def test_others_are_refused(api: API, database: Database) -> None:
    """Foreign members, viewers and anonymous callers get neither check nor file, and nothing is recorded."""
    member, stranger, viewer = [await api.sign_up() for _ in range(3)]
    token = await make_viewer(api, database, viewer)
    before = await recorded(database)
    variables = {"id": member.organization_id}
    assert await api.error_code(VERIFY, variables) == "UNAUTHENTICATED"
    assert await api.error_code(VERIFY, variables, token="x") == "UNAUTHENTICATED"
    assert await api.error_code(VERIFY, variables, token=stranger.token) == "FORBIDDEN"
    assert await api.error_code(VERIFY, {"id": viewer.organization_id}, token=token) == "FORBIDDEN"
    statuses = [
        (await api.http.get(f"/organizations/{member.organization_id}/audit")).status_code,
        (await download(api, member, stranger.token)).status_code,
        (await download(api, member, stranger.token, "HEAD")).status_code,
        (await download(api, viewer, token)).status_code,
        (await api.http.get("/organizations/x/audit", headers={"Authorization": f"Bearer {token}"})).status_code,
    ]
    assert statuses == [401, 403, 403, 403, 400]
    assert await recorded(database) == before


async def test_download_ends_with_the_permission(api: API, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line says why then, and the file is refused as cut off."""
    member = await api.sign_up()
    await describe(api, member, "One")
    lines = audit_trails.lines

    async def interrupted(*arguments: Any) -> Any:  # noqa: ANN401 - as they come
        async for piece in lines(*arguments):
            yield piece
            await database["admins"].update_one({"email": member.email}, {"$set": {"role": "VIEWER"}})

    monkeypatch.setattr(audit_trails, "lines", interrupted)
    response = await download(api, member)
    assert orjson.loads(response.content.splitlines()[-1])["error"]["code"] == "FORBIDDEN"
    with pytest.raises(TrailBreakError) as caught:
        trails.verify(response.content, await public_keys(api))
    assert caught.value.reason is BreakReason.CUT_OFF


async def test_audit_keys_are_not_those_of_tokens(api: API) -> None:
    """So nothing that is signed with the one counts as signed with the other."""
    tokens, audit = [
        (await api.http.get(f"/.well-known/{name}.json")).json()["keys"] for name in ("jwks", "audit-jwks")
    ]
    assert {key["kid"] for key in tokens}.isdisjoint(key["kid"] for key in audit)
    assert [sorted(key) for key in audit] == [["alg", "crv", "kid", "kty", "use", "x"]]


async def test_deletion_is_certified(api: API, database: Database, operator_token: str) -> None:
    """The payload has the certificate, signed over the chain with the destruction; operators see it later, too."""
    member = await api.sign_up()
    organization = await directory.read(database, ids.decode_organization(member.organization_id))
    assert organization is not None
    assert organization.placement is not None
    store = database.client[organization.placement.database][organization.placement.collection]
    await store.insert_many({"_id": n} for n in range(3))
    variables = {"id": member.organization_id, "slug": member.slug}
    payload = (await api.data(DELETE, variables, token=member.token))["deleteOrg"]
    certificate = payload["erasureCertificate"]
    counts = {"documents": 3, "documentTypes": 0, "imports": 0, "sessions": 0, "slugs": 1, "emails": 1}
    assert certificate["destroyed"] == counts
    stated = audit_files.verify_certificate(certificate["jws"], await public_keys(api))
    assert stated is not None
    purge = await database[audit_events.COLLECTION].find_one({"action": "organization:purged"})
    assert purge is not None
    placement = organization.placement
    assert {name: stated[name] for name in ("organization", "destroyed", "store", "head", "deletedBy")} == {
        "organization": organization.id,
        "destroyed": counts,
        "store": {
            "strategy": placement.strategy,
            "database": placement.database,
            "collection": placement.collection,
        },
        "head": {"seq": purge["seq"], "hash": purge["hash"]},
        "deletedBy": {"kind": "ADMIN", "id": ids.decode_admin(member.admin_id)},
    }
    assert stated["deletedAt"] <= stated["purgedAt"] <= stated["issuedAt"]
    shown = (await api.data(CERTIFICATE, {"id": member.organization_id}, token=operator_token))["organization"]
    assert shown == {"erasureCertificate": {"jws": certificate["jws"], "destroyed": {"documents": 3}}}
    assert (await verify(api, member, operator_token))["intact"] is True
    report = trails.verify((await download(api, member, operator_token)).content, await public_keys(api))
    assert (report.events, report.checkpoints) == (purge["seq"], 2)


async def test_certificate_is_for_members_and_operators(api: API) -> None:
    """An anonymous caller is refused, and a living organization has none."""
    member = await api.sign_up()
    body = await api.execute(CERTIFICATE, {"id": member.organization_id})
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert body["data"] == {"organization": {"erasureCertificate": None}}
    data = await api.data(CERTIFICATE, {"id": member.organization_id}, token=member.token)
    assert data == {"organization": {"erasureCertificate": None}}


@retained
async def test_owner_of_a_retained_organization_takes_its_trail(
    api: API, database: Database, operator_token: str
) -> None:
    """Until the purge; there is no certificate before it, and soon after it there is one."""
    member = await api.sign_up()
    variables = {"id": member.organization_id, "slug": member.slug}
    payload = (await api.data(DELETE, variables, token=member.token))["deleteOrg"]
    assert (payload["errors"], payload["erasureCertificate"]) == ([], None)
    token = (await api.login(member.email))["session"]["accessToken"]
    assert (await verify(api, member, token))["intact"] is True
    assert trails.verify((await download(api, member, token)).content, await public_keys(api)).events == 3
    update = {"$set": {"purge_at": now()}}
    await database["organizations"].update_one({"slug": member.slug}, update)

    async def is_certified() -> bool:
        data = await api.data(CERTIFICATE, {"id": member.organization_id}, token=operator_token)
        return data["organization"]["erasureCertificate"] is not None

    await until_it_is(is_certified)
    assert (await download(api, member, token)).status_code == 401
