"""The schema as a whole: described, committed, and guarded where it has to be."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
)

from schema import assembly

SDL = Path(__file__).parent.parent.parent / "schema.graphql"
SCHEMA = build_schema(SDL.read_text())


def undescribed() -> list[str]:
    """Return the coordinates of everything in the committed schema that has no description."""
    found = []
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        if not kind.description:
            found.append(name)
        if isinstance(kind, GraphQLEnumType):
            found += [f"{name}.{value}" for value, one in kind.values.items() if not one.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            found += [f"{name}.{field}" for field, one in kind.fields.items() if not one.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            arguments = [(f, a, one) for f, field in kind.fields.items() for a, one in field.args.items()]
            found += [f"{name}.{field}({argument}:)" for field, argument, one in arguments if not one.description]
    return found


def test_everything_is_described() -> None:
    """Every type, field, argument and enum value says what it is."""
    assert undescribed() == []


def test_committed_schema_is_that_of_the_code() -> None:
    """`make schema` has been run."""
    assert assembly.build(explorable=True).as_str().strip() == SDL.read_text().strip()


MUTATIONS = [
    "createOrg",
    "login",
    "refreshSession",
    "logout",
    "revokeSession",
    "revokeAllSessions",
    "renewConnection",
    "updateOrg",
    "renameOrg",
    "moveTenantStore",
    "createDocument",
    "createDocuments",
    "updateDocument",
    "updateDocuments",
    "deleteDocument",
    "deleteDocuments",
    "declareIndex",
    "setDocumentSchema",
    "deleteOrg",
    "restoreOrg",
    "updateAdmin",
    "suspendOrg",
    "reactivateOrg",
    "setAdminStatus",
    "setAdminRole",
    "removeAdmin",
    "leaveOrg",
    "inviteAdmin",
    "revokeInvitation",
    "acceptInvitation",
    "declineInvitation",
    "requestPasswordReset",
    "resetPassword",
    "requestEmailVerification",
    "verifyEmail",
]


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations_follow_one_form(name: str) -> None:
    """One `input` named after the mutation, and a nullable payload named after it with a list of errors."""
    assert SCHEMA.mutation_type is not None
    field = SCHEMA.mutation_type.fields[name]
    pascal = name[0].upper() + name[1:]
    assert str(field.type) == f"{pascal}Payload"
    assert [(argument, str(one.type)) for argument, one in field.args.items()] in (
        [("input", f"{pascal}Input!")],
        [] if name in {"logout", "requestEmailVerification"} else None,
        [("accessToken", "String!")] if name == "renewConnection" else None,
    )
    payload = SCHEMA.type_map[f"{pascal}Payload"]
    assert isinstance(payload, GraphQLObjectType)
    assert str(payload.fields["errors"].type) == "[UserError!]!"
    others = [str(one.type) for field_name, one in payload.fields.items() if field_name != "errors"]
    assert not [kind for kind in others if kind.endswith("!")]


def test_no_mutation_is_forgotten_here() -> None:
    """The list above is that of the schema."""
    assert SCHEMA.mutation_type is not None
    assert sorted(SCHEMA.mutation_type.fields) == sorted(MUTATIONS)
