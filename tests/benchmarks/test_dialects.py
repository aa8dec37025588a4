"""What is compared of the answers of different servers."""

from benchmarks.dialects import REST, GraphQL


def test_graphql_and_rest_say_the_same() -> None:
    """Spelling, envelopes, cursors and the values of ids are nobody's business; names and other fields are."""
    node = {"id": "x", "name": "Acme", "createdAt": "2026", "admins": {"edges": [{"node": {"email": "a"}}]}}
    page = {"edges": [{"cursor": "c", "node": node}], "pageInfo": {"hasNextPage": False}}
    plain = {"id": "y", "name": "Acme", "created_at": "2027", "admins": [{"email": "a"}]}
    assert GraphQL().facts({"data": {"organizations": page}}) == REST().facts([plain])
    assert REST().facts([plain | {"name": "Other"}]) != REST().facts([plain])
    assert REST().facts([{**plain, "more": 1}]) != REST().facts([plain])


def test_a_viewer_is_its_admin() -> None:
    """What is wrapped around the one thing asked for does not count."""
    admin = {"email": "a@example.com", "role": "OWNER"}
    assert GraphQL().facts({"data": {"viewer": {"admin": admin}}}) == REST().facts(admin)
