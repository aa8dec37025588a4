"""Deactivating admins: by operators, with a reason, and never the last owner."""

import asyncio
from typing import Any

from schema import ids
from storage.database import Database
from tests.api import API, Member
from tests.members import join

SET_STATUS = """
mutation ($input: SetAdminStatusInput!) { setAdminStatus(input: $input) { admin { status } errors { code path } } }
"""
VIEWER = "{ viewer { admin { email } } }"
EVENTS = """
query ($id: ID!) { organization(id: $id) { auditEvents(first: 1) { edges { node {
  action details target { kind id } changes { field before after } actor { __typename }
} } } } }
"""


async def set_status(
    api: API, admin_id: str, status: str, token: str, reason: str = "Stolen laptop."
) -> dict[str, Any]:
    """Set the status of an admin; return the payload."""
    variables = {"input": {"adminId": admin_id, "status": status, "reason": reason}}
    payload: dict[str, Any] = (await api.data(SET_STATUS, variables, token=token))["setAdminStatus"]
    return payload


def refused(code: str, *path: str) -> dict[str, Any]:
    """Return the payload of a refusal."""
    return {"admin": None, "errors": [{"code": code, "path": list(path) or None}]}


async def test_deactivated_admin_can_do_nothing(
    api: API, database: Database, member: Member, operator_token: str
) -> None:
    """Its sessions end on the next request, its password opens none; activated, it signs in again."""
    person = await join(api, database, member, "grace@example.com", "ADMIN")
    payload = await set_status(api, person.id, "DEACTIVATED", operator_token)
    assert payload == {"admin": {"status": "DEACTIVATED"}, "errors": []}
    assert await api.error_code(VIEWER, token=person.token) == "UNAUTHENTICATED"
    assert [error["code"] for error in (await api.login(person.email))["errors"]] == ["BAD_CREDENTIALS"]
    assert (await set_status(api, person.id, "ACTIVE", operator_token))["admin"] == {"status": "ACTIVE"}
    assert await api.error_code(VIEWER, token=person.token) == "UNAUTHENTICATED"
    assert (await api.login(person.email))["errors"] == []


async def test_reason_is_recorded(api: API, database: Database, member: Member, operator_token: str) -> None:
    """In the organization's trail, with what was changed; the same status again is no change."""
    person = await join(api, database, member, "grace@example.com")
    for _ in range(2):
        await set_status(api, person.id, "DEACTIVATED", operator_token)
    shown = await api.data(EVENTS, {"id": member.organization_id}, token=member.token)
    (edge,) = shown["organization"]["auditEvents"]["edges"]
    assert edge["node"] == {
        "action": "ADMIN_STATUS_CHANGED",
        "details": {"reason": "Stolen laptop.", "endedSessions": 1},
        "target": {"kind": "ADMIN", "id": person.id},
        "changes": [{"field": "status", "before": "ACTIVE", "after": "DEACTIVATED"}],
        "actor": {"__typename": "Operator"},
    }


async def test_last_owner_stays_active(api: API, database: Database, member: Member, operator_token: str) -> None:
    """Of two who are deactivated at the same instant, one is not."""
    assert await set_status(api, member.admin_id, "DEACTIVATED", operator_token) == refused("LAST_OWNER")
    assert (await api.data(VIEWER, token=member.token))["viewer"] is not None
    second = await join(api, database, member, "grace@example.com", "OWNER")
    for _ in range(10):
        payloads = await asyncio.gather(
            *(set_status(api, one, "DEACTIVATED", operator_token) for one in (member.admin_id, second.id))
        )
        assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
        for one in (member.admin_id, second.id):
            await set_status(api, one, "ACTIVE", operator_token)


async def test_what_is_wrong_is_told(api: API, database: Database, member: Member, operator_token: str) -> None:
    """An unknown admin, a removed one, an operator's id, no reason: nothing changes."""
    person = await join(api, database, member, "grace@example.com")
    absent = ids.encode(ids.NodeType.ADMIN, "f" * 24)
    assert await set_status(api, absent, "DEACTIVATED", operator_token) == refused("NOT_FOUND", "adminId")
    assert await set_status(api, person.id, "DEACTIVATED", operator_token, " ") == refused("INVALID", "reason")
    assert (await api.data(VIEWER, token=person.token))["viewer"] is not None
    remove = "mutation ($i: RemoveAdminInput!) { removeAdmin(input: $i) { errors { code } } }"
    await api.data(remove, {"i": {"adminId": person.id}}, token=member.token)
    assert await set_status(api, person.id, "ACTIVE", operator_token) == refused("NOT_FOUND", "adminId")


async def test_admins_deactivate_nobody(api: API, database: Database, member: Member) -> None:
    """Owners remove whom they want to be gone."""
    person = await join(api, database, member, "grace@example.com")
    variables = {"input": {"adminId": person.id, "status": "DEACTIVATED", "reason": "Because."}}
    assert await api.error_code(SET_STATUS, variables, token=member.token) == "FORBIDDEN"
    assert (await api.data(VIEWER, token=person.token))["viewer"] is not None
