"""Email addresses: which ones are acceptable, and when two are one."""

import pytest

from resolvers import emails
from storage.admins import email_key


@pytest.mark.parametrize(
    "email", ["me@example.com", "me+tag@x.org", "o'brien@example.co.uk", "ünï@example.com", "me@bücher.example.org"]
)
def test_addresses_are_accepted(email: str) -> None:
    """Tags, quotes and international addresses are addresses."""
    assert emails.normalize(email) is not None


@pytest.mark.parametrize(
    "email",
    ["", "me", "me@", "@x.org", "a@b@c.org", "me@x", "me@x..org", "me x@x.org", "x" * 300 + "@x.org", "me@[127.0.0.1]"],
)
def test_other_texts_are_not(email: str) -> None:
    """What no mail could be sent to is refused."""
    assert emails.normalize(email) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Me@Example.COM", "me@example.com", True),
        ("ME@BÜCHER.example.org", "me@bücher.example.org", True),
        ("me+tag@x.org", "me@x.org", False),
        ("m.e@gmail.com", "me@gmail.com", False),
    ],
)
def test_case_makes_no_difference(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a case
    """Two spellings of an address are one account; nothing is guessed about providers."""
    keys = {email_key(emails.normalize(email) or "") for email in (one, other)}
    assert (len(keys) == 1) is same
