"""The permission matrix: who may use which field of the schema, said independently of the code that decides it.

Every field stands here exactly once: as an operation, as a guarded field, or among those that are seen by whoever has
the object that they are on.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Caller(StrEnum):
    """Who asks. `OWNER`, `ADMIN` and `VIEWER` are members of the organization in question, `STRANGER` owns another."""

    ANONYMOUS = "anonymous"
    EXPIRED = "with an expired token"
    REVOKED = "with a revoked session"
    STRANGER = "member of another organization"
    VIEWER = "viewer"
    ADMIN = "admin"
    OWNER = "owner"
    OPERATOR = "operator"


EVERYONE = frozenset(Caller)
OPERATORS = frozenset({Caller.OPERATOR})
OWNERS = frozenset({Caller.OWNER})
MANAGERS = OWNERS | {Caller.ADMIN}
MEMBERS = MANAGERS | {Caller.VIEWER}
ADMINS = MEMBERS | {Caller.STRANGER}
SIGNED_IN = ADMINS | OPERATORS
UNAUTHENTICATED = frozenset({Caller.ANONYMOUS, Caller.EXPIRED, Caller.REVOKED})


@dataclass(frozen=True, slots=True)
class Operation:
    """A field of `Query` or `Mutation`, and a use of it that is harmless where it is allowed.

    Names in parentheses after a percent sign stand for the ids of the organization in question and what it has. Where
    the use ends what later ones need, `ends` says so.
    """

    callers: AbstractSet[Caller]
    text: str
    ends: bool = False

    @property
    def field(self) -> str:
        """The name of the field."""
        return self.text.partition("(")[0].partition("{")[0].strip()


_ERRORS = "{ errors { code } }"

QUERIES = (
    Operation(EVERYONE - {Caller.EXPIRED, Caller.REVOKED}, "viewer { permissions }"),
    Operation(EVERYONE, 'organization(id: "%(organization)s") { name }'),
    Operation(EVERYONE, 'node(id: "%(organization)s") { id }'),
    Operation(OPERATORS, "organizations { edges { node { name } } }"),
    Operation(MANAGERS | OPERATORS, 'verifyAuditTrail(organizationId: "%(organization)s") { intact }'),
    Operation(EVERYONE, 'invitation(token: "none") { email }'),
)

MUTATIONS = (
    Operation(EVERYONE, 'createOrg(input: {name: "", email: "", password: ""}) ' + _ERRORS),
    Operation(EVERYONE, 'login(input: {email: "nobody", password: "wrong"}) ' + _ERRORS),
    Operation(EVERYONE, 'refreshSession(input: {refreshToken: "none"}) ' + _ERRORS),
    Operation(SIGNED_IN, 'revokeSession(input: {sessionId: "%(session)s"}) ' + _ERRORS, ends=True),
    Operation(SIGNED_IN, "revokeAllSessions(input: {keepCurrent: true}) " + _ERRORS),
    Operation(SIGNED_IN, "logout " + _ERRORS, ends=True),
    Operation(EVERYONE, 'renewConnection(accessToken: "none") ' + _ERRORS),
    Operation(MANAGERS, 'updateOrg(input: {organizationId: "%(organization)s", description: "Better"}) ' + _ERRORS),
    Operation(OWNERS, 'renameOrg(input: {organizationId: "%(organization)s", name: "Else", dryRun: true}) ' + _ERRORS),
    Operation(
        OWNERS,
        'moveTenantStore(input: {organizationId: "%(organization)s", strategy: DATABASE, dryRun: true}) ' + _ERRORS,
    ),
    Operation(OWNERS, 'deleteOrg(input: {organizationId: "%(organization)s", confirmSlug: "other"}) ' + _ERRORS),
    Operation(OWNERS, 'restoreOrg(input: {organizationId: "%(organization)s"}) ' + _ERRORS),
    Operation(ADMINS, 'updateAdmin(input: {name: "Somebody Else"}) ' + _ERRORS),
    Operation(OPERATORS, 'suspendOrg(input: {organizationId: "%(organization)s", reason: ""}) ' + _ERRORS),
    Operation(OPERATORS, 'reactivateOrg(input: {organizationId: "%(organization)s", reason: "Paid."}) ' + _ERRORS),
    Operation(OPERATORS, 'setAdminStatus(input: {adminId: "%(viewer)s", status: ACTIVE, reason: "Fine."}) ' + _ERRORS),
    Operation(MANAGERS, 'setAdminRole(input: {adminId: "%(viewer)s", role: VIEWER}) ' + _ERRORS),
    Operation(OWNERS, 'removeAdmin(input: {adminId: "%(owner)s"}) ' + _ERRORS),
    Operation(
        MANAGERS, 'inviteAdmin(input: {organizationId: "%(organization)s", email: "none", role: VIEWER}) ' + _ERRORS
    ),
    Operation(MANAGERS, 'revokeInvitation(input: {invitationId: "%(invitation)s"}) ' + _ERRORS),
    Operation(EVERYONE, 'acceptInvitation(input: {token: "none", password: ""}) ' + _ERRORS),
    Operation(EVERYONE, 'declineInvitation(input: {token: "none"}) ' + _ERRORS),
    Operation(EVERYONE, 'requestPasswordReset(input: {email: "nobody"}) ' + _ERRORS),
    Operation(EVERYONE, 'resetPassword(input: {token: "none", password: ""}) ' + _ERRORS),
    Operation(ADMINS, "requestEmailVerification " + _ERRORS),
    Operation(EVERYONE, 'verifyEmail(input: {token: "none"}) ' + _ERRORS),
    Operation(
        MANAGERS, 'createDocument(input: {organizationId: "%(organization)s", type: "note", data: {n: 1}}) ' + _ERRORS
    ),
    Operation(
        MANAGERS,
        'createDocuments(input: {organizationId: "%(organization)s", documents: [{type: "note", data: {n: 1}}]}) '
        + _ERRORS,
    ),
    Operation(MANAGERS, 'updateDocument(input: {id: "%(document)s", data: {n: 2}}) ' + _ERRORS),
    Operation(MANAGERS, 'updateDocuments(input: {documents: [{id: "%(document)s", data: {n: 2}}]}) ' + _ERRORS),
    Operation(MANAGERS, 'deleteDocument(input: {id: "%(document)s", expectedVersion: 99}) ' + _ERRORS),
    Operation(MANAGERS, 'deleteDocuments(input: {documents: [{id: "%(document)s", expectedVersion: 99}]}) ' + _ERRORS),
    Operation(
        MANAGERS, 'declareIndex(input: {organizationId: "%(organization)s", type: "note", fields: ["$"]}) ' + _ERRORS
    ),
    Operation(
        MANAGERS,
        'setDocumentSchema(input: {organizationId: "%(organization)s", type: "note", schema: null}) ' + _ERRORS,
    ),
    # The last one, since who has left can do nothing more.
    Operation(MEMBERS, 'leaveOrg(input: {organizationId: "%(organization)s"}) ' + _ERRORS),
)

SUBSCRIPTIONS: Mapping[str, tuple[AbstractSet[Caller], str]] = {
    "organizationEvents": (MEMBERS | OPERATORS, "{ seq }"),
    "documentChanges": (MEMBERS, "{ kind }"),
    "migrationProgress": (MEMBERS | OPERATORS, "{ state }"),
}

NODES: Mapping[str, AbstractSet[Caller]] = {
    "Organization": EVERYONE,
    "Admin": MEMBERS | OPERATORS,
    "Operator": OPERATORS,
    "Session": OWNERS,
    "Migration": MEMBERS | OPERATORS,
    "Invitation": MANAGERS | OPERATORS,
    "Document": MEMBERS,
    "AuditEvent": MANAGERS | OPERATORS,
}
"""Who is shown a node of each type: an admin, a document … of the organization, the owner's session, the operator."""

