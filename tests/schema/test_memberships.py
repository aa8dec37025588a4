"""Roles, removal and leaving, through the interface that clients see."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from auth.one_time_tokens import TokenPurpose
from resolvers.services import Services
from schema import ids
from storage import one_time_tokens
from storage.admins import AdminStatus
from storage.database import Database, Document, Session, now
from storage.one_time_tokens import TokenSubject
from tests.api import API, Member
from tests.live import follow
from tests.members import Person, invite, join
from tests.websocket import connected

SET_ROLE = """
mutation ($id: ID!, $role: Role!) {
  setAdminRole(input: { adminId: $id, role: $role }) { admin { id role removedAt } errors { code path } }
}
"""
REMOVE = """
mutation ($id: ID!) {
  removeAdmin(input: { adminId: $id }) { admin { id email removedAt } errors { code path } }
}
"""
LEAVE = """
mutation ($id: ID!) {
  leaveOrg(input: { organizationId: $id }) { organization { slug } errors { code path } }
}
"""
ADMINS = """
query ($id: ID!) { organization(id: $id) { admins { edges { node { email role removedAt } } } } }
"""
VIEWER = "{ viewer { admin { role } permissions } }"
EVENTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { action } }"
TRAIL = """
query ($id: ID!) {
  organization(id: $id) {
    auditEvents(first: 1) {
      edges { node { action target { id } actor { id } changes { field before after } details } }
    }
  }
}
"""
ABSENT = ids.encode(ids.NodeType.ADMIN, "0" * 24)
LAST_OWNER = {"code": "LAST_OWNER", "path": None}


async def set_role(api: API, token: str, admin_id: str, role: str) -> dict[str, Any]:
    """Give somebody a role and return the payload."""
    payload: dict[str, Any] = (await api.data(SET_ROLE, {"id": admin_id, "role": role}, token=token))["setAdminRole"]
    return payload


async def remove(api: API, token: str, admin_id: str) -> dict[str, Any]:
    """Remove somebody and return the payload."""
    payload: dict[str, Any] = (await api.data(REMOVE, {"id": admin_id}, token=token))["removeAdmin"]
    return payload


async def leave(api: API, token: str, organization_id: str) -> dict[str, Any]:
    """Leave and return the payload."""
    payload: dict[str, Any] = (await api.data(LEAVE, {"id": organization_id}, token=token))["leaveOrg"]
    return payload


async def stored(database: Database) -> Sequence[Sequence[Document]]:
    """Return what there is of admins, sessions, invitations and what was recorded."""
    names = ("admins", "sessions", "invitations", "audit_events")
    return [await database[name].find().sort("_id", 1).to_list(None) for name in names]


async def latest(api: API, member: Member) -> dict[str, Any]:
    """Return the latest event of the trail."""
    found = await api.data(TRAIL, {"id": member.organization_id}, token=member.token)
    event: dict[str, Any] = found["organization"]["auditEvents"]["edges"][0]["node"]
    return event


async def is_signed_out(api: API, token: str) -> bool:
    """Tell whether an access token counts no more."""
    body = await api.execute(VIEWER, token=token)
    return bool(body["data"]["viewer"] is None)


async def test_new_role_counts_from_the_next_login(api: API, database: Database, member: Member) -> None:
    """Sessions of the old role end, those of others go on, and the trail says what was changed by whom."""
    viewer = await join(api, database, member, "viewer@example.com")
    payload = await set_role(api, member.token, viewer.id, "ADMIN")
    assert payload == {"admin": {"id": viewer.id, "role": "ADMIN", "removedAt": None}, "errors": []}
    assert await is_signed_out(api, viewer.token)
    assert not await is_signed_out(api, member.token)
    event = await latest(api, member)
    assert event == {
        "action": "ADMIN_ROLE_CHANGED",
        "target": {"id": viewer.id},
        "actor": {"id": member.admin_id},
        "changes": [{"field": "role", "before": "VIEWER", "after": "ADMIN"}],
        "details": {"endedSessions": 1},
    }
    again = (await api.login(viewer.email))["session"]["accessToken"]
    found = (await api.data(VIEWER, token=again))["viewer"]
    assert found["admin"] == {"role": "ADMIN"}
    assert "document:write" in found["permissions"]


async def test_same_role_changes_nothing(api: API, database: Database, member: Member) -> None:
    """No session ends, and nothing is recorded."""
    viewer = await join(api, database, member, "viewer@example.com")
    before = await stored(database)
    payload = await set_role(api, member.token, viewer.id, "VIEWER")
    assert payload["errors"] == []
    assert await stored(database) == before


async def test_removed_admin_is_out_and_its_address_free(api: API, database: Database, member: Member) -> None:
    """It can neither go on nor sign in, it is no member any more, and its record stays as an actor."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    await invite(api, replace(member, token=admin.token), "friend@example.com")
    payload = await remove(api, member.token, admin.id)
    assert payload["errors"] == []
    assert payload["admin"]["removedAt"] is not None
    assert await is_signed_out(api, admin.token)
    assert (await api.login(admin.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    listed = (await api.data(ADMINS, {"id": member.organization_id}, token=member.token))["organization"]["admins"]
    assert [edge["node"]["email"] for edge in listed["edges"]] == [member.email]
    node = "query ($id: ID!) { node(id: $id) { ... on Admin { email removedAt } } }"
    found = (await api.data(node, {"id": admin.id}, token=member.token))["node"]
    assert found == {"email": admin.email, "removedAt": payload["admin"]["removedAt"]}
    await api.sign_up(email=admin.email)


async def test_removal_is_recorded_with_what_it_ended(api: API, database: Database, member: Member) -> None:
    """The trail names the removed admin, and each invitation of it that was revoked."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    await invite(api, replace(member, token=admin.token), "friend@example.com")
    await remove(api, member.token, admin.id)
    found = await database["audit_events"].find().sort("seq", -1).limit(2).to_list(2)
    assert [event["action"] for event in found] == ["invitation:revoked", "admin:removed"]
    assert (found[1]["target"]["id"], found[1]["details"]) == (ids.decode_admin(admin.id), {"endedSessions": 1})
    invitation = await database["invitations"].find_one({"email": "friend@example.com"})
    assert invitation is not None
    assert (invitation["state"], found[0]["target"]["id"]) == ("REVOKED", invitation["_id"])
    assert invitation["ended_at"] is not None


async def test_tokens_of_a_removed_admin_are_void(api: API, database: Database, member: Member) -> None:
    """A mail that is under way to it does nothing any more; those to others do."""
    viewer = await join(api, database, member, "viewer@example.com")
    reset = [await _reset_token(database, one, member) for one in (viewer.id, member.admin_id)]
    await remove(api, member.token, viewer.id)
    found = [await one_time_tokens.find(database, TokenPurpose.PASSWORD_RESET, token) for token in reset]
    assert [one is not None for one in found] == [False, True]


async def test_only_invitations_beyond_the_new_role_are_revoked(api: API, database: Database, member: Member) -> None:
    """An owner who becomes an admin could invite viewers still; who becomes a viewer could invite nobody."""
    owner = await join(api, database, member, "second@example.com", "OWNER")
    second = replace(member, token=owner.token)
    for email, role in (("a@example.com", "VIEWER"), ("b@example.com", "ADMIN"), ("c@example.com", "OWNER")):
        await invite(api, second, email, role)
    await invite(api, member, "d@example.com", "OWNER")
    await set_role(api, member.token, owner.id, "ADMIN")
    assert await pending(database) == ["a@example.com", "d@example.com"]
    await set_role(api, member.token, owner.id, "VIEWER")
    assert await pending(database) == ["d@example.com"]


async def pending(database: Database) -> list[str]:
    """Return the addresses that have a pending invitation."""
    found = await database["invitations"].find({"state": "PENDING"}).to_list(None)
    return sorted(invitation["email"] for invitation in found)


async def test_leaving_ends_all_of_it(api: API, database: Database, member: Member) -> None:
    """Who leaves sees the organization's public face once more, and is out."""
    viewer = await join(api, database, member, "viewer@example.com")
    payload = await leave(api, viewer.token, member.organization_id)
    assert payload == {"organization": {"slug": member.slug}, "errors": []}
    assert await is_signed_out(api, viewer.token)
    assert (await api.login(viewer.email))["errors"][0]["code"] == "BAD_CREDENTIALS"
    event = await latest(api, member)
    assert (event["action"], event["target"], event["actor"]) == ("ADMIN_LEFT", {"id": viewer.id}, {"id": viewer.id})


async def test_removing_oneself_is_leaving(api: API, database: Database, member: Member) -> None:
    """An owner beside another one may remove itself."""
    owner = await join(api, database, member, "second@example.com", "OWNER")
    assert (await remove(api, owner.token, owner.id))["errors"] == []
    assert await is_signed_out(api, owner.token)
    assert (await latest(api, member))["action"] == "ADMIN_LEFT"


async def test_last_active_owner_stays(api: API, database: Database, member: Member) -> None:
    """It cannot be demoted, removed or leave, not even beside an owner who cannot sign in."""
    other = await join(api, database, member, "second@example.com", "OWNER")
    deactivated = {"$set": {"status": AdminStatus.DEACTIVATED}}
    await database["admins"].update_one({"_id": ids.decode_admin(other.id)}, deactivated)
    before = await stored(database)
    for role in ("ADMIN", "VIEWER"):
        payload = await set_role(api, member.token, member.admin_id, role)
        assert payload == {"admin": None, "errors": [LAST_OWNER]}
    assert await remove(api, member.token, member.admin_id) == {"admin": None, "errors": [LAST_OWNER]}
    payload = await leave(api, member.token, member.organization_id)
    assert payload == {"organization": None, "errors": [LAST_OWNER]}
    assert await stored(database) == before


async def test_admins_manage_viewers_only(api: API, database: Database, member: Member) -> None:
    """Whom one may not manage, whether hidden or absent, is refused alike, and nothing changes."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    peer = await join(api, database, member, "peer@example.com", "ADMIN")
    viewer = await join(api, database, member, "viewer@example.com")
    stranger = await api.sign_up()
    before = await stored(database)
    for target in (member.admin_id, peer.id, admin.id, stranger.admin_id, ABSENT):
        assert await api.error_code(SET_ROLE, {"id": target, "role": "VIEWER"}, token=admin.token) == "FORBIDDEN"
        assert await api.error_code(REMOVE, {"id": target}, token=admin.token) == "FORBIDDEN"
    for role in ("ADMIN", "OWNER"):
        assert await api.error_code(SET_ROLE, {"id": viewer.id, "role": role}, token=admin.token) == "FORBIDDEN"
    for target in (member.admin_id, viewer.id, stranger.admin_id, ABSENT):
        assert await api.error_code(SET_ROLE, {"id": target, "role": "VIEWER"}, token=viewer.token) == "FORBIDDEN"
        assert await api.error_code(REMOVE, {"id": target}, token=viewer.token) == "FORBIDDEN"
    assert await stored(database) == before
    assert (await remove(api, admin.token, viewer.id))["errors"] == []


async def test_owners_manage_their_own_organization_only(
    api: API, database: Database, member: Member, operator_token: str
) -> None:
    """Admins of others are refused like unknown ones, operators and strangers altogether."""
    stranger = await api.sign_up()
    before = await stored(database)
    for target in (stranger.admin_id, ABSENT):
        body = await api.execute(REMOVE, {"id": target}, token=member.token)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert body["errors"][0]["message"] == "You may not do this."
    assert await api.error_code(LEAVE, {"id": stranger.organization_id}, token=member.token) == "FORBIDDEN"
    for token, code in ((operator_token, "FORBIDDEN"), (None, "UNAUTHENTICATED")):
        variables = {"id": member.admin_id, "role": "VIEWER"}
        assert await api.error_code(SET_ROLE, variables, token=token) == code
        assert await api.error_code(REMOVE, {"id": member.admin_id}, token=token) == code
        assert await api.error_code(LEAVE, {"id": member.organization_id}, token=token) == code
    assert (await stored(database))[:3] == before[:3]  # What operators are denied is recorded.


async def test_removed_admins_are_not_found(api: API, database: Database, member: Member) -> None:
    """Who was removed can be removed or given a role no more; whom one could not manage is refused as ever."""
    viewer = await join(api, database, member, "viewer@example.com")
    admin, peer = [await join(api, database, member, f"{name}@example.com", "ADMIN") for name in ("admin", "peer")]
    await remove(api, member.token, viewer.id)
    await remove(api, member.token, peer.id)
    before = await stored(database)
    gone = {"admin": None, "errors": [{"code": "NOT_FOUND", "path": ["adminId"]}]}
    assert await remove(api, member.token, viewer.id) == gone
    assert await set_role(api, member.token, viewer.id, "ADMIN") == gone
    assert await api.error_code(REMOVE, {"id": peer.id}, token=admin.token) == "FORBIDDEN"
    assert await stored(database) == before


async def test_suspended_organizations_stay_as_they_are(api: API, database: Database, member: Member) -> None:
    """Nobody gets another role, is removed or leaves; whom one may not manage is refused as ever."""
    viewer = await join(api, database, member, "viewer@example.com")
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"status": "SUSPENDED"}})
    before = await stored(database)
    suspended = [{"code": "ORG_SUSPENDED", "path": None}]
    assert await set_role(api, member.token, viewer.id, "ADMIN") == {"admin": None, "errors": suspended}
    assert await remove(api, member.token, viewer.id) == {"admin": None, "errors": suspended}
    left = await leave(api, viewer.token, member.organization_id)
    assert left == {"organization": None, "errors": suspended}
    for target in (member.admin_id, ABSENT):
        assert await api.error_code(REMOVE, {"id": target}, token=admin.token) == "FORBIDDEN"
    assert await stored(database) == before


async def test_subscriptions_of_the_removed_end(
    app: ASGIApp, api: API, database: Database, member: Member, services: Services
) -> None:
    """A removal, like a new role, closes what its admin has open, at once and nobody else's."""
    viewer = await join(api, database, member, "viewer@example.com")
    async with connected(app, viewer.token) as socket, connected(app, member.token) as other:
        await follow(socket, services, "1", EVENTS, member.organization_id)
        await follow(other, services, "1", EVENTS, member.organization_id)
        await remove(api, member.token, viewer.id)
        assert await socket.error_code("1") == "UNAUTHENTICATED"
        assert (await other.next("1"))["data"]["organizationEvents"] == {"action": "ADMIN_REMOVED"}


@pytest.mark.parametrize("act", ["demote", "remove", "leave"])
@pytest.mark.timeout(180)
async def test_two_owners_at_once_leave_one(api: API, database: Database, member: Member, act: str) -> None:
    """Whatever two owners do to each other at the same instant, one who can sign in is left, for twenty rounds."""
    first = Person(member.admin_id, member.email, member.token)
    for number in range(8):
        second = await join(api, database, replace(member, token=first.token), f"owner{number}@example.org", "OWNER")
        await asyncio.gather(*[_strike(api, member, act, *pair) for pair in ((first, second), (second, first))])
        query = {"role": "OWNER", "status": "ACTIVE", "removed_at": None}
        (left,) = await database["admins"].find(query).to_list(None)
        survivor = first if left["_id"] == ids.decode_admin(first.id) else second
        assert not await is_signed_out(api, survivor.token)
        first = survivor


async def _strike(api: API, member: Member, act: str, striker: Person, victim: Person) -> None:
    """Act on each other; the one who comes second is refused, or signed out by then."""
    operations = {
        "demote": (SET_ROLE, {"id": victim.id, "role": "VIEWER"}),
        "remove": (REMOVE, {"id": victim.id}),
        "leave": (LEAVE, {"id": member.organization_id}),
    }
    body = await api.execute(*operations[act], token=striker.token)
    assert {error["extensions"]["code"] for error in body.get("errors", [])} <= {"FORBIDDEN", "UNAUTHENTICATED"}


async def _reset_token(database: Database, admin_id: str, member: Member) -> str:
    subject = TokenSubject(
        ids.decode_admin(admin_id), ids.decode_organization(member.organization_id), "any@example.com"
    )

    async def issue(tx: Session) -> str:
        end = now() + timedelta(hours=1)
        return await one_time_tokens.issue(database, tx, TokenPurpose.PASSWORD_RESET, subject, expires_at=end)

    return await database.transaction(issue)
