"""What the settings make of the application."""

import pytest

from auth import keys
from auth.algorithms import Algorithm
from server import Environment
from tests.api import API

PRODUCTION = {"environment": Environment.PRODUCTION, "jwt_keys": keys.generate(Algorithm.EDDSA)}


@pytest.mark.parametrize("changed_settings", [PRODUCTION])
async def test_not_explorable_in_production(api: API) -> None:
    """No introspection, no corrections, no playground."""
    body = await api.execute("{ __schema { queryType { name } } }")
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_REQUEST"}
    assert "data" not in body
    body = await api.execute("{ viewr { permissions } }")
    assert "Did you mean" not in body["errors"][0]["message"]
    assert (await api.http.get("/graphiql")).status_code == 404


@pytest.mark.parametrize("changed_settings", [{"cors_origins": ["https://app.example.com"]}])
async def test_cross_origin_requests_are_for_the_origins_of_the_settings(api: API) -> None:
    """A named origin may ask, others may not."""
    preflight = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }
    named = await api.http.options("/graphql", headers={"origin": "https://app.example.com", **preflight})
    assert named.headers["access-control-allow-origin"] == "https://app.example.com"
    other = await api.http.options("/graphql", headers={"origin": "https://evil.example.com", **preflight})
    assert "access-control-allow-origin" not in other.headers
