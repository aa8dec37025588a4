"""Refresh tokens: a chain that only the server can continue."""

import pytest

from auth import refresh_tokens
from auth.identifiers import SessionId

SESSION = SessionId("a" * 24)


def test_successors_are_derived_and_differ() -> None:
    """One token has one successor; every link of the chain is another one, and genuine."""
    key = refresh_tokens.create_key()
    chain = [refresh_tokens.create(SESSION, key)]
    for _ in range(20):
        chain.append(refresh_tokens.successor(chain[-1], key))
    assert len(set(chain)) == 21
    assert refresh_tokens.successor(chain[3], key) == chain[4]
    assert all(refresh_tokens.is_genuine(token, key) for token in chain)
    assert all(refresh_tokens.session_of(token) == SESSION for token in chain)


def test_another_key_tells_its_own_tokens_only() -> None:
    """A token of one session is invented for another."""
    key, other = refresh_tokens.create_key(), refresh_tokens.create_key()
    token = refresh_tokens.create(SESSION, key)
    assert not refresh_tokens.is_genuine(token, other)
    assert refresh_tokens.successor(token, key) != refresh_tokens.successor(token, other)


@pytest.mark.parametrize("text", ["", "tr_", "tr_x_y", "TR_" + "a" * 121, "tr_" + "a" * 24 + "_" + "g" * 96, "ö" * 200])
def test_other_texts_name_no_session(text: str) -> None:
    """What has not the form of a token leads nowhere, without a look into the database."""
    assert refresh_tokens.session_of(text) is None
