"""Invitations through the interface that clients see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from starlette.types import ASGIApp

from auth.one_time_tokens import TokenPurpose, create
from resolvers.services import Services
from schema import ids
from storage import inviting
from storage.database import Database, Document, new_id
from storage.invitations import LIFETIME
from tests.api import API, PASSWORD, Member
from tests.live import follow
from tests.members import ACCEPT, INVITE, hold_mails, invite, join, token_of
from tests.websocket import connected

EMAIL = "ada@example.com"
DECLINE = "mutation ($t: String!) { declineInvitation(input: { token: $t }) { declined errors { code path } } }"
REVOKE = """
mutation ($id: ID!) {
  revokeInvitation(input: { invitationId: $id }) { invitation { id state endedAt } errors { code path } }
}
"""
OFFER = """
query ($t: String!) {
  invitation(token: $t) { organization { name slug status } email role expiresAt }
}
"""
LIST = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: InvitationFilter) {
  organization(id: $id) {
    invitations(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      edges { cursor node { email state } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on Invitation { email state admin { email } invitedBy { id } } } }"
TRAIL = """
query ($id: ID!) {
  organization(id: $id) {
    auditEvents(filter: { action: [INVITATION_SENT, INVITATION_DECLINED, INVITATION_ACCEPTED, INVITATION_REVOKED] }) {
      edges { node { action target { kind id } actor { id } changes { field after personal } } }
    }
  }
}
"""
EVENTS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { action target { id } } }"
UPDATE = """
mutation ($id: ID!) { updateOrg(input: { organizationId: $id, description: "New" }) { errors { code } } }
"""
TOKEN_INVALID = [{"code": "TOKEN_INVALID", "path": ["token"]}]
ABSENT = ids.encode(ids.NodeType.INVITATION, "0" * 24)


async def send(api: API, member: Member, email: str = EMAIL, role: str = "VIEWER", **more: str) -> dict[str, Any]:
    """Invite and return the payload."""
    given = {"organizationId": member.organization_id, "email": email, "role": role, **more}
    payload: dict[str, Any] = (await api.data(INVITE, {"input": given}, token=member.token))["inviteAdmin"]
    return payload


async def accept(api: API, token: str, **given: str) -> dict[str, Any]:
    """Accept and return the payload."""
    variables = {"input": {"token": token, "password": PASSWORD} | given}
    payload: dict[str, Any] = (await api.data(ACCEPT, variables))["acceptInvitation"]
    return payload


async def decline(api: API, token: str) -> dict[str, Any]:
    """Decline and return the payload."""
    payload: dict[str, Any] = (await api.data(DECLINE, {"t": token}))["declineInvitation"]
    return payload


async def revoke(api: API, member: Member, invitation_id: str) -> dict[str, Any]:
    """Revoke and return the payload."""
    payload: dict[str, Any] = (await api.data(REVOKE, {"id": invitation_id}, token=member.token))["revokeInvitation"]
    return payload


async def offer(api: API, token: str) -> dict[str, Any] | None:
    """Return what a token is for."""
    found: dict[str, Any] | None = (await api.data(OFFER, {"t": token}))["invitation"]
    return found


async def page(api: API, member: Member, **arguments: object) -> dict[str, Any]:
    """Return a page of invitations."""
    found = await api.data(LIST, {"id": member.organization_id, **arguments}, token=member.token)
    connection: dict[str, Any] = found["organization"]["invitations"]
    return connection


def emails_of(connection: dict[str, Any]) -> list[str]:
    """Return the addresses on a page."""
    return [edge["node"]["email"].partition("@")[0] for edge in connection["edges"]]


async def stored(database: Database) -> Sequence[Sequence[Document]]:
    """Return what there is of admins, sessions, invitations, tokens and mails, when the mails of before are away."""
    await hold_mails(database)
    names = ("admins", "sessions", "invitations", "one_time_tokens", "outbox")
    return [await database[name].find().sort("_id", 1).to_list(None) for name in names]


async def set_status(database: Database, member: Member, status: str) -> None:
    """Bring an organization into a state."""
    await database["organizations"].update_one({"slug": member.slug}, {"$set": {"status": status}})


async def test_who_is_invited_joins(api: API, database: Database, member: Member) -> None:
    """From the invitation to a session with the role and the address of it; everything is recorded."""
    payload = await send(api, member, role="ADMIN")
    invitation = payload["invitation"]
    assert payload["errors"] == []
    assert {name: invitation[name] for name in ("email", "role", "state", "endedAt", "admin")} == {
        "email": EMAIL,
        "role": "ADMIN",
        "state": "PENDING",
        "endedAt": None,
        "admin": None,
    }
    assert (invitation["invitedBy"], invitation["organization"]) == ({"id": member.admin_id}, {"slug": member.slug})
    token = await token_of(database, invitation["id"])
    assert await offer(api, token) == {
        "organization": {"name": member.name, "slug": member.slug, "status": "ACTIVE"},
        "email": EMAIL,
        "role": "ADMIN",
        "expiresAt": invitation["expiresAt"],
    }
    accepted = await accept(api, token, name="Ada Lovelace")
    assert accepted["errors"] == []
    assert accepted["organization"] == {"slug": member.slug}
    admin = accepted["admin"]
    assert admin == {"id": admin["id"], "email": EMAIL, "name": "Ada Lovelace", "role": "ADMIN", "emailVerified": True}
    seen = await api.data("{ viewer { admin { email } } }", token=accepted["session"]["accessToken"])
    assert seen["viewer"]["admin"] == {"email": EMAIL}
    assert (await api.login(EMAIL))["admin"]["id"] == admin["id"]
    found = (await api.data(NODE, {"id": invitation["id"]}, token=member.token))["node"]
    assert (found["state"], found["admin"]) == ("ACCEPTED", {"email": EMAIL})
    trail = (await api.data(TRAIL, {"id": member.organization_id}, token=member.token))["organization"]["auditEvents"]
    joined, sent = [edge["node"] for edge in trail["edges"]]
    target = {"kind": "INVITATION", "id": invitation["id"]}
    assert (joined["action"], joined["target"], joined["actor"]) == ("INVITATION_ACCEPTED", target, {"id": admin["id"]})
    assert (sent["action"], sent["target"], sent["actor"]) == ("INVITATION_SENT", target, {"id": member.admin_id})
    assert {change["field"]: change["personal"] for change in sent["changes"]} == {"role": False, "email": True}


async def test_offer_shows_no_more_than_everyone_sees(api: API, database: Database, member: Member) -> None:
    """Who holds a token is no member yet."""
    token = await token_of(database, await invite(api, member, EMAIL))
    query = "query ($t: String!) { invitation(token: $t) { email organization { slug admins { edges { cursor } } } } }"
    body = await api.execute(query, {"t": token})
    assert body["data"]["invitation"] == {"email": EMAIL, "organization": {"slug": member.slug, "admins": None}}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]


async def test_bad_tokens_are_all_alike(api: API, database: Database, member: Member) -> None:
    """Whatever is wrong with a token, nothing more is said, not even about the password, and nothing changes."""
    spent = await token_of(database, await invite(api, member, "spent@example.com"))
    assert (await accept(api, spent))["errors"] == []
    declined = await token_of(database, await invite(api, member, "declined@example.com"))
    assert (await decline(api, declined))["errors"] == []
    revoked_id = await invite(api, member, "revoked@example.com")
    revoked = await token_of(database, revoked_id)
    await revoke(api, member, revoked_id)
    pending_id = await invite(api, member, EMAIL)
    former, present = [await token_of(database, pending_id) for _ in range(2)]
    forged = present[:-1] + ("0" if present[-1] != "0" else "1")
    other_purpose = present.replace("ti_", "tp_")
    unknown = create(TokenPurpose.INVITATION, new_id())
    before = await stored(database)
    for token in (
        "",
        "garbage",
        "t" * 100_000,
        "ti_\0",
        spent,
        declined,
        revoked,
        former,
        forged,
        other_purpose,
        unknown,
    ):
        assert await offer(api, token) is None
        refused = await accept(api, token, password="short", name="")
        assert refused == {"organization": None, "admin": None, "session": None, "errors": TOKEN_INVALID}
        assert await decline(api, token) == {"declined": None, "errors": TOKEN_INVALID}
    assert await stored(database) == before
    assert (await accept(api, present))["errors"] == []


async def test_over_is_over(api: API, database: Database, member: Member) -> None:
    """After seven days a token counts no more."""
    token = await token_of(database, await invite(api, member, EMAIL))
    with time_machine.travel(LIFETIME - timedelta(minutes=1), tick=True):
        assert await offer(api, token) is not None
    with time_machine.travel(LIFETIME, tick=True):
        assert await offer(api, token) is None
        assert (await accept(api, token))["errors"] == TOKEN_INVALID
        assert (await decline(api, token))["errors"] == TOKEN_INVALID
    assert await database["admins"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"password": "short"}, "WEAK_PASSWORD", "password"),
        ({"password": f"{EMAIL}1"}, "WEAK_PASSWORD", "password"),
        ({"password": "p" * 129}, "WEAK_PASSWORD", "password"),
        ({"name": "A"}, "INVALID", "name"),
        ({"name": "n" * 101}, "INVALID", "name"),
    ],
)
async def test_bad_input_spends_no_token(
    api: API, database: Database, member: Member, given: dict[str, str], code: str, path: str
) -> None:
    """Each bad value is told with its path, and the next try can succeed."""
    token = await token_of(database, await invite(api, member, EMAIL))
    before = await stored(database)
    assert (await accept(api, token, **given))["errors"] == [{"code": code, "path": [path]}]
    assert await stored(database) == before
    assert (await accept(api, token))["errors"] == []


async def test_address_with_an_account_elsewhere_is_invited_alike(api: API, database: Database, member: Member) -> None:
    """Who invites does not learn of it; who accepts does, and the token is not spent."""
    other = await api.sign_up(email=EMAIL)
    payload = await send(api, member)
    assert (payload["errors"], payload["invitation"]["state"]) == ([], "PENDING")
    token = await token_of(database, payload["invitation"]["id"])
    before = await stored(database)
    assert (await accept(api, token))["errors"] == [{"code": "EMAIL_TAKEN", "path": ["token"]}]
    assert await stored(database) == before
    assert await offer(api, token) is not None
    assert (await api.login(EMAIL))["admin"]["id"] == other.admin_id


async def test_suspended_and_deleted_organizations_get_nobody(api: API, database: Database, member: Member) -> None:
    """Nobody is invited, revoked or accepted, and nothing is spent; declining is not the organization's."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    invitation_id, other_id = await invite(api, member, EMAIL), await invite(api, member, "other@example.com")
    above = await invite(api, member, "above@example.com", "ADMIN")
    token, other = await token_of(database, invitation_id), await token_of(database, other_id)
    before = await stored(database)
    await set_status(database, member, "SUSPENDED")
    suspended = [{"code": "ORG_SUSPENDED", "path": None}]
    assert (await send(api, member, "third@example.com"))["errors"] == [{**suspended[0], "retryable": False}]
    assert (await revoke(api, member, invitation_id))["errors"] == suspended
    assert await api.error_code(REVOKE, {"id": above}, token=admin.token) == "FORBIDDEN"
    assert (await accept(api, token))["errors"] == suspended
    await set_status(database, member, "DELETED")
    assert (await accept(api, token))["errors"] == [{"code": "ORG_DELETED", "path": None}]
    assert await stored(database) == before
    await set_status(database, member, "SUSPENDED")
    assert (await decline(api, other))["errors"] == []
    await set_status(database, member, "ACTIVE")
    assert (await accept(api, token))["errors"] == []


