"""Who hears of the same event shares the work of answering, and nothing that it may not see."""

import contextlib
from functools import partial
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_interface_type
from starlette.types import ASGIApp

from auth.identifiers import DocumentId, OrganizationId
from auth.roles import Permission
from resolvers import subscriptions
from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import assembly, ids
from schema.executor import SharingExecutor
from storage import events
from storage.admins import email_key
from storage.database import Database, Document, Session, new_id
from storage.events import EventKind
from storage.tenant_access import DocumentChange, DocumentChangeKind
from tests.api import API, Member
from tests.schema.test_organization_events import begin, describe
from tests.websocket import connected

TRAIL = """
subscription ($id: ID!, $short: Boolean = false) {
  organizationEvents(organizationId: $id) {
    action
    organization { description @skip(if: $short) auditEvents(first: 1) { edges { node { seq } } } }
  }
}
"""
ACTIONS = "subscription ($id: ID!) { organizationEvents(organizationId: $id) { action } }"
CHANGE = DocumentChange(DocumentChangeKind.CREATED, DocumentId("d" * 24), "note", 1)
_FOLLOWABLE = {
    "Admin", "AdminConnection", "AdminEdge", "AuditChange", "AuditEvent", "AuditEventConnection", "AuditEventEdge",
    "AuditTarget", "Document", "DocumentConnection", "DocumentEdge", "DocumentEvent", "DocumentIndex", "DocumentType",
    "ErasedData", "ErasureCertificate", "Invitation", "InvitationConnection", "InvitationEdge", "Migration",
    "MigrationConnection", "MigrationEdge", "MigrationPlace",
    "Operator", "Organization", "OrganizationEvent", "PageInfo", "RateLimit", "Subscription",
    "Suspension", "System", "TenantStore",
}  # fmt: skip


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[SharingExecutor]:
    """The executions that are shared, as they begin."""
    begun: list[SharingExecutor] = []
    execute = SharingExecutor._execute  # noqa: SLF001 - what is shared

    async def noting(self: SharingExecutor, result: Any) -> Any:  # noqa: ANN401 - whatever it is
        begun.append(self)
        return await execute(self, result)

    monkeypatch.setattr(SharingExecutor, "_execute", noting)
    return begun


async def viewer_of(api: API, database: Database, member: Member) -> str:
    """Add a viewer to the member's organization; return its access token."""
    owner = await database["admins"].find_one({"email": member.email})
    assert owner is not None
    email = "viewer@example.com"
    changed = {"_id": new_id(), "email": email, "email_key": email_key(email), "role": "VIEWER"}
    await database["admins"].insert_one(owner | changed)
    token: str = (await api.login(email))["session"]["accessToken"]
    return token


async def test_answer_is_made_once_for_all_with_the_same_rights(
    app: ASGIApp, api: API, member: Member, services: Services, executions: list[SharingExecutor]
) -> None:
    """Two that ask for the same are answered together; one that asks for something else is answered apart."""
    async with (
        connected(app, member.token) as one,
        connected(app, member.token) as two,
        connected(app, member.token) as other,
        connected(app, member.token) as short,
    ):
        await begin(one, services, member, TRAIL)
        await begin(two, services, member, TRAIL)
        await begin(other, services, member, ACTIONS)
        await begin(short, services, member, TRAIL, short=True)
        await describe(api, member, "Rockets")
        first = await one.next("1")
        assert first["data"]["organizationEvents"]["organization"]["description"] == "Rockets"
        assert await two.next("1") == first
        assert (await other.next("1"))["data"] == {"organizationEvents": {"action": "ORGANIZATION_UPDATED"}}
        assert "description" not in (await short.next("1"))["data"]["organizationEvents"]["organization"]
        assert len(executions) == 3


async def test_answers_are_not_shared_across_rights(
    app: ASGIApp, api: API, database: Database, member: Member, services: Services
) -> None:
    """A viewer who follows beside the owner, word for word alike, is refused what only the owner may see."""
    token = await viewer_of(api, database, member)
    async with connected(app, member.token) as owner, connected(app, token) as viewer:
        await begin(owner, services, member, TRAIL)
        await begin(viewer, services, member, TRAIL)
        await describe(api, member, "Rockets")
        seen = (await owner.next("1"))["data"]["organizationEvents"]["organization"]
        refused = await viewer.next("1")
    assert seen["auditEvents"]["edges"] == [{"node": {"seq": 3}}]
    assert refused["data"]["organizationEvents"]["organization"] == {"description": "Rockets", "auditEvents": None}
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]


async def test_what_an_event_does_not_determine_is_not_shared(
    member: Member, services: Services, database: Database
) -> None:
    """Which move is told of depends on when one began to follow: two may be told of different ones by one event."""
    context = RequestContext(services, Credentials(member.token), Origin(None, "request"))
    organization_id = ids.decode_organization(member.organization_id)
    for kind, is_shared in ((EventKind.MIGRATION, False), (EventKind.DOCUMENTS, True)):
        following = subscriptions.follow(context, Permission.ORGANIZATION_READ, organization_id, kind)
        async with contextlib.aclosing(following) as moments:
            assert await anext(moments) is None
            content = {"migration_id": "m"} if kind is EventKind.MIGRATION else {"changes": [CHANGE.to_document()]}
            await database.transaction(partial(publish, database, organization_id, kind, content))
            assert await anext(moments) is not None
            assert (context.share is not None) is is_shared


async def publish(
    database: Database, organization_id: OrganizationId, kind: EventKind, content: Document, tx: Session
) -> None:
    """Tell of something."""
    await events.publish(database, tx, organization_id, kind, content)


def test_nothing_that_can_be_followed_depends_on_who_asks() -> None:
    """All types within reach of a subscription: a new one is added here only if the rights decide about its fields."""
    schema = assembly.build(explorable=True)._schema  # noqa: SLF001 - the schema of graphql-core
    assert schema.subscription_type is not None
    found: set[str] = set()
    waiting: list[object] = [schema.subscription_type]
    while waiting:
        kind = waiting.pop()
        if is_interface_type(kind) or isinstance(kind, GraphQLUnionType):
            waiting += schema.get_possible_types(kind) if kind.name != "Node" else []
        elif isinstance(kind, GraphQLObjectType) and kind.name not in found:
            found.add(kind.name)
            waiting += [get_named_type(field.type) for field in kind.fields.values()]
    assert found == _FOLLOWABLE
