"""What fields cost, in units: one unit is one object that is looked up and shown.

A page costs what it asks for, so that a hundred organizations with twenty admins each cost two thousand.
"""

from collections.abc import Mapping

from graphql import GraphQLField, GraphQLNamedType, get_named_type, is_composite_type

_LEAF, _OBJECT = 0, 1
_CONNECTION = "Connection"

FIELDS: Mapping[str, int] = {
    "Query.verifyAuditTrail": 500,
    "Mutation.createOrg": 50,
    "Mutation.login": 20,
    "Mutation.refreshSession": 5,
    "Mutation.updateAdmin": 20,
    "Mutation.renameOrg": 50,
    "Mutation.moveTenantStore": 50,
    "Mutation.deleteOrg": 50,
    "Mutation.inviteAdmin": 5,
    "Mutation.acceptInvitation": 50,
    "Mutation.requestPasswordReset": 5,
    "Mutation.resetPassword": 50,
    "Mutation.requestEmailVerification": 5,
    "Mutation.createDocuments": 50,
    "Mutation.updateDocuments": 50,
    "Mutation.deleteDocuments": 50,
    "Mutation.declareIndex": 50,
    "Mutation.setDocumentSchema": 50,
    "Organization.rateLimit": 2,
    "TenantStore.documentCount": 2,
}
"""What single fields cost that do more than look one object up, or less."""

LISTS: Mapping[str, int] = {
    "AuditEvent.changes": 5,
    "DocumentType.indexes": 5,
    "Organization.documentTypes": 10,
}
"""How many objects a list without a page size is taken to have: one unless it stands here."""


def of(parent: GraphQLNamedType, name: str, field: GraphQLField) -> int:
    """Return what a field of a type costs without what is selected of it; what a page is made of costs nothing."""
    is_object = is_composite_type(get_named_type(field.type)) and not parent.name.endswith(_CONNECTION)
    return FIELDS.get(f"{parent.name}.{name}", _OBJECT if is_object else _LEAF)
