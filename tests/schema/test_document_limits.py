"""Documents of which there is too much: refused before anything runs."""

from typing import Any

import pytest

from tests.api import API
from tests.hostile_documents import INVALID, TOO_COMPLEX


async def code(api: API, document: str, variables: dict[str, Any] | None = None) -> str:
    """Send a document that has to be refused as a whole; return the code."""
    body = await api.execute(document, variables)
    assert "data" not in body
    codes = {error["extensions"]["code"] for error in body["errors"]}
    assert len(codes) == 1
    found: str = codes.pop()
    return found


@pytest.mark.parametrize("name", list(TOO_COMPLEX))
async def test_too_much_is_refused(unchanged_api: API, name: str) -> None:
    """With what was measured and how much is allowed."""
    body = await unchanged_api.execute(TOO_COMPLEX[name])
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert error["extensions"]["found"] > error["extensions"]["limit"]
    assert "data" not in body


@pytest.mark.parametrize("name", list(INVALID))
async def test_nonsense_is_refused(unchanged_api: API, name: str) -> None:
    """As the client's mistake, whatever it is."""
    assert await code(unchanged_api, INVALID[name]) == "BAD_REQUEST"
