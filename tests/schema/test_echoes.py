"""What is said about documents and variables: enough to mend them, and none of their values."""

from typing import Any

import pytest

from tests.api import API

_SECRET = "canary-echo"
_LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { __typename } }"
_ROLE = "mutation ($input: SetAdminRoleInput!) { setAdminRole(input: $input) { __typename } }"
_SINCE = "query ($filter: OrganizationFilter) { organizations(filter: $filter) { edges { cursor } } }"


@pytest.mark.parametrize(
    ("query", "given", "said"),
    [
        (_LOGIN, _SECRET, "Expected value of type 'LoginInput' to be an object."),
        (
            _LOGIN,
            {"email": "a", "password": {"a": _SECRET}},
            "at .password: String cannot represent a non string value.",
        ),
        (_LOGIN, {"password": _SECRET}, "to include required field 'email'."),
        (_LOGIN, {"email": "a", "password": _SECRET, "pasword": _SECRET}, "not to include unknown field 'pasword'."),
        (
            _ROLE,
            {"adminId": "a", "role": f"{_SECRET}' does not exist in '"},
            "The value does not exist in 'Role' enum.",
        ),
        (_ROLE, {"adminId": "a", "role": [_SECRET]}, "Enum 'Role' cannot represent non-string value."),
        (_SINCE, {"createdFrom": f"{_SECRET}\n{_SECRET}"}, "Value cannot represent a DateTime."),
    ],
)
async def test_values_of_variables_are_not_repeated(unchanged_api: API, query: str, given: Any, said: str) -> None:  # noqa: ANN401 - as in JSON
    """What is wrong, and where, is said without what was there."""
    name = "filter" if query == _SINCE else "input"
    body = await unchanged_api.execute(query, {name: given})
    assert said in body["errors"][0]["message"]
    assert _SECRET not in str(body)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f'mutation {{ login(input: "{_SECRET}") {{ __typename }} }}', "to be an object."),
        (
            f'mutation {{ login(input: {{ email: "{_SECRET}" }}) {{ __typename }} }}',
            "to include required field 'password'.",
        ),
        ('mutation { login(input: { email: "a", password: canary_echo }) { __typename } }', "a non string value."),
        (
            f'mutation {{ setAdminRole(input: {{ adminId: "a", role: "{_SECRET}" }}) {{ __typename }} }}',
            "non-enum value.",
        ),
        (f'{{ organizations(first: "{_SECRET}") {{ __typename }} }}', "Int cannot represent non-integer value."),
        (f'query "{_SECRET}"', "Expected '{', found String."),
        (f'{{ a(b: 1 """{_SECRET}\n{_SECRET}""") }}', "Expected Name, found BlockString."),
        (f'{{ a(b: "{_SECRET}', "Unterminated string."),
    ],
)
async def test_values_in_documents_are_not_repeated(unchanged_api: API, query: str, said: str) -> None:
    """Where a value stands is told by `locations`; names are said, as they are what a document is about."""
    body = await unchanged_api.execute(query)
    assert said in body["errors"][0]["message"]
    assert body["errors"][0]["locations"] != []
    assert _SECRET not in str(body)
    assert "canary_echo" not in str(body)
