"""The threat model: every test that it refers to is there."""

import re
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[1]
_TEXT = (_CHECKOUT / "docs" / "threat-model.md").read_text()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:[\w-]+/)*test_\w+\.py)`", _TEXT))))
def test_it_refers_to_tests_that_are_there(name: str) -> None:
    """By their path in the checkout, or by their name."""
    assert [path for path in (_CHECKOUT / "tests").rglob("test_*.py") if path.as_posix().endswith(f"/{name}")]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:schema|resolvers|storage|auth)/\w+\.py)`", _TEXT))))
def test_it_refers_to_modules_that_are_there(name: str) -> None:
    """By their path in the checkout."""
    assert (_CHECKOUT / name).is_file()