async def test_declining_is_dated_and_recorded(api: API, database: Database, member: Member) -> None:
    """By somebody who has not signed in, whoever the caller seems to be; the address can be invited anew."""
    invitation_id = await invite(api, member, EMAIL)
    token = await token_of(database, invitation_id)
    payload = (await api.data(DECLINE, {"t": token}, token=member.token))["declineInvitation"]
    assert payload == {"declined": True, "errors": []}
    row = await database["invitations"].find_one({"_id": ids.decode_invitation(invitation_id)})
    assert row is not None
    assert (row["state"], row["ended_at"] >= row["created_at"]) == ("DECLINED", True)
    trail = (await api.data(TRAIL, {"id": member.organization_id}, token=member.token))["organization"]["auditEvents"]
    latest = trail["edges"][0]["node"]
    assert (latest["action"], latest["actor"]) == ("INVITATION_DECLINED", None)
    assert (await send(api, member))["invitation"]["id"] != invitation_id


@pytest.mark.parametrize("email", ["", "nobody", "a" * 300 + "@example.com", "a b@example.com"])
async def test_bad_address_is_not_invited(api: API, database: Database, member: Member, email: str) -> None:
    """What is no address is told with its path."""
    before = await stored(database)
    payload = await send(api, member, email)
    assert payload == {"invitation": None, "errors": [{"code": "INVALID", "path": ["email"], "retryable": False}]}
    assert await stored(database) == before


