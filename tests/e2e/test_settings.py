"""Settings that are wrong stop the start with one line that names the key and shows no secret."""

from pathlib import Path

import pytest

from tests.e2e import process

_SECRET = "canary-3f9c1e"
_WRONG = {
    "port": {"port": "abc"},
    "workers": {"workers": "0"},
    "tenant-store": {"tenant_store": "x"},
    "uri": {"mongodb_uri": f"{_SECRET}://nowhere"},
    "keys": {"jwt_keys": _SECRET},
    "audit-keys": {"audit_keys": _SECRET},
    "smtp-url": {"smtp_url": f"smtp://ada:{_SECRET}/@mail.example.com"},
    "data-dir": {"data_dir": "/dev/null/data"},
}


@pytest.mark.parametrize("wrong", _WRONG.values(), ids=_WRONG.keys())
async def test_wrong_setting_stops_the_start(tmp_path: Path, wrong: dict[str, str]) -> None:
    """The one line names the key; the value of a secret is in it neither whole nor in part."""
    outcome = await process.run(tmp_path, **wrong)
    (name,) = wrong
    assert (outcome.code, outcome.stdout) == (1, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("tenantry: ")
    assert f"TENANTRY_{name.upper()}" in line
    assert _SECRET not in line


@pytest.mark.parametrize("missing", ["jwt_keys", "audit_keys", "mongodb_uri", "smtp_url", "public_url", "mail_from"])
async def test_production_wants_what_has_to_be_kept_safe(tmp_path: Path, missing: str) -> None:
    """In production keys, database and mails have no default: the one line names the key that is missing."""
    given = {**process.production_keys(), "mongodb_uri": "mongodb://127.0.0.1:1/"}
    outcome = await process.run(
        tmp_path, environment="production", **{name: value for name, value in given.items() if name != missing}
    )
    assert (outcome.code, outcome.stdout) == (1, "")
    (line,) = outcome.stderr.splitlines()
    assert f"TENANTRY_{missing.upper()}" in line
    assert not (tmp_path / "data").exists()