GUARDED: Mapping[str, tuple[AbstractSet[Caller], str]] = {
    "Organization.deletedAt": (MEMBERS | OPERATORS, ""),
    "Organization.deletedBy": (MEMBERS | OPERATORS, "{ id }"),
    "Organization.purgeAt": (MEMBERS | OPERATORS, ""),
    "Organization.suspension": (MEMBERS | OPERATORS, "{ reason }"),
    "Organization.erasureCertificate": (MEMBERS | OPERATORS, "{ jws }"),
    "Organization.tenantStore": (MEMBERS | OPERATORS, "{ collection }"),
    "Organization.rateLimit": (MEMBERS | OPERATORS, "{ remaining }"),
    "Organization.migration": (MEMBERS | OPERATORS, "{ id }"),
    "Organization.admins": (MEMBERS | OPERATORS, "{ edges { node { email } } }"),
    "Organization.invitations": (MANAGERS | OPERATORS, "{ edges { node { email } } }"),
    "Organization.migrations": (MEMBERS | OPERATORS, "{ edges { node { id } } }"),
    "Organization.auditEvents": (MANAGERS | OPERATORS, "{ edges { node { seq } } }"),
    "Organization.documents": (MEMBERS, "{ edges { node { id } } }"),
    "Organization.documentTypes": (MEMBERS, "{ name }"),
}
"""Who sees a guarded field of the organization, and what to select of it."""