async def test_members_and_those_invited_just_now_are_not_invited(api: API, database: Database, member: Member) -> None:
    """An own member's address is taken; one that was invited within the minute is told so."""
    await invite(api, member, EMAIL)
    before = await stored(database)
    taken = await send(api, member, member.email.upper())
    assert taken["errors"] == [{"code": "EMAIL_TAKEN", "path": ["email"], "retryable": False}]
    again = await send(api, member, EMAIL.upper())
    assert again == {"invitation": None, "errors": [{"code": "CONFLICT", "path": ["email"], "retryable": True}]}
    assert await stored(database) == before


async def test_inviting_again_renews(api: API, database: Database, member: Member) -> None:
    """A minute later: the same invitation, with a new role, a later end and another token."""
    first = (await send(api, member))["invitation"]
    token = await token_of(database, first["id"])
    with time_machine.travel(timedelta(seconds=61), tick=True):
        again = (await send(api, member, role="OWNER"))["invitation"]
    assert (again["id"], again["role"], again["state"]) == (first["id"], "OWNER", "PENDING")
    assert again["expiresAt"] > first["expiresAt"]
    assert again["renewedAt"] > first["renewedAt"]
    assert await offer(api, token) is None
    assert len((await page(api, member))["edges"]) == 1


async def test_too_many_are_refused(
    api: API, database: Database, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organization is asked to revoke some."""
    monkeypatch.setattr(inviting, "MAX_PENDING", 1)
    await invite(api, member, EMAIL)
    before = await stored(database)
    payload = await send(api, member, "other@example.com")
    assert payload == {"invitation": None, "errors": [{"code": "CONFLICT", "path": None, "retryable": False}]}
    assert await stored(database) == before


async def test_who_may_invite_whom(api: API, database: Database, member: Member, operator_token: str) -> None:
    """Admins invite viewers, viewers and all others nobody; what is refused changes nothing."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    viewer = await join(api, database, member, "viewer@example.com")
    stranger = await api.sign_up()
    before = await stored(database)
    refused = [(admin.token, "ADMIN"), (admin.token, "OWNER"), (viewer.token, "VIEWER"), (stranger.token, "VIEWER")]
    for token, role in [*refused, (operator_token, "VIEWER")]:
        given = {"organizationId": member.organization_id, "email": EMAIL, "role": role}
        assert await api.error_code(INVITE, {"input": given}, token=token) == "FORBIDDEN"
    given = {"organizationId": member.organization_id, "email": EMAIL, "role": "VIEWER"}
    assert await api.error_code(INVITE, {"input": given}) == "UNAUTHENTICATED"
    assert await stored(database) == before
    assert (await send(api, replace(member, token=admin.token)))["errors"] == []


async def test_request_that_is_sent_again_invites_once(api: API, database: Database, member: Member) -> None:
    """Under one key: the same invitation, sent once; the answer is what has become of it."""
    first = await send(api, member, idempotencyKey="k1")
    assert await send(api, member, idempotencyKey="k1") == first
    assert await database["audit_events"].count_documents({"action": {"$regex": "^invitation:"}}) == 1
    other = await send(api, member, "other@example.com", idempotencyKey="k1")
    assert other["errors"][0]["code"] == "IDEMPOTENCY_MISMATCH"
    await revoke(api, member, first["invitation"]["id"])
    again = await send(api, member, idempotencyKey="k1")
    assert (again["invitation"]["id"], again["invitation"]["state"]) == (first["invitation"]["id"], "REVOKED")
    assert await database["invitations"].count_documents({}) == 1


async def test_revoking(api: API, database: Database, member: Member) -> None:
    """Once is dated; twice is as good as once; what has ended otherwise is told, and stays."""
    invitation_id = await invite(api, member, EMAIL)
    payload = await revoke(api, member, invitation_id)
    assert (payload["errors"], payload["invitation"]["state"]) == ([], "REVOKED")
    assert payload["invitation"]["endedAt"] is not None
    assert await revoke(api, member, invitation_id) == payload
    ended = {name: await invite(api, member, f"{name}@example.com") for name in ("accepted", "declined", "expired")}
    await accept(api, await token_of(database, ended["accepted"]))
    await decline(api, await token_of(database, ended["declined"]))
    over = {"$set": {"expires_at": (await database["organizations"].find_one() or {})["created_at"]}}
    await database["invitations"].update_one({"email": "expired@example.com"}, over)
    for name, invitation_id in ended.items():
        refused = await revoke(api, member, invitation_id)
        assert refused == {"invitation": None, "errors": [{"code": "CONFLICT", "path": ["invitationId"]}]}, name
        found = (await api.data(NODE, {"id": invitation_id}, token=member.token))["node"]
        assert found["state"] == name.upper()


async def test_who_may_revoke_what(api: API, database: Database, member: Member, operator_token: str) -> None:
    """Hidden or absent or above one's role: refused alike, and nothing changes."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    viewer = await join(api, database, member, "viewer@example.com")
    stranger = await api.sign_up()
    invitation_id, above = await invite(api, member, EMAIL), await invite(api, member, "b@example.com", "ADMIN")
    before = await stored(database)
    for token, refused in (
        (admin.token, above),
        (viewer.token, invitation_id),
        (stranger.token, invitation_id),
        (operator_token, invitation_id),
        (member.token, ABSENT),
    ):
        assert await api.error_code(REVOKE, {"id": refused}, token=token) == "FORBIDDEN"
    assert await api.error_code(REVOKE, {"id": invitation_id}) == "UNAUTHENTICATED"
    assert await stored(database) == before
    assert (await revoke(api, replace(member, token=admin.token), invitation_id))["errors"] == []


async def test_list_is_newest_first_and_can_be_narrowed(api: API, database: Database, member: Member) -> None:
    """In pages from both ends; by state."""
    for name in ("a", "b", "c", "d", "e"):
        await invite(api, member, f"{name}@example.com")
    assert emails_of(await page(api, member)) == ["e", "d", "c", "b", "a"]
    first = await page(api, member, first=2)
    assert (emails_of(first), first["pageInfo"]["hasNextPage"]) == (["e", "d"], True)
    second = await page(api, member, first=2, after=first["pageInfo"]["endCursor"])
    assert (emails_of(second), second["pageInfo"]["hasPreviousPage"]) == (["c", "b"], True)
    assert emails_of(await page(api, member, last=2)) == ["b", "a"]
    assert emails_of(await page(api, member, last=1, before=second["pageInfo"]["startCursor"])) == ["d"]
    row = await database["invitations"].find_one({"email": "c@example.com"})
    assert row is not None
    await decline(api, await token_of(database, ids.encode(ids.NodeType.INVITATION, row["_id"])))
    assert emails_of(await page(api, member, filter={"state": ["DECLINED"]})) == ["c"]
    narrowed = {"state": ["PENDING", "PENDING", "REVOKED"]}
    assert emails_of(await page(api, member, filter=narrowed, first=3)) == ["e", "d", "b"]
    assert emails_of(await page(api, member, filter={"state": []})) == []


@pytest.mark.parametrize("arguments", [{"first": 0}, {"first": 101}, {"first": 1, "last": 1}, {"after": "nonsense"}])
async def test_bad_pages_are_refused(api: API, member: Member, arguments: dict[str, object]) -> None:
    """As in every connection."""
    variables = {"id": member.organization_id, **arguments}
    assert await api.error_code(LIST, variables, token=member.token) == "BAD_REQUEST"


async def test_invitations_are_seen_by_those_who_manage(
    api: API, database: Database, member: Member, operator_token: str
) -> None:
    """Admins, owners and operators; to viewers, strangers and everyone else they are not there."""
    admin = await join(api, database, member, "admin@example.com", "ADMIN")
    viewer = await join(api, database, member, "viewer@example.com")
    stranger = await api.sign_up()
    invitation_id = await invite(api, member, EMAIL)
    for token in (member.token, admin.token, operator_token):
        found = (await api.data(NODE, {"id": invitation_id}, token=token))["node"]
        assert found == {"email": EMAIL, "state": "PENDING", "admin": None, "invitedBy": {"id": member.admin_id}}
        listed = await api.data(LIST, {"id": member.organization_id}, token=token)
        assert len(listed["organization"]["invitations"]["edges"]) == 3
    for hidden, code in ((viewer.token, "FORBIDDEN"), (stranger.token, "FORBIDDEN"), (None, "UNAUTHENTICATED")):
        assert (await api.data(NODE, {"id": invitation_id}, token=hidden))["node"] is None
        assert await api.error_code(LIST, {"id": member.organization_id}, token=hidden) == code
    assert (await api.data(NODE, {"id": ABSENT}, token=member.token))["node"] is None


async def test_viewers_do_not_hear_of_invitations(
    app: ASGIApp, api: API, database: Database, member: Member, services: Services
) -> None:
    """What they may not list they are not told of, either; owners are."""
    viewer = await join(api, database, member, "viewer@example.com")
    async with connected(app, viewer.token) as socket, connected(app, member.token) as other:
        await follow(socket, services, "1", EVENTS, member.organization_id)
        await follow(other, services, "1", EVENTS, member.organization_id)
        invitation_id = await invite(api, member, EMAIL)
        await api.data(UPDATE, {"id": member.organization_id}, token=member.token)
        heard = (await other.next("1"))["data"]["organizationEvents"]
        assert heard == {"action": "INVITATION_SENT", "target": {"id": invitation_id}}
        assert (await socket.next("1"))["data"]["organizationEvents"]["action"] == "ORGANIZATION_UPDATED"
