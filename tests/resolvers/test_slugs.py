"""Slugs: one for every spelling of a name."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.errors import UserError
from resolvers import slugs


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme Rockets", "acme-rockets"),
        ("  Acme   Rockets  ", "acme-rockets"),
        ("ACME_rockets", "acme-rockets"),
        ("Acme/Rockets & Söhne GmbH", "acme-rockets-sohne-gmbh"),
        ("Ａｃｍｅ", "acme"),
        ("Ⅷ Legion", "viii-legion"),
        ("北京 Labs", "bei-jing-labs"),
        ("Ünïcödé", "unicode"),
        ("AT&amp;T", "at-amp-t"),
        ("&#65;cme", "65-cme"),
        ("42", "42"),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
        ("x" * 60, "x" * 40),
        ("🚀", ""),
    ],
)
def test_slugs_of_names(name: str, slug: str) -> None:
    """Compatible forms, transliterated, lower case, hyphens between, cut at the last hyphen within 40 characters."""
    assert slugs.from_name(name) == slug


@given(st.text(max_size=200))
def test_slug_of_any_text_is_acceptable_or_told(name: str) -> None:
    """Whatever the name, the result is a slug of the right form, or an error with its path."""
    try:
        slug = slugs.slug_for(name, None)
    except UserError as error:
        assert error.path in {("slug",), ("name",)}
    else:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
        assert 2 <= len(slug) <= 40


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs", "P"]), max_size=60))
def test_unicode_form_makes_no_difference(name: str) -> None:
    """A name in any Unicode normal form has the same slug."""
    forms = {slugs.from_name(unicodedata.normalize(form, name)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) == 1