SEEN: Mapping[str, str] = {
    "AcceptInvitationPayload": "errors organization admin session",
    "Admin": "id displayName email name role status emailVerified createdAt lastLoginAt removedAt organization",
    "AdminConnection": "edges pageInfo",
    "AdminEdge": "cursor node",
    "AuditChange": "field before after personal",
    "AuditEvent": "id seq action target createdAt sessionId address requestId changes details erased previousHash hash "
    "actor",
    "AuditEventConnection": "edges pageInfo",
    "AuditEventEdge": "cursor node",
    "AuditTarget": "kind id",
    "AuditTrailBreak": "seq reason message",
    "AuditTrailVerification": "intact checkedEvents firstBreak nextSeq",
    "CreateDocumentPayload": "errors document",
    "CreateDocumentsPayload": "errors documents",
    "CreateOrgPayload": "errors organization admin session",
    "DeclineInvitationPayload": "errors declined",
    "DeclareIndexPayload": "errors documentType",
    "DeleteDocumentPayload": "errors deletedId",
    "DeleteDocumentsPayload": "errors deletedIds",
    "DeleteOrgPayload": "errors organization erasureCertificate",
    "Document": "id type data version createdAt updatedAt",
    "DocumentConnection": "edges pageInfo",
    "DocumentEdge": "cursor node",
    "DocumentEvent": "cursor kind documentId type version createdAt document",
    "DocumentIndex": "fields state",
    "DocumentType": "name indexes schema schemaVersion",
    "ErasedData": "documents documentTypes imports sessions slugs emails",
    "ErasureCertificate": "issuedAt purgedAt destroyed jws",
    "Invitation": "id email role state createdAt renewedAt expiresAt endedAt invitedBy admin organization",
    "InvitationConnection": "edges pageInfo",
    "InvitationEdge": "cursor node",
    "InvitationOffer": "organization email role expiresAt",
    "InviteAdminPayload": "errors invitation",
    "LeaveOrgPayload": "errors organization",
    "LoginPayload": "errors session admin operator",
    "LogoutPayload": "errors loggedOut",
    "Migration": "id kind way state from to documentsDone documentsTotal bytesDone bytesTotal documentsPerSecond "
    "secondsLeft startedAt finishedAt error",
    "MigrationConnection": "edges pageInfo",
    "MigrationEdge": "cursor node",
    "MigrationPlace": "name slug strategy database collection",
    "MovePlan": "way from to documents bytes indexes estimatedFenceMilliseconds",
    "MoveTenantStorePayload": "errors organization migration plan",
    "Operator": "id displayName email createdAt lastLoginAt",
    "Organization": "id name slug description status createdAt updatedAt",
    "OrganizationConnection": "edges pageInfo",
    "OrganizationEdge": "cursor node",
    "OrganizationEvent": "cursor seq action target createdAt actor organization",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "RateLimit": "limit remaining restoreRate resetsAt",
    "ReactivateOrgPayload": "errors organization",
    "RefreshSessionPayload": "errors session",
    "RemoveAdminPayload": "errors admin",
    "RenameOrgPayload": "errors organization migration plan",
    "RenewConnectionPayload": "errors expiresAt",
    "RequestEmailVerificationPayload": "errors requested",
    "RequestPasswordResetPayload": "errors requested",
    "ResetPasswordPayload": "errors admin",
    "RestoreOrgPayload": "errors organization",
    "RevokeAllSessionsPayload": "errors revokedCount",
    "RevokeInvitationPayload": "errors invitation",
    "RevokeSessionPayload": "errors revokedSessionId",
    "Session": "id createdAt lastUsedAt expiresAt client address current",
    "SessionConnection": "edges pageInfo",
    "SessionEdge": "cursor node",
    "SessionTokens": "accessToken tokenType expiresAt refreshToken",
    "SetAdminRolePayload": "errors admin",
    "SetAdminStatusPayload": "errors admin",
    "SetDocumentSchemaPayload": "errors documentType",
    "SuspendOrgPayload": "errors organization",
    "Suspension": "suspendedAt reason",
    "System": "id displayName",
    "TenantStore": "strategy database collection documentCount",
    "UpdateAdminPayload": "errors admin",
    "UpdateDocumentPayload": "errors document",
    "UpdateDocumentsPayload": "errors documents",
    "UpdateOrgPayload": "errors organization",
    "UserError": "code message path retryable",
    "VerifyEmailPayload": "errors admin",
    "Viewer": "admin operator permissions session sessions",
}
"""The fields that are seen by whoever has come by the object: what is guarded is the way to it."""
