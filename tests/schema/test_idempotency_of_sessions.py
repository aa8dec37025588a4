"""Keys of requests that open or end sessions: sign-ups, deletions and restorations, sent again."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import bson
import pytest
import time_machine

from storage.database import Database
from tests.api import API, PASSWORD
from tests.schema.test_idempotency import AT_ONCE, BUSY, KEY, MISMATCH, NEWCOMER, everything, send, text

RETENTION = timedelta(days=7)
retained = pytest.mark.parametrize("changed_settings", [{"delete_retention": RETENTION}])


async def test_sign_up_sent_again_opens_no_session(api: API, database: Database) -> None:
    """The organization and its owner are there again, but no tokens, however the address is spelled then."""
    given = NEWCOMER | {"idempotencyKey": KEY}
    selection = "organization { id } admin { id } session { accessToken refreshToken }"
    first = await send(api, "createOrg", given, selection)
    assert first["session"]["refreshToken"]
    assert await send(api, "createOrg", given, selection) == first | {"session": None}
    assert await database["sessions"].count_documents({}) == 1
    spelled = await send(api, "createOrg", given | {"email": "ADA@example.com"}, "")
    assert spelled["errors"] == MISMATCH


async def test_sign_up_is_shown_again_to_who_knows_the_password(api: API, database: Database) -> None:
    """A wrong password is answered like other arguments, and counted as a failed login; so is none of the first one."""
    given = NEWCOMER | {"idempotencyKey": KEY}
    await send(api, "createOrg", given, "")
    before = await everything(database)
    for password in ("wrong granite teapot", "x", "y" * 200):
        payload = await send(api, "createOrg", given | {"password": password}, "organization { id } admin { id }")
        assert payload == {"organization": None, "admin": None, "errors": MISMATCH}
    assert await everything(database) == before
    token = (await api.login(NEWCOMER["email"]))["session"]["accessToken"]
    change = {"password": "another granite teapot", "currentPassword": PASSWORD}
    assert (await send(api, "updateAdmin", change, "", token))["errors"] == []
    assert (await send(api, "createOrg", given, ""))["errors"] == MISMATCH


async def test_sign_up_deleted_since_is_not_found(api: API, database: Database) -> None:
    """The name and the address are free again, but this key does not sign up once more."""
    given = NEWCOMER | {"idempotencyKey": KEY}
    payload = await send(api, "createOrg", given, "organization { id slug } session { accessToken }")
    deletion = {"organizationId": payload["organization"]["id"], "confirmSlug": payload["organization"]["slug"]}
    await send(api, "deleteOrg", deletion, "", payload["session"]["accessToken"])
    before = await everything(database)
    again = await send(api, "createOrg", given, "organization { id }")
    assert again == {"organization": None, "errors": [{"code": "NOT_FOUND", "path": None, "retryable": False}]}
    assert await everything(database) == before


@pytest.mark.parametrize("changed_settings", [{"signup": "operator"}])
async def test_sign_up_by_an_operator_is_shown_again_to_operators(api: API, operator_token: str) -> None:
    """Where operators sign organizations up, nobody else learns of it by the key."""
    given = NEWCOMER | {"idempotencyKey": KEY}
    first = await send(api, "createOrg", given, "organization { id }", operator_token)
    assert first["errors"] == []
    assert await send(api, "createOrg", given, "organization { id }", operator_token) == first
    assert await api.error_code(text("createOrg", ""), {"input": given}) == "UNAUTHENTICATED"


async def test_nothing_secret_is_stored_with_a_key(api: API, database: Database) -> None:
    """Neither the password nor a token, nor the hash of one, nor anything personal is in the record."""
    given = NEWCOMER | {"idempotencyKey": KEY}
    payload = await send(api, "createOrg", given, "session { accessToken refreshToken }")
    (record,) = await database["idempotency_keys"].find().to_list(None)
    (admin,) = await database["admins"].find().to_list(None)
    (session,) = await database["sessions"].find().to_list(None)
    assert set(record) == {
        "_id", "fingerprint", "owner", "state", "lease_expires_at", "references", "expires_at",
    }  # fmt: skip
    assert record["references"] == {"organization": admin["organization_id"], "admin": admin["_id"]}
    stored, tokens = bson.encode(record), payload["session"]
    texts = [PASSWORD, NEWCOMER["email"], NEWCOMER["name"], KEY, tokens["accessToken"], tokens["refreshToken"]]
    secrets = [*(one.encode() for one in texts), admin["password_hash"].encode(), session["_id"].encode()]
    secrets += [session["refresh"]["key"], session["refresh"]["current"]]
    for secret in secrets:
        for form in (secret, secret.hex().encode(), sha256(secret).digest(), sha256(secret).hexdigest().encode()):
            assert form not in stored


MANY = """
mutation ($delete: DeleteOrgInput!, $update: UpdateOrgInput!) {
  a: deleteOrg(input: $delete) {
    organization { status deletedAt erasureCertificate { __typename } admins { edges { node { email } } } }
    errors { code }
  }
  b: updateOrg(input: $update) { errors { code } }
  c: deleteOrg(input: $delete) { organization { deletedAt } errors { code } }
}
"""


async def test_ended_session_is_good_for_the_same_answer_only(api: API, database: Database) -> None:
    """With the token of the deletion nothing can be done, seen or deleted but that answer, not even beside it."""
    member, other = await api.sign_up(name="Start"), await api.sign_up(name="Other")
    given = {"organizationId": member.organization_id, "confirmSlug": "start", "idempotencyKey": KEY}
    selection = "organization { status deletedAt deletedBy { id } }"
    first = await send(api, "deleteOrg", given, selection, member.token)
    before = await everything(database)
    assert await send(api, "deleteOrg", given, selection, member.token) == first
    for changes in ({"idempotencyKey": "another"}, {"idempotencyKey": None}, {"confirmSlug": "other"}):
        variables = {"input": given | changes}
        assert await api.error_code(text("deleteOrg", ""), variables, token=member.token) == "UNAUTHENTICATED"
    theirs = {"input": given | {"organizationId": other.organization_id, "confirmSlug": "other"}}
    assert await api.error_code(text("deleteOrg", ""), theirs, token=member.token) == "UNAUTHENTICATED"
    assert await api.error_code(text("deleteOrg", ""), {"input": given}, token=other.token) == "FORBIDDEN"
    assert await api.error_code(text("deleteOrg", ""), {"input": given}) == "UNAUTHENTICATED"
    assert await api.error_code(text("deleteOrg", ""), {"input": given}, token=member.refresh_token) == (
        "UNAUTHENTICATED"
    )
    assert await api.error_code("{ viewer { permissions } }", token=member.token) == "UNAUTHENTICATED"
    assert await everything(database) == before


async def test_answer_given_again_lends_nothing_to_the_fields_beside_it(api: API, database: Database) -> None:
    """In one request, what follows the deletion is judged as anonymous, and so is all but the record itself."""
    member = await api.sign_up(name="Start")
    given = {"organizationId": member.organization_id, "confirmSlug": "start", "idempotencyKey": KEY}
    await send(api, "deleteOrg", given, "", member.token)
    before = await everything(database)
    update = {"organizationId": member.organization_id, "description": "Here again"}
    body = await api.execute(MANY, {"delete": given, "update": update}, token=member.token)
    organization = body["data"]["a"]["organization"]
    assert (organization["status"], organization["admins"]) == ("DELETED", None)
    assert organization["deletedAt"] == body["data"]["c"]["organization"]["deletedAt"] is not None
    assert body["data"]["b"] is None
    codes = {tuple(error["path"]): error["extensions"]["code"] for error in body["errors"]}
    assert codes == {("a", "organization", "admins"): "FORBIDDEN", ("b",): "UNAUTHENTICATED"}
    assert await everything(database) == before


async def test_ended_session_counts_for_as_long_as_its_token(api: API) -> None:
    """When the token has run out, the answer is that of any other such token."""
    member = await api.sign_up(name="Start")
    given = {"organizationId": member.organization_id, "confirmSlug": "start", "idempotencyKey": KEY}
    await send(api, "deleteOrg", given, "", member.token)
    with time_machine.travel(timedelta(minutes=11), tick=True):
        assert await api.error_code(text("deleteOrg", ""), {"input": given}, token=member.token) == "UNAUTHENTICATED"


@retained
async def test_restoring_is_done_once_and_ends_the_answer_of_the_deletion(api: API, database: Database) -> None:
    """A restoration is answered again; the deletion before it is not, neither for its session nor for a new one."""
    member = await api.sign_up(name="Start")
    deletion = {"organizationId": member.organization_id, "confirmSlug": "start", "idempotencyKey": KEY}
    first = await send(api, "deleteOrg", deletion, "organization { status purgeAt }", member.token)
    assert first["organization"]["purgeAt"] is not None
    assert await send(api, "deleteOrg", deletion, "organization { status purgeAt }", member.token) == first
    restoration = {"organizationId": member.organization_id, "idempotencyKey": KEY}
    token = (await api.login(member.email))["session"]["accessToken"]
    assert await send(api, "deleteOrg", deletion, "organization { status purgeAt }", token) == first
    restored = await send(api, "restoreOrg", restoration, "organization { status updatedAt }", token)
    assert restored["organization"]["status"] == "ACTIVE"
    before = await everything(database)
    assert await send(api, "restoreOrg", restoration, "organization { status updatedAt }", token) == restored
    assert await api.error_code(text("deleteOrg", ""), {"input": deletion}, token=member.token) == "UNAUTHENTICATED"
    undone = [{"code": "CONFLICT", "path": None, "retryable": False}]
    assert (await send(api, "deleteOrg", deletion, "", token))["errors"] == undone
    assert await everything(database) == before
    assert (await send(api, "deleteOrg", deletion | {"idempotencyKey": "2"}, "", token))["errors"] == []
    token = (await api.login(member.email))["session"]["accessToken"]
    assert (await send(api, "restoreOrg", restoration, "", token))["errors"] == undone


@retained
async def test_of_many_restorations_at_once_one_takes_effect(api: API, database: Database) -> None:
    """The others are told to come again, or get its answer."""
    member = await api.sign_up(name="Start")
    deletion = {"organizationId": member.organization_id, "confirmSlug": "start"}
    await send(api, "deleteOrg", deletion, "", member.token)
    token = (await api.login(member.email))["session"]["accessToken"]
    given = {"organizationId": member.organization_id, "idempotencyKey": KEY}
    payloads = await asyncio.gather(
        *(send(api, "restoreOrg", given, "organization { status }", token) for _ in range(AT_ONCE))
    )
    assert {str(payload["errors"]) for payload in payloads} <= {"[]", str(BUSY)}
    assert await database["events"].count_documents({"action": "organization:restored"}) == 1
    payload = await send(api, "restoreOrg", given, "organization { status }", token)
    assert payload == {"organization": {"status": "ACTIVE"}, "errors": []}
    assert await send(api, "restoreOrg", given | {"organizationId": member.organization_id}, "", token) == {
        "errors": []
    }
