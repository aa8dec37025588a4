"""What the settings make of the application."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from auth import keys
from auth.algorithms import Algorithm
from server import Environment, StartupError, load_settings
from tests.api import API

ROOT = Path(__file__).parent.parent
KEYS = keys.generate(Algorithm.EDDSA)
PRODUCTION = {
    "environment": Environment.PRODUCTION,
    "jwt_keys": KEYS,
    "audit_keys": KEYS,
    "public_url": "https://app.example.com",
    "smtp_url": "smtp://127.0.0.1:9",
    "mail_from": "mail@example.com",
}


@pytest.mark.parametrize("changed_settings", [PRODUCTION])
async def test_not_explorable_in_production(api: API) -> None:
    """No introspection, no corrections, no playground."""
    body = await api.execute("{ __schema { queryType { name } } }")
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_REQUEST"}
    assert "data" not in body
    body = await api.execute("{ viewr { permissions } }")
    assert "Did you mean" not in body["errors"][0]["message"]
    assert (await api.http.get("/graphiql")).status_code == 404


@pytest.mark.parametrize("changed_settings", [PRODUCTION])
async def test_operators_read_the_schema_in_production(api: API, operator_token: str) -> None:
    """Members do not, and a session that is over does not help, either."""
    query, member = "{ __schema { queryType { name } } }", await api.sign_up()
    assert (await api.data(query, token=operator_token))["__schema"] == {"queryType": {"name": "Query"}}
    assert await api.error_code(query, token=member.token) == "BAD_REQUEST"
    await api.data("mutation { logout { errors { code } } }", token=operator_token)
    assert await api.error_code(query, token=operator_token) == "BAD_REQUEST"


@pytest.mark.parametrize("changed_settings", [PRODUCTION | {"explorable": True}, {"explorable": True}, {}])
async def test_explorable_by_a_setting(api: API) -> None:
    """In production as in development."""
    assert (await api.data("{ __schema { queryType { name } } }"))["__schema"] == {"queryType": {"name": "Query"}}
    body = await api.execute("{ viewr { permissions } }")
    assert "Did you mean" in body["errors"][0]["message"]
    assert (await api.http.get("/graphiql")).status_code == 200


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


@pytest.mark.parametrize(
    ("changed_settings", "expected"),
    [
        ({"cors_origins": ["https://app.example.com"]}, ("https://app.example.com", "true")),
        ({"cors_origins": ["*"]}, ("*", None)),
    ],
)
async def test_cookies_cross_origins_that_are_named_only(api: API, expected: tuple[str, str | None]) -> None:
    """Where any page may ask, none has the browser send cookies along."""
    headers = {"origin": "https://app.example.com", "cookie": "tenantry-refresh=none"}
    response = await api.http.post("/graphql", json={"query": "{ viewer { permissions } }"}, headers=headers)
    allowed = [response.headers.get(f"access-control-allow-{name}") for name in ("origin", "credentials")]
    assert tuple(allowed) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("0", timedelta(0)), ("86400", timedelta(days=1)), ("PT1H", timedelta(hours=1)), ("P365D", timedelta(days=365))],
)
def test_retention_is_seconds_or_a_duration(monkeypatch: pytest.MonkeyPatch, given: str, expected: timedelta) -> None:
    """Both forms that the README names are understood, up to a year."""
    monkeypatch.setenv("TENANTRY_DELETE_RETENTION", given)
    assert load_settings().delete_retention == expected


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("DELETE_RETENTION", "-PT1S"),
        ("DELETE_RETENTION", "31536001"),
        ("DELETE_RETENTION", "x"),
        ("ACCESS_TOKEN_TTL", "0"),
    ],
)
def test_duration_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, key: str, given: str) -> None:
    """The error names the key."""
    monkeypatch.setenv(f"TENANTRY_{key}", given)
    with pytest.raises(StartupError, match=f"TENANTRY_{key}"):
        load_settings()


def test_start_does_without_rich() -> None:
    """What Typer has its help drawn by is not imported by a server: a twentieth of the time of its start."""
    made = "import sys, server; server.create_app(server.load_settings())"
    assert _run("-c", f"{made}; print(*{{'rich', 'attr'}} & {{*sys.modules}})").split() == []
    assert "╭" in _run("server.py", "--help")


def _run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout
