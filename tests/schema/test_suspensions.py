"""Suspending organizations: everything can be read, nothing can be changed."""

import asyncio
from typing import Any

import pytest
from starlette.types import ASGIApp

from auth.errors import UserErrorCode
from schema import ids
from server import Settings
from tests import cast
from tests.api import API, Member
from tests.permission_matrix import MUTATIONS, Caller
from tests.websocket import connected

SUSPEND = """
mutation ($input: SuspendOrgInput!) {
  suspendOrg(input: $input) { organization { status suspension { suspendedAt reason } } errors { code path } }
}
"""
REACTIVATE = """
mutation ($input: ReactivateOrgInput!) {
  reactivateOrg(input: $input) { organization { status suspension { reason } } errors { code path } }
}
"""
REASON = "The invoice of March is open."
SHOWN = """
query ($id: ID!) {
  viewer { admin { email } }
  organization(id: $id) {
    status
    suspension { reason suspendedAt }
    documents { edges { node { id } } }
    auditEvents(first: 1) { edges { node { action details actor { __typename } } } }
  }
}
"""
STILL_WORK = {
    "requestEmailVerification",
    "restoreOrg",
    "createOrg",
    "login",
    "refreshSession",
    "logout",
    "revokeSession",
    "revokeAllSessions",
    "renewConnection",
    "requestPasswordReset",
    "resetPassword",
    "verifyEmail",
    "acceptInvitation",
    "declineInvitation",
    "suspendOrg",
    "reactivateOrg",
    "setAdminStatus",
}
"""What is no change by members: signing in and out, proofs by mail, operators' acts, and what wants a deletion."""


async def suspend(api: API, member: Member, token: str, reason: str = REASON) -> dict[str, Any]:
    """Suspend a member's organization; return the payload."""
    variables = {"input": {"organizationId": member.organization_id, "reason": reason}}
    payload: dict[str, Any] = (await api.data(SUSPEND, variables, token=token))["suspendOrg"]
    return payload


async def reactivate(api: API, member: Member, token: str, reason: str = "Paid.") -> dict[str, Any]:
    """Reactivate a member's organization; return the payload."""
    variables = {"input": {"organizationId": member.organization_id, "reason": reason}}
    payload: dict[str, Any] = (await api.data(REACTIVATE, variables, token=token))["reactivateOrg"]
    return payload


async def test_suspended_organization_can_be_read(api: API, member: Member, operator_token: str) -> None:
    """Its members sign in, read everything, and see why; reactivated, it is as it was."""
    payload = await suspend(api, member, operator_token, f"  {REASON} ")
    assert payload["errors"] == []
    assert payload["organization"]["status"] == "SUSPENDED"
    token = (await api.login(member.email))["session"]["accessToken"]
    shown = await api.data(SHOWN, {"id": member.organization_id}, token=token)
    assert shown["viewer"]["admin"]["email"] == member.email
    assert shown["organization"]["suspension"]["reason"] == REASON
    reactivated = await reactivate(api, member, operator_token)
    assert reactivated == {"organization": {"status": "ACTIVE", "suspension": None}, "errors": []}


async def test_reasons_are_recorded(api: API, member: Member, operator_token: str) -> None:
    """Both acts are in the organization's trail, with who did it."""
    await suspend(api, member, operator_token)
    (event,) = (await latest(api, member))["edges"]
    assert event["node"]["action"] == "ORGANIZATION_SUSPENDED"
    assert event["node"]["details"] == {"reason": REASON}
    assert event["node"]["actor"] == {"__typename": "Operator"}
    await reactivate(api, member, operator_token)
    (event,) = (await latest(api, member))["edges"]
    assert (event["node"]["action"], event["node"]["details"]) == ("ORGANIZATION_REACTIVATED", {"reason": "Paid."})


async def latest(api: API, member: Member) -> dict[str, Any]:
    """Return the newest event of the trail."""
    events: dict[str, Any] = (await api.data(SHOWN, {"id": member.organization_id}, token=member.token))[
        "organization"
    ]["auditEvents"]
    return events


async def test_every_change_is_refused(app: ASGIApp, api: API, settings: Settings, operator_token: str) -> None:
    """All mutations of the schema but those that are no change of the organization, whoever may use them."""
    people = await cast.assemble(app, api, settings, operator_token)
    assert (await suspend(api, people.owner, operator_token))["errors"] == []
    assert {operation.field for operation in MUTATIONS} >= STILL_WORK
    for operation in MUTATIONS:
        if operation.field in STILL_WORK:
            continue
        for caller in sorted(operation.callers & {Caller.OWNER, Caller.ADMIN, Caller.VIEWER}):
            text = f"mutation {{ {operation.text} }}" % people.names
            body = await api.execute(text, token=people.tokens[caller])
            assert "errors" not in body, (operation.field, body)
            found = [error["code"] for error in body["data"][operation.field]["errors"]]
            assert found == [UserErrorCode.ORG_SUSPENDED.value], (operation.field, caller)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b"])
async def test_reason_is_wanted(api: API, member: Member, operator_token: str, reason: str) -> None:
    """One that says nothing, or too much, is refused, and nothing changes."""
    for payload in (
        await suspend(api, member, operator_token, reason),
        await reactivate(api, member, operator_token, reason),
    ):
        assert payload == {"organization": None, "errors": [{"code": "INVALID", "path": ["reason"]}]}
    status = await api.data(SHOWN, {"id": member.organization_id}, token=member.token)
    assert status["organization"]["status"] == "ACTIVE"


async def test_what_is_so_already_is_a_conflict(api: API, member: Member, operator_token: str) -> None:
    """Twice suspended, or reactivated without having been suspended; deleted, and unknown."""
    assert codes(await reactivate(api, member, operator_token)) == ["CONFLICT"]
    assert codes(await suspend(api, member, operator_token)) == []
    assert codes(await suspend(api, member, operator_token)) == ["CONFLICT"]
    assert codes(await reactivate(api, member, operator_token)) == []
    delete = "mutation ($i: DeleteOrgInput!) { deleteOrg(input: $i) { errors { code } } }"
    given = {"organizationId": member.organization_id, "confirmSlug": member.slug}
    await api.data(delete, {"i": given}, token=member.token)
    assert codes(await suspend(api, member, operator_token)) == ["ORG_DELETED"]
    assert codes(await reactivate(api, member, operator_token)) == ["ORG_DELETED"]
    absent = {"organizationId": ids.encode(ids.NodeType.ORGANIZATION, "f" * 24), "reason": REASON}
    payload = (await api.data(SUSPEND, {"input": absent}, token=operator_token))["suspendOrg"]
    assert payload["errors"] == [{"code": "NOT_FOUND", "path": ["organizationId"]}]


def codes(payload: dict[str, Any]) -> list[str]:
    """Return the codes of a payload's errors."""
    return [error["code"] for error in payload["errors"]]


async def test_suspensions_at_once_are_one(api: API, member: Member, operator_token: str) -> None:
    """Of eight, one takes effect."""
    payloads = await asyncio.gather(*(suspend(api, member, operator_token) for _ in range(8)))
    assert sorted(codes(payload) for payload in payloads) == [[], *[["CONFLICT"]] * 7]


async def test_followers_go_on(app: ASGIApp, api: API, member: Member, operator_token: str) -> None:
    """Subscriptions are reads: who follows the organization is told of the suspension."""
    events = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { action organization { status } } }"
    async with connected(app, member.token) as socket:
        socket.subscribe("1", events, id=member.organization_id)
        heard = asyncio.ensure_future(socket.next("1"))
        while not heard.done():
            await suspend(api, member, operator_token)
            await asyncio.wait([heard], timeout=0.2)
            await reactivate(api, member, operator_token)
        assert heard.result()["data"]["organizationEvents"]["action"].startswith("ORGANIZATION_")
